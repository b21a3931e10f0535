// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Neti

/// One rule that sends packets of an event to queues.
struct SteeringRule {
    /// What the network card's driver said of a packet's link-layer destination (packet(7)).
    enum PacketType: UInt8 {
        case toThisHost = 0
        case broadcast = 1
    }

    /// Every namespace's loopback device has this index (net/core/dev.c).
    static let loopback: UInt32 = 1

    let event: NetworkEvent
    var packetType: PacketType?
    var queue: UInt16
    var queues: UInt16

    /// The rules of an event in the order in which the kernel tries them, the most frequent match first.
    ///
    /// Packets to multicast and broadcast link-layer addresses get queues of their own, since a queued packet doesn't
    /// tell its link-layer destination. The third rule has no condition: what is neither for this host nor a broadcast
    /// is a multicast, one that this host sent and hears itself included.
    static func rules(for event: NetworkEvent, _ configuration: InstanceConfiguration) -> [SteeringRule] {
        let all = SteeringRule(event: event, queue: configuration.unicastQueue, queues: UInt16(configuration.queues))
        switch event {
        case .physicalOut, .forwarding, .loopbackIn, .loopbackOut:
            return [all]
        case .physicalIn:
            var unicast = all
            unicast.packetType = .toThisHost
            let broadcast = SteeringRule(
                event: event, packetType: .broadcast, queue: configuration.broadcastQueue, queues: 1)
            let multicast = SteeringRule(event: event, queue: configuration.multicastQueue, queues: 1)
            return [unicast, broadcast, multicast]
        case .observing:
            return []
        }
    }

    /// The rule in the shim's words.
    ///
    /// - Parameter counts: whether it counts packets, see ``SteeringTable/countSteered()``.
    func encoded(
        _ mechanism: SteeringMechanism, onExit: InstanceConfiguration.OnExit, counts: Bool
    ) -> clnx_nft_rule {
        var rule = clnx_nft_rule()
        let (equal, notEqual) = (UInt8(CLNX_NFT_EQUAL), UInt8(CLNX_NFT_NOT_EQUAL))
        switch event {
        case .physicalIn: (rule.iif, rule.compare_iif) = (Self.loopback, notEqual)
        case .physicalOut: (rule.oif, rule.compare_oif) = (Self.loopback, notEqual)
        case .loopbackIn: (rule.iif, rule.compare_iif) = (Self.loopback, equal)
        case .loopbackOut: (rule.oif, rule.compare_oif) = (Self.loopback, equal)
        case .forwarding, .observing: break
        }
        if let packetType {
            rule.packet_type = packetType.rawValue
            rule.compare_packet_type = equal
        }
        rule.queue = queue
        rule.queues = queues
        rule.flags = onExit == .open ? UInt16(CLNX_NFT_BYPASS) : 0
        rule.counts = counts
        rule.mechanism = UInt8(mechanism == .native ? CLNX_NFT_NATIVE : CLNX_NFT_COMPAT)
        return rule
    }
}

extension InstanceConfiguration {
    func priority(of event: NetworkEvent) -> Int32 {
        switch event {
        case .physicalIn: priorityIn
        case .physicalOut: priorityOut
        case .forwarding: priorityForward
        case .loopbackIn: priorityLoopbackIn
        case .loopbackOut: priorityLoopbackOut
        case .observing: 0
        }
    }
}

extension SteeringTable.Point {
    /// The points at which packets have to be steered for the hooks of this one.
    ///
    /// `OBSERVING` has no place of its own in netfilter: what it shows passes the chains of these three (R104).
    var sources: [SteeringTable.Point] {
        guard event == .observing else { return [self] }
        return [.physicalIn, .loopbackOut, .physicalOut].map { SteeringTable.Point(family: family, event: $0) }
    }
}

extension NetworkEvent {
    /// Where netfilter calls a chain of this event (`enum nf_inet_hooks`); `OBSERVING` has none.
    var netfilterHook: UInt32 {
        switch self {
        case .physicalIn, .observing: 0
        case .loopbackIn: 1
        case .forwarding: 2
        case .loopbackOut: 3
        case .physicalOut: 4
        }
    }
}

extension NetworkFamily {
    /// The family's number in netfilter (`NFPROTO_*`).
    var netfilterFamily: UInt8 {
        switch self {
        case .inet: UInt8(CLNX_NFT_IPV4)
        case .inet6: UInt8(CLNX_NFT_IPV6)
        case .arp: 3
        }
    }
    /// The family's name in nft(8).
    var nftName: String {
        switch self {
        case .inet: "ip"
        case .inet6: "ip6"
        case .arp: "arp"
        }
    }
}
