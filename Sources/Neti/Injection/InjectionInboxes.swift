// SPDX-License-Identifier: Apache-2.0

import Synchronization
import SystemPackage

/// The inboxes of one list, each longer than the one before: where the list may become longer than the last one has places,
/// another takes over. Earlier ones stay, for a thread may be about to fill a place there.
@safe
struct InjectionInboxes: ~Copyable, @unchecked Sendable {
    /// Each is at least twice as long as the one before, and none longer than a list may be: 1, 2, 4 ... 1,048,576.
    static let most = 21

    private let inboxes: UnsafeMutablePointer<InjectionInbox>
    private let filled = Atomic(0)

    init() {
        unsafe inboxes = .allocate(capacity: Self.most)
    }

    deinit {
        unsafe inboxes.deinitialize(count: filled.load(ordering: .relaxed))
        unsafe inboxes.deallocate()
    }

    /// Makes places for so many packets, if there aren't. One thread at a time.
    ///
    /// - Throws: `ENOMEM`; nothing has changed then.
    func hold(packets: Int) throws(NetiError) {
        let count = count
        if count > 0, self[count - 1].count >= packets { return }
        guard count < Self.most, let inbox = InjectionInbox(packets: packets) else {
            throw NetiError(.noMemory, "no memory for \(packets) packets that wait to be injected")
        }
        unsafe (inboxes + count).initialize(to: inbox)
        filled.store(count + 1, ordering: .sequentiallyConsistent)
    }

    /// How many there are; later ones come later.
    @inline(__always)
    var count: Int { filled.load(ordering: .sequentiallyConsistent) }

    @inline(__always)
    subscript(index: Int) -> InjectionInbox {
        _read { yield unsafe inboxes[index] }
    }

    /// Adds a slot to the last one; any thread.
    @inline(__always)
    func add(_ slot: UInt32) {
        unsafe inboxes[filled.load(ordering: .acquiring) &- 1].add(slot)
    }
}
