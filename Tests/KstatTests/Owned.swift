// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Whether something has been released.
final class Released: Sendable {
    private let state = Atomic<Bool>(false)

    var isSet: Bool { state.load(ordering: .sequentiallyConsistent) }

    func set() {
        state.store(true, ordering: .sequentiallyConsistent)
    }
}

/// Something an update captures; tells when it is released.
final class Owned: Sendable {
    private let released: Released

    init(_ released: Released) {
        self.released = released
    }

    deinit {
        released.set()
    }

    /// Does nothing; a closure that calls it captures the object.
    func touch() {}
}
