// SPDX-License-Identifier: Apache-2.0

public import Packet

/// A question about single packets in the words of rules, for hooks that act on some packets only:
/// `on eth0 proto udp from any to any port = 53`.
///
/// It is what stands in a rule behind the direction, without `log` and `quick`. Pump threads ask; the control side
/// updates interfaces meanwhile. Asking allocates nothing, takes no lock and counts no references.
public struct PacketCondition: ~Copyable, Sendable {
    private let tables: FamilyTables
    private let interfaces: InterfaceSlots

    /// Compiles a condition; `all` holds for every packet whose IP headers can be read.
    ///
    /// - Parameters:
    ///   - text: the condition; a list in it counts as one question for each element, at most 1,000 in all.
    ///   - name: what messages call the text.
    ///   - services: what service names mean.
    /// - Throws: the first thing that is wrong, with its column.
    public init(parsing text: String, name: String, services: ServiceNames = .builtIn) throws(RuleErrors) {
        var parser = Parser(Array(text.utf8), services: services)
        let rules: [Rule]
        do throws(Complaint) {
            rules = try parser.parseCondition()
        } catch {
            throw RuleErrors([error], in: text, file: name)
        }
        var slots: [String: UInt16] = [:]
        var names: [String] = []
        for case let interface? in rules.map(\.interface) where slots[interface] == nil {
            slots[interface] = UInt16(names.count)
            names.append(interface)
        }
        var tables = FamilyTables()
        for rule in rules {
            tables.append(rule, number: 0, slot: rule.interface.flatMap { slots[$0] } ?? InterfaceSlots.none)
        }
        self.tables = tables
        interfaces = InterfaceSlots(names)
    }

    /// Whether a packet is one of those.
    ///
    /// - Parameters:
    ///   - bytes: the packet from its IP header on.
    ///   - datagram: what its IP headers say.
    ///   - interface: index of the interface that `on` asks about; 0 for none.
    public func matches(_ bytes: RawSpan, _ datagram: Datagram, interface: UInt32) -> Bool {
        let slot = interfaces.slot(of: interface)
        switch datagram.version {
        case .v4:
            return tables.v4.match(MatchKey<IPv4Pair>(datagram, in: bytes, interface: slot), from: 0) < tables.v4.count
        case .v6:
            return tables.v6.match(MatchKey<IPv6Pair>(datagram, in: bytes, interface: slot), from: 0) < tables.v6.count
        }
    }

    /// Tells which interfaces there are now, by name; no packet is on any other. One call at a time.
    public func updateInterfaces(_ interfaces: [(name: String, index: UInt32)]) {
        self.interfaces.update(interfaces)
    }

    /// Interfaces that the condition names and that aren't there at present: absent, or misspelt.
    public var absentInterfaces: [String] { interfaces.absent }
}
