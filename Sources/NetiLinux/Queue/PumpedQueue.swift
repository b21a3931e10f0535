// SPDX-License-Identifier: Apache-2.0

import Hooks
import Neti

/// One queue as its pump sees it: a plain value of numbers and unretained references.
///
/// ``PacketQueue`` keeps everything alive that is referred to here, until the pump has let go of the queue.
@safe
struct PumpedQueue {
    /// The events of one protocol.
    @safe
    struct Chains {
        let physicalIn: Unmanaged<HookEvent<PacketEvent>>
        let physicalOut: Unmanaged<HookEvent<PacketEvent>>

        init(of handle: NetworkProtocol) {
            unsafe physicalIn = .passUnretained(handle.event(.physicalIn))
            unsafe physicalOut = .passUnretained(handle.event(.physicalOut))
        }
    }

    /// Where a packet belongs.
    @safe
    struct Destination {
        let family: NetworkFamily
        let event: NetworkEvent
        let chain: Unmanaged<HookEvent<PacketEvent>>
    }

    let socket: Int32
    let number: UInt16
    let netid: NetID
    /// Link-layer destination of the inbound packets that are steered here.
    let flags: PacketFlags
    let statistics: Unmanaged<QueueStatistics>
    let inet: Chains
    let inet6: Chains

    /// Where steering rules hang (`enum nf_inet_hooks` in linux/netfilter.h).
    private enum Place {
        static let prerouting: UInt8 = 0
        static let postrouting: UInt8 = 4
    }

    /// The family of the rule that sent a packet (`NFPROTO_*` in linux/netfilter.h).
    private enum Family {
        static let ipv4: UInt8 = 2
        static let ipv6: UInt8 = 10
    }

    /// The chain that is responsible for a packet; nil for one that no rule of ours sent.
    @inline(__always)
    func destination(hook: UInt8, family: UInt8) -> Destination? {
        switch (family, hook) {
        case (Family.ipv4, Place.prerouting):
            unsafe Destination(family: .inet, event: .physicalIn, chain: inet.physicalIn)
        case (Family.ipv4, Place.postrouting):
            unsafe Destination(family: .inet, event: .physicalOut, chain: inet.physicalOut)
        case (Family.ipv6, Place.prerouting):
            unsafe Destination(family: .inet6, event: .physicalIn, chain: inet6.physicalIn)
        case (Family.ipv6, Place.postrouting):
            unsafe Destination(family: .inet6, event: .physicalOut, chain: inet6.physicalOut)
        default:
            nil
        }
    }
}
