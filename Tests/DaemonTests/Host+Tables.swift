// SPDX-License-Identifier: Apache-2.0

import LiveHost
import Neti

extension Host {
    /// The nftables tables of the host: `["ip neti"]`.
    func tables() throws(NetiError) -> [String] {
        try execute("nft", "list", "tables").split(separator: "\n").map { String($0.dropFirst("table ".count)) }
    }

    /// Everything that nftables has there, counters aside.
    func ruleset() throws(NetiError) -> String {
        try execute("nft", "--stateless", "list", "ruleset")
    }

    /// The process that says in the comment of a table `neti` that it made it.
    func tableMaker(_ family: NetworkFamily) throws(NetiError) -> String? {
        let table = try execute("nft", "list", "table", family == .inet ? "ip" : "ip6", "neti")
        guard let comment = table.split(separator: "\n").first(where: { $0.contains("comment \"neti ") }) else {
            return nil
        }
        return comment.split(separator: " ").dropFirst(2).first.map(String.init)
    }

    /// Packets that have come over the cable, whatever became of them (proc_pid_net(5), `dev`).
    func packetsReceived() throws(NetiError) -> Int {
        let line = try procFile("net/dev").split(separator: "\n").first { $0.contains("\(Self.interface):") }
        let fields = line?.split(separator: ":").last?.split(separator: " ") ?? []
        return fields.count > 1 ? Int(fields[1]) ?? 0 : 0
    }
}
