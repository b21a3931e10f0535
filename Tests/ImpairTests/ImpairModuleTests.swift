// SPDX-License-Identifier: Apache-2.0

import Hooks
import Impair
import Neti
import Packet
import Synchronization
import SystemPackage
import Testing

/// The module between a packet and the instance's list.
struct ImpairModuleTests {
    @Test("A delayed packet is on the list with the hook's stamp, and passes when it comes back")
    func delay() throws {
        let rig = try ImpairRig(["delay": "3600s"])
        let packet = try datagram()
        let shown = rig.show(packet)
        #expect(shown.isConsumed)
        #expect(rig.held == 1)
        #expect(rig.show(packet, stamps: rig.stamp).hasPassed)
        #expect(rig.statistic("seen") == "1")
        #expect(rig.statistic("delayed") == "1")
    }

    @Test("Without a value, packets pass; what is lost is dropped")
    func lossOnly() throws {
        let rig = try ImpairRig([:])
        #expect(rig.show(try datagram()).hasPassed)
        try rig.module.change(["loss": "100%"])
        #expect(rig.show(try datagram()) == .init(result: .drop, isConsumed: false, bytes: try datagram()))
        #expect(rig.statistic("lost") == "1")
        #expect(rig.statistic("matched") == "2")
        #expect(rig.held == 0)
    }

    @Test("A duplicate goes by the list, the packet itself at once; one that is also lost stays one")
    func duplicate() throws {
        let rig = try ImpairRig(["duplicate": "100%"])
        #expect(rig.show(try datagram()).hasPassed)
        #expect(rig.show(try datagram(), at: .physicalIn).hasPassed)
        #expect(rig.held == 2)
        #expect(rig.statistic("duplicated") == "2")
        try rig.module.change(["loss": "100%"])
        #expect(rig.show(try datagram()).hasPassed)
        #expect(rig.held == 2)
        #expect(rig.statistic("lost") == "0")
    }

    @Test("A packet that overtakes goes at once while the others are held")
    func reorder() throws {
        let rig = try ImpairRig(["delay": "10s", "reorder": "30%", "seed": "42"])
        let packet = try datagram()
        let passed = (0..<1_000).count { _ in rig.show(packet).hasPassed }
        #expect((250...350).contains(passed))
        #expect(rig.held == 1_000 - passed)
        #expect(rig.statistic("reordered") == "\(passed)")
    }

    @Test("Exactly one bit behind the IP header is flipped, and the checksum tells", arguments: [false, true])
    func corrupt(isPostponed: Bool) throws {
        let rig = try ImpairRig(["corrupt": "100%", "seed": "7"])
        for _ in 0..<50 {
            let packet = try datagram()
            var sent = packet
            // What a sender leaves to its card: the sum over the pseudo header alone.
            if isPostponed { (sent[26], sent[27]) = (0x12, 0x34) }
            let shown = rig.show(sent) { $0.isChecksumPostponed = isPostponed }
            #expect(shown.hasPassed)
            let difference = zip(packet, shown.bytes).map { ($0 ^ $1).nonzeroBitCount }
            #expect(difference.reduce(0, +) == 1)
            #expect(difference.prefix(20).allSatisfy { $0 == 0 })
        }
        #expect(rig.statistic("corrupted") == "50")
    }

    @Test("A corrupted packet that is held leaves corrupted, whoever was to compute its checksum")
    func corruptAndHeld() throws {
        let rig = try ImpairRig(["corrupt": "100%", "duplicate": "100%", "delay": "1ns"])
        let packet = try datagram()
        var sent = packet
        (sent[26], sent[27]) = (0x12, 0x34)
        #expect(rig.show(sent) { $0.isChecksumPostponed = true }.isConsumed)
        var seen: [[UInt8]] = []
        while seen.count < 2 {
            rig.onList { due, bytes in
                #expect(due.stamps == rig.stamp)
                #expect(due.style == .queueOut)
                seen.append(bytes)
            }
        }
        // The duplicate is as it was sent, as tc-netem(8) has it.
        let bits = seen.map { zip(packet, $0).reduce(0) { $0 + ($1.0 ^ $1.1).nonzeroBitCount } }
        #expect(bits.sorted() == [0, 1])
    }

