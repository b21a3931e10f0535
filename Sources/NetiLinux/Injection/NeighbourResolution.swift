// SPDX-License-Identifier: Apache-2.0

package import Neti
import SystemPackage

/// Who waits for which link-layer address, and what is to be done about it. Pure state: whoever has it gives it packets,
/// news and time, and does what ``takeActions()`` says, in that order.
///
/// # The life of a next hop
/// The first packet for it has the kernel asked what it knows (*looking*). Knows it an address, the packets go there, and the
/// address is published. Otherwise the kernel is made to ask (*asking*), and the packets wait for what it tells. A
/// published address that went stale is confirmed while packets go there; one that has been idle for a minute is
/// forgotten, for it is looked up again in a moment.
package struct NeighbourResolution<Waiting: Sendable>: Sendable {
    package enum Action: Sendable {
        /// The kernel is to be asked what it knows: `clnx_neighbour_get`.
        case look(NeighbourKey, sequence: UInt32)
        /// The kernel is to ask or confirm: `clnx_neighbour_use`.
        case use(NeighbourKey, sequence: UInt32)
        case send(Waiting, NeighbourKey, LinkLayerAddress)
        case refuse(Waiting, NeighbourKey, InjectionError.Reason)
        case publish(NeighbourKey, LinkLayerAddress)
        case withdraw(NeighbourKey)
    }

    /// Packets that wait for one next hop, and next hops for which packets wait.
    package static var maximumPackets: Int { 64 }
    package static var maximumHops: Int { 64 }
    /// Nanoseconds for which a packet waits at most.
    package static var patience: UInt64 { 3_000_000_000 }

    /// Nanoseconds between two looks at what is in use, and after how many idle ones a next hop is forgotten.
    private static var pause: UInt64 { 2_000_000_000 }
    private static var idleLooks: Int { 30 }
    /// How often the kernel may forget a next hop while it is asked for.
    private static var attempts: Int { 8 }

    private struct Hop {
        var packets: [Waiting]
        let deadline: UInt64
        var sequence: UInt32
        var isLooking = true
        var attempts = 0
    }

    private struct Known {
        var address: LinkLayerAddress
        var isStale: Bool
        var idleLooks = 0
    }

    private var pending: [NeighbourKey: Hop] = [:]
    private var known: [NeighbourKey: Known] = [:]
    private var actions: [Action] = []
    private var sequence: UInt32 = 0
    private var nextLook: UInt64 = 0

    package init() {}

    /// What is to be done now.
    package mutating func takeActions() -> [Action] {
        defer { actions.removeAll(keepingCapacity: true) }
        return actions
    }

    /// When ``tick(_:isUsed:)`` is due, in nanoseconds of the monotonic clock; nil while there is nothing to do.
    package var nextTick: UInt64? {
        let first = pending.values.lazy.map(\.deadline).min()
        return known.isEmpty ? first : min(first ?? .max, nextLook)
    }

    /// Whether an answer to a question of what the kernel knows is still to come.
    package var isLooking: Bool { pending.values.contains { $0.isLooking } }

    /// Takes a packet that has to wait for an address, or did so until a moment ago.
    package mutating func wait(_ packet: Waiting, for key: NeighbourKey, now: UInt64) {
        if let count = pending[key]?.packets.count {
            guard count < Self.maximumPackets else { return actions.append(.refuse(packet, key, .unreachable)) }
            pending[key]?.packets.append(packet)
        } else if let hop = known[key] {
            actions.append(.send(packet, key, hop.address))
        } else if pending.count >= Self.maximumHops {
            actions.append(.refuse(packet, key, .unreachable))
        } else {
            pending[key] = Hop(packets: [packet], deadline: now &+ Self.patience, sequence: nextSequence())
            actions.append(.look(key, sequence: sequence))
        }
    }

    // MARK: News

    /// Takes what the kernel told. Of next hops that nobody sends to it may tell what it likes.
    package mutating func take(_ news: NeighbourNews) {
        switch news {
        case .told(let key, .valid, let address?): learn(key, address, isStale: false)
        case .told(let key, .stale, let address?): learn(key, address, isStale: true)
        case .told(let key, let state, _): unlearn(key, hasFailed: state == .failed)
        case .gone(let key):
            forget(key)
            // What was being asked for is asked for again, a few times.
            guard let hop = pending[key], !hop.isLooking else { return }
            hop.attempts < Self.attempts ? ask(key) : refuse(key, .unreachable)
        case .refused(let sequence, let error):
            guard let (key, hop) = pending.first(where: { $0.value.sequence == sequence }) else { return }
            // It knows nothing: it shall find out. Before Linux 5.0 it can't be asked.
            if hop.isLooking, error != .operationNotSupportedByDevice { return ask(key) }
            let reason = InjectionError.Reason(sending: -error.rawValue)
            refuse(key, reason == .sendFailed ? .unreachable : reason ?? .unreachable)
        }
    }

    /// News were lost: everything has to be looked at anew.
    package mutating func restart() {
        for key in known.keys { actions.append(.withdraw(key)) }
        known = [:]
        for key in pending.keys {
            let number = nextSequence()
            pending[key]?.sequence = number
            pending[key]?.isLooking = true
            actions.append(.look(key, sequence: number))
        }
    }

    /// A next hop had to give way in the table.
    package mutating func evict(_ key: NeighbourKey) {
        known[key] = nil
    }

    private mutating func learn(_ key: NeighbourKey, _ address: LinkLayerAddress, isStale: Bool) {
        let hop = pending.removeValue(forKey: key)
        guard hop != nil || known[key] != nil else { return }
        for packet in hop?.packets ?? [] { actions.append(.send(packet, key, address)) }
        if known[key]?.address != address { actions.append(.publish(key, address)) }
        // Packets go there right now.
        let isConfirmed = isStale && hop != nil
        if isConfirmed { actions.append(.use(key, sequence: nextSequence())) }
        known[key] = Known(address: address, isStale: isStale && !isConfirmed, idleLooks: known[key]?.idleLooks ?? 0)
    }

    private mutating func unlearn(_ key: NeighbourKey, hasFailed: Bool) {
        forget(key)
        guard let hop = pending[key] else { return }
        // A failure that it knew of already is no answer.
        if hop.isLooking { ask(key) } else if hasFailed { refuse(key, .unreachable) }
    }

    private mutating func forget(_ key: NeighbourKey) {
        if known.removeValue(forKey: key) != nil { actions.append(.withdraw(key)) }
    }

    private mutating func ask(_ key: NeighbourKey) {
        let number = nextSequence()
        pending[key]?.sequence = number
        pending[key]?.isLooking = false
        pending[key]?.attempts += 1
        actions.append(.use(key, sequence: number))
    }

    private mutating func refuse(_ key: NeighbourKey, _ reason: InjectionError.Reason) {
        for packet in pending.removeValue(forKey: key)?.packets ?? [] {
            actions.append(.refuse(packet, key, reason))
        }
    }

    private mutating func nextSequence() -> UInt32 {
        sequence = sequence == .max ? 1 : sequence + 1
        return sequence
    }

    // MARK: Time

    /// Refuses what has waited long enough, and now and then looks at what is in use.
    ///
    /// - Parameter isUsed: whether packets went to a next hop since the last time.
    package mutating func tick(_ now: UInt64, isUsed: (NeighbourKey) -> Bool) {
        for key in pending.filter({ $0.value.deadline <= now }).keys { refuse(key, .unreachable) }
        guard !known.isEmpty, nextLook <= now else { return }
        nextLook = now &+ Self.pause
        for (key, hop) in known {
            if isUsed(key) {
                known[key]?.idleLooks = 0
                guard hop.isStale else { continue }
                known[key]?.isStale = false
                actions.append(.use(key, sequence: nextSequence()))
            } else if hop.idleLooks >= Self.idleLooks {
                forget(key)
            } else {
                known[key]?.idleLooks += 1
            }
        }
    }

    /// Gives back all packets that wait; for the end.
    package mutating func takeWaiting() -> [Waiting] {
        defer { pending = [:] }
        return pending.values.flatMap(\.packets)
    }
}
