// SPDX-License-Identifier: Apache-2.0

import Hooks
import Neti
import Synchronization

/// What callbacks and modules have said, one line each.
final class HeardLines: Sendable {
    private let lines = Mutex<[String]>([])

    func add(_ line: String) {
        lines.withLock { $0.append(line) }
    }

    /// The lines since the last call.
    func take() -> [String] {
        lines.withLock { lines in
            defer { lines = [] }
            return lines
        }
    }

    /// A callback that says its name and what it is told.
    func callback(_ name: String) -> NotifyCallback {
        NotifyCallback { self.add("\(name) \($0)") }
    }

    /// A module that says its name and what it is called for.
    func module(_ name: String, hasShutdown: Bool = true) -> InstanceModule {
        let shutdown: @Sendable (NetID, NetID) -> Void = { netid, _ in self.add("\(name).shutdown(\(netid))") }
        return InstanceModule(
            name: name,
            create: { netid -> NetID in
                self.add("\(name).create(\(netid))")
                return netid
            },
            shutdown: hasShutdown ? shutdown : nil,
            destroy: { netid, value in self.add("\(name).destroy(\(netid))\(value == netid ? "" : " of another")") })
    }
}
