// SPDX-License-Identifier: Apache-2.0

public import Hooks
import IPFilter
public import Neti
import Packet
import Synchronization
import SystemPackage

/// The module `impair`: makes a network worse on purpose, as tc-netem(8) does, for chosen packets of chosen events.
///
/// Delay, jitter, loss, duplication, reordering, corruption and a rate limit; what each key means is in the article
/// *Holding packets* of Neti's documentation. It uses nothing but what any hook may.
public final class ImpairModule: HookModule {
    /// `impair`.
    public static let moduleName = "impair"

    /// All optional: without any, packets only pass, until ``change(_:)``.
    public static let keys = ImpairKey.allCases.map { HookModuleKey($0.rawValue, .string, isRequired: false) }

    /// Delayed packets are.
    public static let holdsPackets = true

    let hookName: String
    let counters: ImpairCounters
    private let stamp: Stamps
    private let numbers = PacketNumbers()
    private let active: Published<ActiveImpairment>
    private let control: Mutex<Control>
    private let isUnheld = Atomic(false)

    /// What the control side knows.
    private struct Control {
        /// What was given, at the start or later.
        var values: [String: String]
        var interfaces: [(name: String, index: UInt32)] = []
        var notes: [String] = []
        var reportedAbsent: [String] = []
        var hasReportedUnheld = false
        var kstat = ImpairKstat()
    }

    /// Takes the values of the configuration.
    ///
    /// - Throws: `EINVAL` with everything that is wrong with them.
    public init(_ settings: HookModuleSettings) throws(NetiError) {
        hookName = settings.hookName
        stamp = settings.stamp
        counters = ImpairCounters(lanes: settings.lanes)
        var values = settings.values
        // So that a run can be repeated afterwards.
        if values[ImpairKey.seed.rawValue] == nil {
            values[ImpairKey.seed.rawValue] = "\(UInt64.random(in: 0 ... .max))"
        }
        active = Published(
            try Self.activated(values, backlogs: [], hook: settings.hookName), publication: settings.publication)
        control = Mutex(Control(values: values))
    }

    /// Everything that is wrong with the values.
    public static func problems(in values: [String: String]) -> [HookModuleProblem] {
        Impairment.problems(in: values).map { HookModuleProblem(key: $0.key.rawValue, message: $0.message) }
    }

    /// Keeps it off events where packets can only be looked at.
    public static func refusal(family: NetworkFamily, event: NetworkEvent) -> (key: HookPlaceKey, reason: String)? {
        if family == .arp { return (.families, "ARP packets can only be looked at") }
        if event == .observing { return (.events, "packets can only be looked at there") }
        return nil
    }

    /// Decides about each packet and does what was decided.
    public func function(family: NetworkFamily, event: NetworkEvent) -> Hook<PacketEvent>.Function {
        let place = Place(family, event)
        return { [self] packet in impair(&packet, at: place) }
    }

    /// Takes other values while packets flow. What is held already goes on when it was to; a new `seed` begins the
    /// sequence of decisions again.
    public func change(_ values: [String: String]) throws(NetiError) {
        try control.withLock { control throws(NetiError) in
            let merged = control.values.merging(values) { $1 }
            let next = try Self.activated(merged, backlogs: active.read { $0.backlogs }, hook: hookName)
            next.condition.updateInterfaces(control.interfaces)
            active.replace(by: next)
            if values[ImpairKey.seed.rawValue] != nil { numbers.restart() }
            control.values = merged
        }
    }

    private static func activated(
        _ values: [String: String], backlogs: [RateLimiter.Backlog], hook: String
    ) throws(NetiError) -> ActiveImpairment {
        var reading = ImpairReading(values)
        let impairment = reading.impairment()
        let condition = reading.condition()
        reading.checkNeeds()
        guard let condition, reading.problems.isEmpty else {
            let reasons = reading.problems.map { "\($0.key.rawValue): \($0.message)" }.joined(separator: "; ")
            throw NetiError(.invalidArgument, "hook '\(hook)': \(reasons)")
        }
        return ActiveImpairment(impairment, condition: condition, backlogs: backlogs)
    }

    /// The condition finds its interfaces again.
    public func interfacesChanged(_ interfaces: [Interface]) {
        let known = interfaces.map { ($0.name, $0.index) }
        control.withLock { control in
            control.interfaces = known
            let absent = active.read { active in
                active.condition.updateInterfaces(known)
                return active.condition.absentInterfaces
            }
            for name in absent where !control.reportedAbsent.contains(name) {
                control.notes.append("its condition names interface '\(name)', which isn't there")
            }
            control.reportedAbsent = absent
        }
    }

