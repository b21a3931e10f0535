// SPDX-License-Identifier: Apache-2.0

import Packet

/// A rule while it is being read: each part that may be a list is one.
struct RuleDraft {
    var rule: Rule
    var interfaces: [String?] = [nil]
    var trafficClasses: [UInt8?] = [nil]
    var hopLimits: [UInt8?] = [nil]
    var sources: [AddressTest]
    var sourcePorts: [PortTest?] = [nil]
    var destinations: [AddressTest]
    var destinationPorts: [PortTest?] = [nil]
    var icmpTypes: [UInt8?] = [nil]
    var icmpCodes: [UInt8?] = [nil]

    init(_ rule: Rule) {
        self.rule = rule
        sources = [AddressTest(location: rule.location)]
        destinations = sources
    }

    // MARK: What the parts ask of each other

    /// A packet has two addresses of one family.
    func checkFamilies() throws(Complaint) {
        for destination in destinations {
            for source in sources {
                guard let from = source.network?.version, let to = destination.network?.version, from != to else {
                    continue
                }
                let names = from == .v4 ? ("IPv4", "IPv6") : ("IPv6", "IPv4")
                throw Complaint(
                    location: destination.location,
                    message: "never matches: an \(names.0) source with an \(names.1) destination")
            }
        }
    }

    /// The family whose types an ICMP test means: that of the rule or its addresses, else IPv4.
    func icmpFamily(at location: SourceLocation) throws(Complaint) -> IPVersion {
        let families = Set((sources + destinations).compactMap { $0.network?.version })
        guard families.count < 2 else {
            throw Complaint(location: location, message: "'icmp-type' needs addresses of one family")
        }
        let version = rule.family ?? families.first ?? .v4
        let needed: IPProtocol = version == .v4 ? .icmp : .icmpV6
        guard rule.proto == .number(needed) else {
            let message =
                if rule.proto == .number(.icmpV6) {
                    "'icmp-type' with 'proto ipv6-icmp' needs 'inet6'"
                } else {
                    "'icmp-type' needs 'proto \(ProtocolTest.number(needed))' in an \(version == .v4 ? "IPv4" : "IPv6") rule"
                }
            throw Complaint(location: location, message: message)
        }
        return version
    }

    // MARK: Multiplying out

    /// One rule for each combination: the right-most list changes slowest, the source addresses fastest.
    ///
    /// - Parameter room: how many rules may come of it.
    func expanded(room: Int) throws(Complaint) -> [Rule] {
        var count = 1
        let counts = [
            interfaces.count, trafficClasses.count, hopLimits.count, sources.count, sourcePorts.count,
            destinations.count, destinationPorts.count, icmpTypes.count, icmpCodes.count,
        ]
        for factor in counts {
            let (product, overflow) = count.multipliedReportingOverflow(by: factor)
            guard !overflow, product <= room else {
                throw Complaint(location: rule.location, message: "too many rules come of this one's lists")
            }
            count = product
        }
        var rules: [Rule] = []
        rules.reserveCapacity(count)
        for number in 0..<count {
            var rest = number
            func pick<Element>(_ list: [Element]) -> Element {
                defer { rest /= list.count }
                return list[rest % list.count]
            }
            var rule = self.rule
            let source = pick(sources)
            rule.interface = pick(interfaces)
            rule.trafficClass = pick(trafficClasses)
            rule.hopLimit = pick(hopLimits)
            let sourcePort = pick(sourcePorts)
            rule.source = Endpoint(source, port: sourcePort)
            let destination = pick(destinations)
            rule.destination = Endpoint(destination, port: pick(destinationPorts))
            let type = pick(icmpTypes)
            let code = pick(icmpCodes)
            rule.icmp = type.map { ICMPTest(type: $0, code: code) }
            rules.append(rule)
        }
        return rules
    }
}

extension Endpoint {
    fileprivate init(_ address: AddressTest, port: PortTest?) {
        self.init()
        network = address.network
        isNegated = address.isNegated
        self.port = port
    }
}
