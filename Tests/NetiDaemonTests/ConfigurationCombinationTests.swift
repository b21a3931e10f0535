// SPDX-License-Identifier: Apache-2.0

import NetiDaemon
import Testing

/// Values that are right one by one and impossible together.
struct ConfigurationCombinationTests {
    @Test(arguments: [
        ("name = \"red\"", "name = \"global\"", 2, "instance[0].name: without netns only the daemon's own"),
        ("netns = \"red\"\nname = \"global\"", "", 3, "instance[0].name: only the daemon's own"),
        ("netns = \"global\"", "", 2, "instance[0].netns: only the daemon's own"),
        ("netns = \"r*\"\nname = \"red\"", "", 3, "instance[0].name: netns is a glob"),
        ("name = \"global\"", "name = \"global\"", 4, "instance[1].name: instance[0] is the daemon's own"),
        ("netns = \"red\"", "netns = \"red\"", 4, "instance[1].netns: instance[0] has this namespace"),
        ("netns = \"r*\"", "netns = \"r*\"", 4, "instance[1].netns: instance[0] has this namespace"),
        ("netns = \"r*\"", "netns = \"red\"", 4, "instance[1].netns: instance[0] has this namespace"),
        ("netns = \"red\"", "netns = \"re?\"", 4, "instance[1].netns: instance[0] has this namespace"),
        ("netns = \"red\"", "netns = \"blue\"\nname = \"red\"", 5, "instance[1].name: instance[0] is called \"red\""),
    ])
    func instancesThatExcludeEachOther(first: String, second: String, line: Int, start: String) throws {
        let text = "[[instance]]\n\(first)\n" + (second.isEmpty ? "" : "[[instance]]\n\(second)\n")
        let complaints = try complaints(about: text)
        #expect(complaints.count == 1, "\(complaints)")
        #expect(complaints.first?.hasPrefix("neti.toml:\(line): \(start)") == true, "\(complaints)")
    }

    @Test(arguments: [("red", "blue"), ("r*", "blue"), ("r*", "b*"), ("red", "r?")])
    func instancesThatGoTogether(first: String, second: String) throws {
        #expect(try complaints(about: "[[instance]]\nnetns = \"\(first)\"\n[[instance]]\nnetns = \"\(second)\"") == [])
    }

