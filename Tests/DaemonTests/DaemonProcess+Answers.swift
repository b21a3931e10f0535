// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import LiveHost
import NetiControl

/// What `neti-ctl --json` prints, read by somebody else's JSON parser.
extension DaemonProcess {
    func status() throws -> GetStatus.Status {
        try decode(GetStatus.Reply.self, control("status", "--json")).status
    }

    func instances() throws -> [ListInstances.Instance] {
        try decode(ListInstances.Reply.self, control("instance", "list", "--json")).instances
    }

    func hooks() throws -> [ListHooks.Hook] {
        try decode(ListHooks.Reply.self, control("hook", "list", "--json")).hooks
    }

    func kstats(_ operand: String) throws -> [ListKstats.Kstat] {
        try decode(ListKstats.Reply.self, control("kstat", operand, "--json")).kstats
    }

    /// The instance of that name.
    func instance(_ name: String) throws -> ListInstances.Instance? {
        try instances().first { $0.name == name }
    }

    /// Waits until an instance is in a state, ten seconds at most; whether it is.
    func sees(_ name: String, _ state: ListInstances.State) -> Bool {
        Deadline(.seconds(10)).sees { (try? instance(name))?.state == state }
    }

    /// Packets that hooks have dropped so far.
    func dropped() throws -> Int { try status().packets.dropped }

    private func decode<Reply: Decodable>(_ type: Reply.Type, _ text: String) throws -> Reply {
        try JSONDecoder().decode(type, from: Data(text.utf8))
    }
}