    @Test("Behind a full link packets are dropped and counted")
    func limit() throws {
        let rig = try ImpairRig(["rate": "1kbit", "limit": "3"])
        for _ in 0..<5 { _ = rig.show(try datagram()) }
        #expect(rig.held == 3)
        #expect(rig.statistic("rate_limited") == "2")
        #expect(rig.statistic("delayed") == "3")
        // Each event is a link of its own.
        #expect(rig.show(try datagram(), at: .physicalIn).isConsumed)
    }

    @Test("A full list drops, as a full queue does; where nothing can be held, packets pass and the log says so")
    func refused() throws {
        let rig = try ImpairRig(["delay": "10s"], packets: 2)
        for _ in 0..<2 { #expect(rig.show(try datagram()).isConsumed) }
        let shown = rig.show(try datagram())
        #expect(shown.result == .drop && !shown.isConsumed)
        #expect(rig.statistic("refused") == "1")

        let unable = try ImpairRig(["delay": "10s"], canHold: false)
        #expect(unable.module.takeLogLines().isEmpty)
        for _ in 0..<2 { #expect(unable.show(try datagram()).hasPassed) }
        #expect(unable.statistic("unheld") == "2")
        #expect(
            unable.module.takeLogLines() == ["packets can't be held here and go on at once; 'neti-ctl status' says why"]
        )
        #expect(unable.module.takeLogLines().isEmpty)
    }

    @Test("Only packets for which the condition holds are touched, on the interface of the event's direction")
    func match() throws {
        let rig = try ImpairRig(["loss": "100%", "match": "on eth0 proto udp from any to any port = 53"])
        #expect(rig.show(try datagram(to: 53)).hasPassed)
        rig.module.interfacesChanged([Interface(index: 2, name: "eth0", flags: [.up])])
        for event in [NetworkEvent.physicalIn, .physicalOut] {
            #expect(rig.show(try datagram(to: 53), at: event).result == .drop)
            #expect(rig.show(try datagram(to: 54), at: event).hasPassed)
        }
        #expect(rig.show(try datagram(to: 53), at: .forwarding).hasPassed)
        // Another condition knows the interfaces too.
        try rig.module.change(["match": "on eth0 all"])
        #expect(rig.show(try datagram(to: 54)).result == .drop)
        try rig.module.change(["match": "on eth1 all"])
        #expect(rig.show(try datagram(to: 54)).hasPassed)
        rig.module.interfacesChanged([Interface(index: 2, name: "eth0", flags: [.up])])
        #expect(rig.module.takeLogLines() == ["its condition names interface 'eth1', which isn't there"])
    }

    @Test("A packet whose headers can't be read passes")
    func garbage() throws {
        let rig = try ImpairRig(["loss": "100%"])
        #expect(rig.show([0x45, 0, 0]).hasPassed)
    }

    @Test("A change is taken over as a whole or not at all, and its values are in the kstat")
    func change() throws {
        let rig = try ImpairRig(["delay": "50ms", "seed": "42"])
        #expect(rig.statistic("delay") == "50ms")
        #expect(rig.statistic("loss") == "0%")
        #expect(rig.statistic("match") == "all")
        #expect(
            throws: NetiError(
                .invalidArgument,
                """
                hook 'slow': loss: expected a percentage from "0%" to "100%" such as "0.5%", found "x"; match: column 1: \
                expected a condition such as 'proto udp', found nothing
                """)
        ) { try rig.module.change(["delay": "80ms", "loss": "x", "match": ""]) }
        #expect(rig.statistic("delay") == "50ms")
        try rig.module.change(["delay": "0ms", "loss": "100%"])
        #expect(rig.statistic("delay") == "0ms")
        #expect(rig.statistic("loss") == "100%")
        #expect(rig.statistic("seed") == "42")
        #expect(rig.show(try datagram()).result == .drop)
    }

