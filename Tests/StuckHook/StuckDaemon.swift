// SPDX-License-Identifier: Apache-2.0

import Glibc
import Hooks
import Neti
import NetiDaemon
import Packet

/// A daemon with a module more, `stuck`, whose hook doesn't return from a packet to UDP port 9: for the watchdog to find.
@main
struct StuckDaemon {
    static func main() async throws {
        let modules = Daemon.standardModules + [StuckModule.self]
        let path = CommandLine.arguments.last ?? ""
        try await Daemon(Daemon.load(path, modules: modules), path: path, modules: modules).run()
    }
}

private final class StuckModule: HookModule {
    static let moduleName = "stuck"

    init(_ settings: HookModuleSettings) {}

    func function(family: NetworkFamily, event: NetworkEvent) -> Hook<PacketEvent>.Function {
        { packet in
            while packet.udp?.destinationPort == 9 { sleep(1) }
            return .pass
        }
    }
}
