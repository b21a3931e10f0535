// SPDX-License-Identifier: Apache-2.0

import Neti
import Synchronization

/// Where a thread waits for descriptors and for commands.
final class Mailbox<Command: Sendable>: Sendable {
    private struct Content {
        var commands: [Command] = []
        /// Set with the last command; what comes later is refused.
        var isClosed = false
    }

    let epoll: WakeableEpoll
    private let content = Mutex(Content())

    /// - Throws: as ``WakeableEpoll``.
    init() throws(NetiError) {
        epoll = try WakeableEpoll()
    }

    /// Hands over a command; whether it will be carried out.
    ///
    /// - Parameter isLast: whether none is taken after it.
    @discardableResult
    func send(_ command: Command, isLast: Bool = false) -> Bool {
        let isAccepted = content.withLock { content in
            guard !content.isClosed else { return false }
            content.commands.append(command)
            content.isClosed = isLast
            return true
        }
        epoll.doorbell.ring()
        return isAccepted
    }

    /// Takes what has come, oldest first. The thread, once it was rung.
    func take() -> [Command] {
        epoll.doorbell.silence()
        return content.withLock { content in
            defer { content.commands = [] }
            return content.commands
        }
    }
}
