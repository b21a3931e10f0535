// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// A thread of its own, outside Swift concurrency, that can be waited for.
final class TestThread {
    private let handle: pthread_t

    init(_ body: @escaping @Sendable () -> Void) {
        var handle = pthread_t()
        let box = unsafe Unmanaged.passRetained(Body(body)).toOpaque()
        let status = unsafe pthread_create(
            &handle, nil,
            { argument in
                if let argument = unsafe argument {
                    unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                }
                return nil
            }, box)
        precondition(status == 0, "pthread_create: \(status)")
        self.handle = handle
    }

    func join() {
        pthread_join(handle, nil)
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }
}

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
