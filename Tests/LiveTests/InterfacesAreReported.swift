// SPDX-License-Identifier: Apache-2.0

import Hooks
import LiveHost
import Neti
import NetiLinux
import Packet
import Testing

extension RealPackets {
    /// `NIC_EVENTS` of real interfaces: what scripts of ip(8) make the hooks hear (R190 to R197).
    @Suite struct InterfacesAreReported {
        /// The index of the interface that scripts are about.
        private static let index: UInt32 = 100

        private static let create = """
            link add d0 index 100 type veth peer name p0
            link set d0 addrgenmode none
            link set p0 addrgenmode none
            link set p0 up
            """

        /// Commands of ip(8), each with the events of one protocol that it makes.
        struct Life: Sendable, CustomTestStringConvertible {
            let family: NetworkFamily
            let steps: [(command: String, events: [String])]
            var testDescription: String { "\(family)" }
        }

        static let lives = [
            Life(
                family: .inet,
                steps: [
                    (create, ["PLUMB d0"]),
                    ("address add 203.0.113.1/24 dev d0", ["1 ADDRESS_CHANGE 203.0.113.1"]),
                    ("link set d0 up", ["UP", "1 LIF_UP"]),
                    ("address add 198.51.100.1/24 dev d0", ["2 LIF_UP"]),
                    ("link set d0 down", ["1 LIF_DOWN", "2 LIF_DOWN", "DOWN"]),
                    ("link set d0 name d1", []),
                    ("link set d1 up", ["UP", "1 LIF_UP", "2 LIF_UP"]),
                    (
                        "address del 203.0.113.1/24 dev d1\naddress add 203.0.113.9/24 dev d1",
                        ["1 LIF_DOWN", "1 ADDRESS_CHANGE 203.0.113.9", "1 LIF_UP"]
                    ),
                    ("address replace 203.0.113.9/24 dev d1 valid_lft 600 preferred_lft 600", []),
                    ("link set d1 mtu 1400", []),
                    ("address del 198.51.100.1/24 dev d1", ["2 LIF_DOWN"]),
                    ("address add 198.51.100.2/24 dev d1", ["2 LIF_UP"]),
                    ("address add 198.51.100.3/24 dev d1", ["3 LIF_UP"]),
                    ("link del d1", ["1 LIF_DOWN", "2 LIF_DOWN", "3 LIF_DOWN", "DOWN", "UNPLUMB d1"]),
                ]),
            Life(
                family: .inet6,
                steps: [
                    (create, ["PLUMB d0"]),
                    ("address add 2001:db8:1::1/64 dev d0 nodad", ["1 ADDRESS_CHANGE 2001:db8:1::1"]),
                    ("link set d0 up", ["UP", "1 LIF_UP"]),
                    ("address add 2001:db8:2::1/64 dev d0 nodad", ["2 LIF_UP"]),
                    // IPv6 addresses don't outlive it.
                    ("link set d0 down", ["1 LIF_DOWN", "2 LIF_DOWN", "DOWN"]),
                    ("link set d0 name d1", []),
                    ("link set d1 up", ["UP"]),
                    ("address add 2001:db8:1::9/64 dev d1 nodad", ["1 ADDRESS_CHANGE 2001:db8:1::9", "1 LIF_UP"]),
                    ("address add 2001:db8:2::9/64 dev d1 nodad", ["2 LIF_UP"]),
                    (
                        "address del 2001:db8:1::9/64 dev d1\naddress add 2001:db8:3::9/64 dev d1 nodad",
                        ["1 LIF_DOWN", "1 ADDRESS_CHANGE 2001:db8:3::9", "1 LIF_UP"]
                    ),
                    ("link set d1 mtu 1400", []),
                    ("link del d1", ["1 LIF_DOWN", "2 LIF_DOWN", "DOWN", "UNPLUMB d1"]),
                ]),
        ]