    @Test("The same seed loses the same packets again; a change of the seed begins anew, another change doesn't")
    func repeatable() throws {
        func lost(_ rig: ImpairRig, _ count: Int) throws -> [Bool] {
            let packet = try datagram()
            return (0..<count).map { _ in rig.show(packet).result == .drop }
        }
        let rig = try ImpairRig(["loss": "30%", "seed": "42"])
        let first = try lost(rig, 200)
        #expect(first.contains(true) && first.contains(false))
        try rig.module.change(["seed": "42"])
        let begin = try lost(rig, 100)
        try rig.module.change(["duplicate": "0%"])
        #expect(begin + (try lost(rig, 100)) == first)
        #expect(try lost(ImpairRig(["loss": "30%", "seed": "42"]), 200) == first)
        #expect(try lost(ImpairRig(["loss": "30%", "seed": "43"]), 200) != first)
        // A seed that nobody chose can be read and used again.
        let random = try ImpairRig(["loss": "30%"])
        let unknown = try lost(random, 200)
        let seed = try #require(random.statistic("seed"))
        #expect(try lost(ImpairRig(["loss": "30%", "seed": seed]), 200) == unknown)
    }

    @Test(
        "Changes while two threads are in the hook: each packet meets one set of values or the other, never a mixture")
    func changesUnderway() async throws {
        // Everything is lost, or nothing matches.
        let all = ["loss": "100%", "match": "all"]
        let none = ["loss": "0%", "match": "proto tcp all"]
        let rig = try ImpairRig(all, lanes: 2)
        let packet = try datagram()
        let end = End()
        @Sendable func run(_ lane: Int) throws -> (shown: Int, lost: Int) {
            let reader = try rig.netinfo.publication.makeReader()
            var counts = (shown: 0, lost: 0)
            while !end.hasCome.load(ordering: .relaxed) {
                reader.enter()
                for _ in 0..<64 {
                    let shown = rig.show(packet, lane: lane)
                    counts.shown += 1
                    counts.lost += shown.result == .drop ? 1 : 0
                }
                reader.leave()
            }
            return counts
        }
        let counts = try await withThrowingTaskGroup(of: (shown: Int, lost: Int).self) { group in
            for lane in 0..<2 { group.addTask { try run(lane) } }
            for round in 0..<500 { try rig.module.change(round.isMultiple(of: 2) ? none : all) }
            end.hasCome.store(true, ordering: .relaxed)
            return try await group.reduce(into: (shown: 0, lost: 0)) { $0 = ($0.shown + $1.shown, $0.lost + $1.lost) }
        }
        #expect(rig.statistic("seen") == "\(counts.shown)")
        #expect(rig.statistic("lost") == "\(counts.lost)")
        #expect(rig.statistic("matched") == "\(counts.lost)")
    }

    private final class End: Sendable {
        let hasCome = Atomic(false)
    }

    @Test("ARP and OBSERVING only show packets, and are refused")
    func refusals() {
        #expect(ImpairModule.refusal(family: .arp, event: .physicalIn)?.key == .families)
        #expect(ImpairModule.refusal(family: .inet, event: .observing)?.key == .events)
        for event in NetworkFamily.inet.events where event != .observing {
            #expect(ImpairModule.refusal(family: .inet, event: event) == nil)
        }
    }

    @Test("Wrong values keep the module from being made, all of them told")
    func wrong() {
        #expect(
            throws: NetiError(
                .invalidArgument,
                """
                hook 'slow': delay: expected a time of up to an hour such as "50ms" (us, ms or s), found "x"; jitter: \
                expected a time of up to an hour such as "50ms" (us, ms or s), found "y"
                """)
        ) { try ImpairRig(["delay": "x", "jitter": "y"]) }
    }
}