    /// What the control side had to say, and, once, that packets can't be held.
    public func takeLogLines() -> [String] {
        control.withLock { control in
            if isUnheld.load(ordering: .relaxed), !control.hasReportedUnheld {
                control.hasReportedUnheld = true
                control.notes.append("packets can't be held here and go on at once; 'neti-ctl status' says why")
            }
            defer { control.notes = [] }
            return control.notes
        }
    }

    /// Creates the kstat `impair:0:HOOK`, of class `net`: counters, and the values in force.
    public func createKstats(in netinfo: Netinfo, netid: NetID) {
        do throws(NetiError) {
            let kstat = try ImpairKstat(of: self, in: netinfo, netid: netid)
            control.withLock { $0.kstat = kstat }
        } catch {
            control.withLock { $0.notes.append("has no kstat: \(error)") }
        }
    }

    /// Deletes it.
    public func deleteKstats(in netinfo: Netinfo, netid: NetID) {
        control.withLock { control in
            let kstat = control.kstat
            control.kstat = ImpairKstat()
            return kstat
        }.delete(in: netinfo, netid: netid)
    }

    /// The values in force, as texts.
    var values: [ImpairKey: String] {
        control.withLock { control in
            Impairment.presets.merging(
                control.values.compactMap { key, text in ImpairKey(rawValue: key).map { ($0, text) } }
            ) { $1 }
        }
    }
}

// MARK: - On pump threads

extension ImpairModule {
    /// Several pump threads at once.
    @inline(__always)
    private func impair(_ packet: inout PacketEvent, at place: Place) -> HookResult {
        if packet.isConsumed || !packet.stamps.isDisjoint(with: stamp) { return .pass }
        counters.count(.seen, lane: packet.lane)
        guard let datagram = packet.datagram else { return .pass }
        let fate = active.read { active in
            active.fate(
                of: packet.bytes, datagram, length: packet.metadata.length,
                interface: place.isInbound ? packet.inInterface : packet.outInterface, at: place, numbers: numbers)
        }
        guard fate.isMatched else { return .pass }
        counters.count(.matched, lane: packet.lane)
        if fate.isLost, !fate.isDuplicated {
            counters.count(.lost, lane: packet.lane)
            return .drop
        }
        if fate.isDuplicated, !fate.isLost { duplicate(&packet, fate, at: place) }
        return send(&packet, fate, datagram)
    }

    private func duplicate(_ packet: inout PacketEvent, _ fate: Fate, at place: Place) {
        guard let wait = fate.waitOfCopy else { return counters.count(.rateLimited, lane: packet.lane) }
        do throws(InjectionError) {
            try packet.inject(place.style, after: .nanoseconds(Int64(wait)), stamps: stamp)
            counters.count(.duplicated, lane: packet.lane)
        } catch {
            counters.count(.refused, lane: packet.lane)
        }
    }

    private func send(_ packet: inout PacketEvent, _ fate: Fate, _ datagram: Datagram) -> HookResult {
        guard let wait = fate.wait else {
            counters.count(.rateLimited, lane: packet.lane)
            return .drop
        }
        if let bit = fate.corruptedBit { corrupt(&packet, byte: Int(datagram.headerLength) + bit / 8, bit: bit % 8) }
        if fate.isReordered { counters.count(.reordered, lane: packet.lane) }
        if wait == 0 { return .pass }
        do throws(InjectionError) {
            try packet.hold(for: .nanoseconds(Int64(wait)), stamps: stamp)
            counters.count(.delayed, lane: packet.lane)
            return .drop
        } catch {
            return refused(error, lane: packet.lane)
        }
    }

    /// A full list drops, as a full queue does; where nothing can be held at all, packets pass, rather than none.
    private func refused(_ error: InjectionError, lane: Int) -> HookResult {
        switch error.reason {
        case .unavailable, .unsupported, .deadInstance:
            isUnheld.store(true, ordering: .relaxed)
            counters.count(.unheld, lane: lane)
            return .pass
        default:
            counters.count(.refused, lane: lane)
            return .drop
        }
    }

    private func corrupt(_ packet: inout PacketEvent, byte: Int, bit: Int) {
        guard byte < packet.bytes.byteCount else { return }
        let flipped = unsafe packet.bytes.unsafeLoad(fromByteOffset: byte, as: UInt8.self) ^ (1 << UInt8(bit))
        do throws(PacketEvent.EditError) {
            try packet.edit(checksums: .final) { $0.storeBytes(of: flipped, toByteOffset: byte, as: UInt8.self) }
            counters.count(.corrupted, lane: packet.lane)
        } catch {
            // Cut or only shown: it stays as it is.
        }
    }
}