        @Test("The life of an interface, event by event (R192, R194, R195, R196)", arguments: lives)
        func wholeLife(_ life: Life) throws {
            try Rig.with { rig in
                let listener = try NICListener(rig.instance)
                let handle = rig.instance.protocolHandle(life.family)
                var expected: [String] = []
                for step in life.steps {
                    try rig.right.batch(step.command)
                    expected += step.events.map { "\(Self.index): \($0)" }
                    let isHeard = Deadline(.seconds(5)).sees {
                        listener.lines(of: [Self.index], life.family).count >= expected.count
                    }
                    #expect(isHeard, "after '\(step.command)'")
                    #expect(listener.lines(of: [Self.index], life.family) == expected, "after '\(step.command)'")
                    if step.command == "link set d0 name d1" {
                        #expect(Deadline(.seconds(5)).sees { handle.interfaceName(of: Self.index) == "d1" })
                        #expect(handle.interface(named: "d0") == nil)
                    }
                }
                let lines = try listener.hear(from: rig.right, [Self.index], life.family)
                #expect(lines == expected)
                // What is gone resolves no more (R193).
                #expect(handle.interfaceName(of: Self.index) == nil)
            }
        }

        @Test("A script that runs at full speed makes the same events, in order (R190, R195, R196)")
        func fullSpeed() throws {
            try Rig.with { rig in
                let listener = try NICListener(rig.instance)
                let life = Self.lives[0]
                for _ in 0..<20 {
                    let heard = listener.count
                    try rig.right.batch(life.steps.map(\.command).joined(separator: "\n"))
                    let lines = try listener.hear(from: rig.right, [Self.index], .inet, after: heard)
                    #expect(lines == life.steps.flatMap(\.events).map { "\(Self.index): \($0)" })
                }
            }
        }

        /// A script and the events of one protocol.
        struct Case: Sendable, CustomTestStringConvertible {
            let family: NetworkFamily
            let script: String
            let events: [String]
            var testDescription: String { "\(family)" }
        }

        /// What happens while nobody listens, and the difference that it makes.
        static let missed = [
            Case(
                family: .inet,
                script: """
                    address del 203.0.113.1/24 dev d0
                    address add 203.0.113.9/24 dev d0
                    address add 198.51.100.1/24 dev d0
                    link set d0 name d1
                    link del gone0
                    link add new0 index 300 type veth peer name new1
                    address add 198.51.100.9/24 dev new0
                    link set new0 up
                    """,
                events: [
                    "200: 1 LIF_DOWN", "200: DOWN", "200: UNPLUMB gone0", "100: 1 LIF_DOWN",
                    "100: 1 ADDRESS_CHANGE 203.0.113.9", "100: 1 LIF_UP", "100: 2 LIF_UP", "300: PLUMB new0", "300: UP",
                    "300: 1 ADDRESS_CHANGE 198.51.100.9", "300: 1 LIF_UP",
                ]),
            Case(
                family: .inet6,
                script: """
                    address del 2001:db8:1::1/64 dev d0
                    address add 2001:db8:1::9/64 dev d0 nodad
                    address add 2001:db8:2::1/64 dev d0 nodad
                    link set d0 name d1
                    link del gone0
                    link add new0 index 300 type veth peer name new1
                    link set new0 addrgenmode none
                    link set new0 up
                    """,
                events: [
                    "200: DOWN", "200: UNPLUMB gone0", "100: 1 LIF_DOWN", "100: 1 ADDRESS_CHANGE 2001:db8:1::9",
                    "100: 1 LIF_UP", "100: 2 LIF_UP", "300: PLUMB new0", "300: UP",
                ]),
        ]