    /// Each instance uses two numbers beside those of its unicast queues.
    @Test(arguments: [
        (65_533, 1, true), (65_534, 1, false), (65_535, 1, false), (65_470, 64, true), (65_471, 64, false),
    ])
    func queueNumbersMustFit(queue: Int, queues: Int, fits: Bool) throws {
        let last = queue + queues + 1
        let complaint = """
            neti.toml:3: instance[0].queue: \(queue) is too high: with queues = \(queues) the last queue would be \
            \(last), the highest there is is 65535
            """
        #expect(
            try complaints(about: "[[instance]]\nname = \"global\"\nqueue = \(queue)\nqueues = \(queues)")
                == (fits ? [] : [complaint]))
    }

    /// Hooks on PHYSICAL_IN of both families as name, hint; what the last one is refused for.
    struct Chain: Sendable, CustomTestStringConvertible {
        let hooks: [(name: String, hint: String)]
        let ordering: String
        let refusal: String?
        var testDescription: String { "\(ordering) \(hooks.map { "\($0.name):\($0.hint)" }) \(refusal ?? "right")" }

        init(_ hooks: [(name: String, hint: String)], ordering: String = "documented", _ refusal: String?) {
            self.hooks = hooks
            self.ordering = ordering
            self.refusal = refusal
        }
    }

    @Test(arguments: [
        Chain([("a", "none"), ("a", "none")], "name: another hook of this instance is called \"a\" already"),
        Chain([("a", "before b")], "hint: inet/PHYSICAL_IN: hook a (before b): no hook b on this event"),
        Chain([("a", "after a")], "hint: inet/PHYSICAL_IN: hook a (after a): no hook a on this event"),
        Chain([("a", "before b")], ordering: "illumos", nil),
        Chain([("b", "none"), ("a", "before b")], nil),
        Chain(
            [("a", "first"), ("b", "first")], "hint: inet/PHYSICAL_IN: hook b (first) conflicts with hook a (first)"),
        Chain(
            [("a", "last"), ("b", "last")], ordering: "illumos",
            "hint: inet/PHYSICAL_IN: hook b (last) conflicts with hook a (last)"),
        Chain([("a", "before x"), ("b", "after x")], ordering: "illumos", nil),
        Chain([("a", "first"), ("b", "last")], nil),
        Chain(
            [("a", "first"), ("b", "before a")],
            "hint: inet/PHYSICAL_IN: hook b (before a) contradicts what these ask for: a"),
        Chain([("a", "last"), ("b", "before a")], nil),
        Chain(
            [("a", "none"), ("b", "none"), ("c", "none"), ("d", "none")],
            "events: inet/PHYSICAL_IN: hook d: the event has its limit of 3 hooks"),
    ])
    func chains(_ chain: Chain) throws {
        let hooks = chain.hooks.map {
            """
            [[instance.hook]]
            name = "\($0.name)"
            events = ["PHYSICAL_IN"]
            hint = "\($0.hint)"
            module = "trace"

            """
        }
        let complaints = try complaints(
            about: "[[instance]]\nname = \"global\"\nordering = \"\(chain.ordering)\"\nmax-hooks = 3\n"
                + hooks.joined())
        let last = hooks.count - 1
        let keyLines = ["name": 1, "events": 2, "hint": 3]
        let expected = chain.refusal.map { refusal in
            let key = String(refusal.prefix { $0 != ":" })
            return "neti.toml:\(5 + 5 * last + (keyLines[key] ?? 0)): instance[0].hook[\(last)].\(refusal)"
        }
        #expect(complaints == (expected.map { [$0] } ?? []))
    }

    /// A hint counts on each event and family by itself.
    @Test func hintsMeetOnlyOnTheSameChain() throws {
        #expect(
            try complaints(
                about: """
                    [[instance]]
                    name = "global"
                    hook = [
                        { name = "a", module = "trace", events = ["PHYSICAL_IN"], families = ["inet"], hint = "first" },
                        { name = "b", module = "trace", events = ["PHYSICAL_IN"], families = ["inet6"], hint = "first" },
                        { name = "c", module = "trace", events = ["PHYSICAL_OUT"], hint = "first" },
                        { name = "d", module = "trace", events = ["PHYSICAL_IN"], hint = "after a" },
                    ]
                    """) == [
                    """
                    neti.toml:7: instance[0].hook[3].hint: inet6/PHYSICAL_IN: hook d (after a): no hook a on this event
                    """
                ])
    }

    /// One hook on events and families, by a module that stays away from OBSERVING.
    @Test(arguments: [
        (#"["PHYSICAL_IN", "PHYSICAL_OUT", "FORWARDING", "LOOPBACK_IN", "LOOPBACK_OUT"]"#, "", String?.none),
        (#"["OBSERVING"]"#, "", "4: instance[0].hook[0].events: inet/OBSERVING: not there"),
        (#"["FORWARDING", "OBSERVING"]"#, #"["inet6"]"#, "4: instance[0].hook[0].events: inet6/OBSERVING: not there"),
        (#"["PHYSICAL_IN", "PHYSICAL_OUT"]"#, #"["arp"]"#, nil),
        (#"["PHYSICAL_OUT"]"#, #"["inet", "inet6", "arp"]"#, nil),
        (
            #"["PHYSICAL_IN", "FORWARDING"]"#, #"["inet", "arp"]"#,
            "5: instance[0].hook[0].families: arp has no FORWARDING, only PHYSICAL_IN and PHYSICAL_OUT"
        ),
        (
            #"["OBSERVING"]"#, #"["arp"]"#,
            "5: instance[0].hook[0].families: arp has no OBSERVING, only PHYSICAL_IN and PHYSICAL_OUT"
        ),
    ])
    func eventsOfFamiliesAndModules(events: String, families: String, complaint: String?) throws {
        let text = """
            [[instance]]
            name = "global"
            [[instance.hook]]
            events = \(events)
            \(families.isEmpty ? "" : "families = \(families)")
            name = "a"
            module = "trace"
            """
        #expect(try complaints(about: text) == (complaint.map { ["neti.toml:\($0)"] } ?? []))
    }

    /// A mistake in one value doesn't make others look wrong.
    @Test func mistakesDoNotSpread() throws {
        #expect(
            try complaints(
                about: """
                    [[instance]]
                    name = "global"
                    [[instance]]
                    netns = 1
                    [[instance]]
                    netns = 2
                    [[instance.hook]]
                    name = 3
                    module = "trace"
                    events = ["PHYSICAL_IN"]
                    [[instance.hook]]
                    name = "b"
                    module = "trace"
                    events = ["PHYSICAL_IN"]
                    hint = "after a"
                    """) == [
                    "neti.toml:4: instance[1].netns: expected a string, found an integer",
                    "neti.toml:6: instance[2].netns: expected a string, found an integer",
                    "neti.toml:8: instance[2].hook[0].name: expected a string, found an integer",
                ])
    }
}
