// SPDX-License-Identifier: Apache-2.0

import SystemPackage

/// The callbacks of one object in the order in which they were registered (R132).
struct NotifyList: Sendable {
    private(set) var callbacks: [NotifyCallback] = []

    var isEmpty: Bool { callbacks.isEmpty }

    /// - Throws: `EEXIST` if it is here already (R133).
    mutating func add(_ callback: NotifyCallback) throws(HookError) {
        if callbacks.contains(where: { $0 === callback }) {
            throw HookError(.fileExists, "the callback is registered already")
        }
        callbacks.append(callback)
    }

    /// - Throws: `ESRCH` if it isn't here.
    mutating func remove(_ callback: NotifyCallback) throws(HookError) {
        guard let index = callbacks.firstIndex(where: { $0 === callback }) else {
            throw HookError(.noSuchProcess, "the callback isn't registered")
        }
        callbacks.remove(at: index)
    }
}

extension [NotifyCallback] {
    /// Tells all of them, in order. The caller has the object's turn and no lock.
    func tell(_ notification: HookNotification) {
        for callback in self { callback.tell(notification) }
    }
}