        @Test("What is lost in an overrun of the socket is made good by a fresh look, in order", arguments: missed)
        func overrun(_ example: Case) throws {
            try Rig.with { rig in
                try rig.right.batch(
                    """
                    \(Self.create)
                    link set d0 up
                    address add 203.0.113.1/24 dev d0
                    address add 2001:db8:1::1/64 dev d0 nodad
                    link add gone0 index 200 type veth peer name gone1
                    link set gone0 addrgenmode none
                    link set gone0 up
                    address add 198.51.100.77/32 dev gone0
                    """)
                let handle = rig.instance.protocolHandle(.inet6)
                #expect(
                    Deadline(.seconds(5)).sees { handle.addresses(of: 100)?.address.description == "2001:db8:1::1" })
                let listener = try NICListener(rig.instance)
                let heard = try listener.catchUp(with: rig.right)
                // The hook keeps the watch thread, so nobody reads the socket.
                let barrier = Barrier()
                try rig.instance.protocolHandle(.inet).nicEvents.register(
                    Hook(name: "slow") { event in
                        if event.change == .plumbed(name: "slow0") { barrier.pass() }
                        return .pass
                    })
                try rig.right.batch("link add slow0 index 210 type veth peer name slow1")
                #expect(Deadline(.seconds(5)).sees { barrier.arrivals == 1 })
                for round in 0..<4 {
                    let flood = (0..<400).map { "link set p0 mtu \(1200 + ($0 + round) % 50)" }
                    try rig.right.batch(flood.joined(separator: "\n"))
                }
                try rig.right.batch(example.script)
                let before = try #require(rig.provider.status(of: rig.instance)).interfaceLosses
                barrier.open()
                let indexes: Set<UInt32> = [100, 200, 300]
                let lines = try listener.hear(from: rig.right, indexes, example.family, after: heard)
                #expect(lines == example.events)
                let after = try #require(rig.provider.status(of: rig.instance)).interfaceLosses
                #expect(after > before, "the socket wasn't overrun")
                let names = rig.instance.interfaces.current.map(\.name)
                #expect(names.contains("d1") && names.contains("new0") && !names.contains("gone0"))
            }
        }

        @Test("An IPv6 address is up when nobody else has claimed it, not before")
        func duplicateAddressDetection() throws {
            try Rig.with { rig in
                let listener = try NICListener(rig.instance)
                try rig.right.batch(Self.create + "\nlink set d0 up\naddress add 2001:db8:1::1/64 dev d0")
                let early = try listener.hear(from: rig.right, Self.index, .inet6)
                #expect(early == ["PLUMB d0", "UP", "1 ADDRESS_CHANGE 2001:db8:1::1"])
                #expect(
                    Deadline(.seconds(10)).sees { listener.lines(of: [Self.index], .inet6).last == "100: 1 LIF_UP" })
                #expect(listener.lines(of: [Self.index], .inet6).count == 4)
            }
        }

        @Test("Carrier that comes and goes is no event (R194); loopback goes neither up nor down (R196)")
        func carrierAndLoopback() throws {
            try Rig.with { rig in
                try rig.right.batch(Self.create + "\nlink set d0 up\naddress add 203.0.113.1/24 dev d0")
                let listener = try NICListener(rig.instance)
                let heard = try listener.catchUp(with: rig.right)
                try rig.right.batch("link set p0 down\nlink set p0 up\nlink set p0 down")
                try rig.right.batch("link set lo down\nlink set lo up")
                #expect(try listener.hear(from: rig.right, Self.index, .inet, after: heard) == [])
                #expect(listener.lines(of: [1], .inet, after: heard) == ["1: 1 LIF_DOWN", "1: 1 LIF_UP"])
            }
        }

        @Test("A device that moves to another namespace is unplumbed here and plumbed there")
        func moving() throws {
            try Rig.with { rig in
                let left = try rig.provider.addInstance(named: "left", in: rig.left.namespace)
                try rig.right.batch(Self.create + "\nlink set d0 up\naddress add 203.0.113.1/24 dev d0")
                let here = try NICListener(rig.instance)
                let there = try NICListener(left)
                let heard = try here.catchUp(with: rig.right)
                try rig.right.ip("link", "set", "d0", "netns", rig.left.name)
                let lines = ["1 LIF_DOWN", "DOWN", "UNPLUMB d0"]
                let leaving = try here.hear(from: rig.right, Self.index, .inet, after: heard)
                #expect(leaving == lines)
                // Linux may give it another index there.
                let arriving = try there.hear(from: rig.left, Set(1...1000), .inet)
                #expect(arriving.first?.hasSuffix(": PLUMB d0") == true)
                #expect(here.netids == [rig.instance.netid] && there.netids == [left.netid])
            }
        }

        @Test("A hook that answers with drop keeps the event from later ones, and can be taken off (R191, R51)")
        func stopping() throws {
            try Rig.with { rig in
                let events = rig.instance.protocolHandle(.inet).nicEvents
                let heard = Log<String>()
                try events.register(
                    Hook(name: "first") { event in
                        if event.interface >= 100 { heard.note("first \(event.interface)") }
                        return event.interface == 100 ? .drop : .pass
                    })
                try events.register(
                    Hook(name: "second") { event in
                        if event.interface >= 100 { heard.note("second \(event.interface)") }
                        return .pass
                    })
                try rig.right.batch(
                    "link add d0 index 100 type veth peer name p0\nlink add d1 index 200 type veth peer name p1")
                let told = ["first 100", "first 200", "second 200"]
                #expect(Deadline(.seconds(5)).sees { heard.entries.contains("second 200") })
                #expect(heard.entries.filter { told.contains($0) || $0.hasSuffix(" 100") } == told)
                try events.unregister(named: "first")
                try rig.right.batch("link del d0\nlink add d0 index 300 type veth peer name p0")
                #expect(Deadline(.seconds(5)).sees { heard.entries.contains("second 300") })
                #expect(heard.entries.contains("second 100") && !heard.entries.contains("first 300"))
            }
        }
    }
}

