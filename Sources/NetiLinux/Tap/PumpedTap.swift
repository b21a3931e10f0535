// SPDX-License-Identifier: Apache-2.0

import Hooks
import Neti

/// One tap as its pump sees it; ``ARPTap`` keeps everything alive that is referred to here.
@safe
struct PumpedTap {
    let socket: Int32
    let netid: NetID
    let event: NetworkEvent
    let chain: Unmanaged<HookEvent<PacketEvent>>

    /// What stands for a tap in the epoll set. Queues have their plain address there, which is even.
    static func token(of tap: UnsafePointer<PumpedTap>) -> UInt64 { UInt64(UInt(bitPattern: tap)) | 1 }

    /// The tap that a token stands for; nil for a queue's.
    static func tap(_ token: UInt64) -> UnsafePointer<PumpedTap>? {
        token & 1 == 0 ? nil : unsafe UnsafePointer(bitPattern: UInt(token & ~1))
    }
}
