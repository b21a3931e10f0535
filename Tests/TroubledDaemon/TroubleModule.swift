// SPDX-License-Identifier: Apache-2.0

import Glibc
import Hooks
import Neti
import Packet
import SystemPackage

/// The module `trouble`: its hooks do what the destination port of a UDP packet asks for, and let everything else pass.
final class TroubleModule: HookModule {
    static let moduleName = "trouble"

    /// What the hooks can be asked for.
    private enum Port {
        /// Fail with `ENOMEM`.
        static let failure: UInt16 = 7101
        /// Take 30 milliseconds.
        static let slowness: UInt16 = 7102
        /// Never return.
        static let silence: UInt16 = 7103
    }

    init(_ settings: HookModuleSettings) {}

    func function(family: NetworkFamily, event: NetworkEvent) -> Hook<PacketEvent>.Function {
        { packet throws(Errno) in
            switch packet.udp?.destinationPort {
            case Port.failure: throw .noMemory
            case Port.slowness: usleep(30_000)
            case Port.silence: while true { pause() }
            default: break
            }
            return .pass
        }
    }
}
