// SPDX-License-Identifier: Apache-2.0

import Hooks
import Neti
import Synchronization

/// One queue as its pump sees it: numbers and unretained references.
///
/// ``PacketQueue`` keeps everything alive that is referred to here, until the pump has let go of the queue.
@safe
struct PumpedQueue: ~Copyable {
    /// The events of one protocol.
    @safe
    struct Chains {
        let physicalIn: Unmanaged<HookEvent<PacketEvent>>
        let physicalOut: Unmanaged<HookEvent<PacketEvent>>
        let forwarding: Unmanaged<HookEvent<PacketEvent>>
        let loopbackIn: Unmanaged<HookEvent<PacketEvent>>
        let loopbackOut: Unmanaged<HookEvent<PacketEvent>>
        let observing: Unmanaged<HookEvent<PacketEvent>>

        init(of handle: NetworkProtocol) {
            unsafe physicalIn = .passUnretained(handle.event(.physicalIn))
            unsafe physicalOut = .passUnretained(handle.event(.physicalOut))
            unsafe forwarding = .passUnretained(handle.event(.forwarding))
            unsafe loopbackIn = .passUnretained(handle.event(.loopbackIn))
            unsafe loopbackOut = .passUnretained(handle.event(.loopbackOut))
            unsafe observing = .passUnretained(handle.event(.observing))
        }
    }

    /// Where a packet belongs.
    @safe
    struct Destination {
        let family: NetworkFamily
        let event: NetworkEvent
        let chain: Unmanaged<HookEvent<PacketEvent>>
        /// As what `OBSERVING` shows it afterwards; nil where it doesn't (R104).
        let direction: PacketObservation.Direction?
        let observing: Unmanaged<HookEvent<PacketEvent>>
    }

    let socket: Int32
    let number: UInt16
    let netid: NetID
    /// The inode of its namespace.
    let zone: UInt64
    /// ``flags`` as a number, which may change at any time.
    let role: Atomic<UInt8>
    let statistics: Unmanaged<QueueStatistics>
    /// For hooks that inject.
    let injection: Unmanaged<InjectionList>
    let injected: Unmanaged<InjectedPackets>
    let inet: Chains
    let inet6: Chains

    /// Link-layer destination of the inbound packets that are steered here.
    @inline(__always)
    var flags: PacketFlags { PacketFlags(rawValue: role.load(ordering: .relaxed)) }

    /// Where steering rules hang (`enum nf_inet_hooks` in linux/netfilter.h).
    private enum Place {
        static let prerouting: UInt8 = 0
        static let input: UInt8 = 1
        static let forward: UInt8 = 2
        static let output: UInt8 = 3
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
        switch family {
        case Family.ipv4: Self.destination(hook, .inet, inet)
        case Family.ipv6: Self.destination(hook, .inet6, inet6)
        default: nil
        }
    }

    @inline(__always)
    private static func destination(_ hook: UInt8, _ family: NetworkFamily, _ chains: Chains) -> Destination? {
        let event: NetworkEvent
        let chain: Unmanaged<HookEvent<PacketEvent>>
        let direction: PacketObservation.Direction?
        switch hook {
        case Place.prerouting: unsafe (event, chain, direction) = (.physicalIn, chains.physicalIn, .inbound)
        case Place.postrouting: unsafe (event, chain, direction) = (.physicalOut, chains.physicalOut, .outbound)
        case Place.forward: unsafe (event, chain, direction) = (.forwarding, chains.forwarding, nil)
        case Place.input: unsafe (event, chain, direction) = (.loopbackIn, chains.loopbackIn, nil)
        case Place.output: unsafe (event, chain, direction) = (.loopbackOut, chains.loopbackOut, .local)
        default: return nil
        }
        return unsafe Destination(
            family: family, event: event, chain: chain, direction: direction, observing: chains.observing)
    }
}