/// A hook on `NIC_EVENTS` of both protocols of an instance that notes what it hears.
private struct NICListener {
    private let log = Log<NICEvent>()

    init(_ instance: Instance) throws {
        for family in NetworkFamily.ip {
            try instance.protocolHandle(family).nicEvents.register(
                Hook(name: "listen") { [log] event in
                    log.note(event)
                    return .pass
                })
        }
    }

    var count: Int { log.entries.count }

    var netids: Set<NetID> { Set(log.entries.map(\.netid)) }

    /// What was heard of some interfaces, such as `100: 1 LIF_UP`.
    func lines(of indexes: Set<UInt32>, _ family: NetworkFamily, after count: Int = 0) -> [String] {
        log.entries.dropFirst(count).filter { $0.family == family && indexes.contains($0.interface) }.map { event in
            let logical = event.logicalInterface == 0 ? "" : "\(event.logicalInterface) "
            return "\(event.interface): \(logical)\(event.change.words)"
        }
    }

    /// Hears out what happened before, which may still be on its way to a new hook; how many events that were.
    func catchUp(with host: Host) throws -> Int {
        _ = try hear(from: host, [], .inet)
        return count
    }

    /// Makes one more interface, and returns what was heard of some before it: so nothing is left out or late.
    func hear(
        from host: Host, _ indexes: Set<UInt32>, _ family: NetworkFamily, after count: Int = 0
    ) throws -> [String] {
        let name = "end\(log.entries.count)"
        try host.ip("link", "add", name, "type", "veth", "peer", "name", "\(name)p")
        let isOver = Deadline(.seconds(10)).sees {
            log.entries.contains { $0.change == .plumbed(name: name) && $0.family == .inet6 }
        }
        #expect(isOver, "the last event is missing")
        return lines(of: indexes, family, after: count)
    }

    func hear(
        from host: Host, _ index: UInt32, _ family: NetworkFamily, after count: Int = 0
    ) throws -> [String] {
        try hear(from: host, [index], family, after: count).map { String($0.drop { $0 != " " }.dropFirst()) }
    }
}

extension NICEvent.Change {
    fileprivate var words: String {
        switch self {
        case .plumbed(let name): "PLUMB \(name)"
        case .unplumbed(let name): "UNPLUMB \(name)"
        case .up: "UP"
        case .down: "DOWN"
        case .addressChanged(let address): "ADDRESS_CHANGE \(address)"
        case .logicalUp: "LIF_UP"
        case .logicalDown: "LIF_DOWN"
        case .indexChanged(let index): "IFINDEX_CHANGE \(index)"
        }
    }
}

extension Host {
    /// Runs lines of ip(8) in order.
    func batch(_ lines: String) throws {
        try Command.run("ip", ["-n", name, "-batch", "-"], input: lines + "\n")
    }
}
