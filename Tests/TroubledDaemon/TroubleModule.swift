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
        /// Return as soon as somebody has the gate open for writing.
        static let patience: UInt16 = 7105
    }

    /// The FIFO that lets packets go.
    static let keys = [HookModuleKey("gate", .string, isRequired: false)]

    private let gate: String

    init(_ settings: HookModuleSettings) {
        gate = settings.values["gate"] ?? "/dev/null"
    }

    func function(family: NetworkFamily, event: NetworkEvent) -> Hook<PacketEvent>.Function {
        { [gate] packet throws(Errno) in
            switch packet.udp?.destinationPort {
            case Port.failure: throw .noMemory
            case Port.slowness: usleep(30_000)
            case Port.silence: while true { pause() }
            case Port.patience: close(unsafe open(gate, O_RDONLY | O_CLOEXEC))
            default: break
            }
            return .pass
        }
    }
}
