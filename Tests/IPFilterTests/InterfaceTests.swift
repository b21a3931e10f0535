// SPDX-License-Identifier: Apache-2.0

import IPFilter
import Testing

struct InterfaceTests {
    @Test func interfacesComeAndGo() throws {
        let rules = try RuleSet("block in on ppp0 all\nblock in on ppp1 all")
        #expect(rules.absentInterfaces == ["ppp0", "ppp1"])
        #expect(try rules.passes(.tcp().on(7)))
        rules.updateInterfaces([("ppp0", 7), ("other", 8)])
        #expect(rules.absentInterfaces == ["ppp1"])
        #expect(try rules.decide(.tcp().on(7)).reason == .rule(0))
        #expect(try rules.passes(.tcp().on(8)))
        rules.updateInterfaces([("ppp0", 8), ("ppp1", 7)])
        #expect(rules.absentInterfaces.isEmpty)
        #expect(try rules.decide(.tcp().on(8)).reason == .rule(0))
        #expect(try rules.decide(.tcp().on(7)).reason == .rule(1))
        rules.updateInterfaces([])
        #expect(try rules.passes(.tcp().on(7)))
    }

    /// A packet without an interface is on none, not on one that is absent.
    @Test func noInterfaceIsNotAnAbsentOne() throws {
        let rules = try RuleSet("block in on ppp0 all\nblock out on ppp0 all")
        #expect(try rules.passes(.tcp().on(0)))
        #expect(try rules.passes(.tcp().going(.out).on(0)))
    }

    @Test func namesAreComparedExactly() throws {
        let rules = try RuleSet("block in on ETH0 all")
        #expect(rules.absentInterfaces == ["ETH0"])
        #expect(try rules.passes(.tcp().on(2)))
    }

    @Test func absentInterfacesAreMarked() throws {
        let rules = try RuleSet("pass in on eth0 all\npass in on eht0 all")
        #expect(
            rules.description == """
                # default policy: pass
                pass in on eth0 all
                pass in on eht0 all # (!) interface is absent
                """)
        #expect(try RuleSet.rules(of: rules.description, file: "again").count == 2)
    }

    @Test func manyInterfaces() throws {
        let names = (1...300).map { "veth\($0)" }
        let rules = try RuleSet(names.map { "block in on \($0) proto tcp all" }.joined(separator: "\n"))
        rules.updateInterfaces(names.enumerated().map { ($1, UInt32($0 + 100)) })
        for index in [0, 1, 150, 299] {
            #expect(try rules.decide(.tcp().on(UInt32(index + 100))).reason == .rule(index))
        }
        #expect(try rules.passes(.tcp().on(99)))
        #expect(try rules.passes(.tcp().on(400)))
    }
}
