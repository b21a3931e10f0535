// SPDX-License-Identifier: Apache-2.0

import Glibc
import Hooks
import IPFilter
import Neti
import Packet
import SystemPackage
import Testing

struct IPFilterModuleTests {
    /// A rule file that is gone when the test is over.
    private final class RuleFile {
        let path: FilePath

        init(_ text: String) throws {
            path = FilePath("/tmp/neti-ipf-\(UInt64.random(in: 0...UInt64.max)).conf")
            let file = try FileDescriptor.open(
                path, .writeOnly, options: [.create, .exclusiveCreate], permissions: .ownerReadWrite)
            try file.closeAfter { _ = try file.writeAll(text.utf8) }
        }

        deinit {
            _ = unsafe unlink(path.string)
        }
    }

    private func module(_ text: String, policy: String? = nil) throws -> IPFilterModule {
        let file = try RuleFile(text)
        var values = ["rules": file.path.string]
        values["default-policy"] = policy
        return try IPFilterModule(
            HookModuleSettings(hookName: "filter", instanceName: "global", lanes: 2, values: values))
    }

    private func run(
        _ module: IPFilterModule, _ event: NetworkEvent, _ packet: SamplePacket, in inInterface: UInt32 = 0,
        out outInterface: UInt32 = 0, consumed: Bool = false
    ) -> HookResult {
        var bytes = packet.bytes
        var metadata = PacketMetadata()
        metadata.inInterface = inInterface
        metadata.outInterface = outInterface
        metadata.length = bytes.count
        metadata.arrival = 1_700_000_000_000_000_000
        let function = module.function(family: .inet, event: event)
        return unsafe bytes.withUnsafeMutableBytes { buffer in
            guard let base = buffer.baseAddress else { return .drop }
            var event = unsafe PacketEvent(
                netid: .global, family: .inet, event: event, flags: [], lane: 1, metadata: metadata, mark: 0,
                base: base,
                count: buffer.count, capacity: buffer.count)
            if consumed { event.consume() }
            do throws(Errno) {
                return try function(&event)
            } catch {
                Issue.record("the hook failed: \(error)")
                return .drop
            }
        }
    }

    @Test func eventsMeetTheRulesOfTheirDirection() throws {
        let module = try module("block in on eth0 proto tcp all\nblock out on eth1 proto tcp all")
        module.interfacesChanged([Interface(index: 2, name: "eth0"), Interface(index: 3, name: "eth1")])
        let packet = try SamplePacket.tcp()
        #expect(run(module, .physicalIn, packet, in: 2, out: 0) == .drop)
        #expect(run(module, .physicalIn, packet, in: 3, out: 2) == .pass)
        #expect(run(module, .physicalOut, packet, in: 2, out: 3) == .drop)
        #expect(run(module, .physicalOut, packet, in: 3, out: 2) == .pass)
        #expect(run(module, .physicalIn, try .udp(), in: 2) == .pass)
        #expect(module.rules.traffic(ofRule: 0).packets == 1)
    }

    @Test func localPacketsMeetTheRulesOfTheirEnd() throws {
        let module = try module("block in on lo proto tcp all\nblock out on lo proto udp all")
        module.interfacesChanged([Interface(index: 1, name: "lo")])
        #expect(run(module, .loopbackIn, try .tcp(), in: 1) == .drop)
        #expect(run(module, .loopbackIn, try .udp(), in: 1) == .pass)
        #expect(run(module, .loopbackOut, try .udp(), out: 1) == .drop)
        #expect(run(module, .loopbackOut, try .tcp(), out: 1) == .pass)
    }

    @Test func forwardedPacketsMeetBothDirections() throws {
        let module = try module("block in on eth0 proto tcp all\nblock out on eth1 proto udp all")
        module.interfacesChanged([Interface(index: 2, name: "eth0"), Interface(index: 3, name: "eth1")])
        #expect(run(module, .forwarding, try .tcp(), in: 2, out: 3) == .drop)
        #expect(run(module, .forwarding, try .tcp(), in: 3, out: 2) == .pass)
        #expect(run(module, .forwarding, try .udp(), in: 2, out: 3) == .drop)
        #expect(run(module, .forwarding, try .udp(), in: 3, out: 2) == .pass)
        // Blocked on their way in, the TCP packet never met the rules for its way out.
        #expect(module.rules.totals(.out).blocked == 1 && module.rules.totals(.in).blocked == 1)
    }

    @Test func staysOffEventsAtWhichItDecidesNothing() {
        for family in NetworkFamily.ip {
            for event in family.events {
                let refusal = IPFilterModule.refusal(family: family, event: event)
                #expect((refusal != nil) == (event == .observing))
                #expect(refusal?.key ?? .events == .events)
            }
        }
        for event in NetworkFamily.arp.events {
            #expect(IPFilterModule.refusal(family: .arp, event: event)?.key == .families)
        }
    }

    @Test func unreadablePacketIsDroppedAndConsumedOneLeftAlone() throws {
        let module = try module("pass in all\npass out all")
        var packet = try SamplePacket.tcp()
        packet.bytes[0] = 0
        #expect(run(module, .physicalIn, packet) == .drop)
        #expect(run(module, .physicalIn, packet, consumed: true) == .pass)
        #expect(module.rules.totals(.in).bad == 1)
    }

    @Test func defaultPolicyIsASettingThatIsShown() throws {
        let open = try module("block in proto udp all")
        #expect(run(open, .physicalIn, try .tcp()) == .pass)
        #expect(open.takeLogLines() == ["1 rules loaded, default policy is to pass"])
        let closed = try module("", policy: "block")
        #expect(run(closed, .physicalIn, try .tcp()) == .drop)
        #expect(closed.takeLogLines() == ["0 rules loaded, default policy is to block"])
        #expect(closed.takeLogLines() == [])
        let error = #expect(throws: NetiError.self) { try module("", policy: "maybe") }
        #expect(error?.errno == .invalidArgument)
        #expect(error?.reason.contains("expected \"pass\" or \"block\", found \"maybe\"") == true)
    }

    @Test func absentInterfacesAreReportedOnce() throws {
        let module = try module("pass in on eth0 all\npass in on eth9 all")
        _ = module.takeLogLines()
        let eth0 = Interface(index: 2, name: "eth0")
        module.interfacesChanged([eth0])
        module.interfacesChanged([eth0, Interface(index: 4, name: "other")])
        #expect(module.takeLogLines() == ["rules name interface 'eth9', which isn't there"])
        module.interfacesChanged([eth0, Interface(index: 5, name: "eth9")])
        #expect(module.takeLogLines() == [])
        module.interfacesChanged([eth0])
        #expect(module.takeLogLines() == ["rules name interface 'eth9', which isn't there"])
    }

    @Test func loggedPacketsBecomeLines() throws {
        let module = try module("block in log all")
        module.interfacesChanged([Interface(index: 2, name: "eth0")])
        _ = module.takeLogLines()
        _ = run(module, .physicalIn, try .tcp(), in: 2)
        #expect(
            module.takeLogLines() == [
                "2023-11-14T22:13:20.000000Z eth0 @0:1 b 192.0.2.1,40000 -> 198.51.100.7,22 PR tcp len 20 56 -S IN"
            ])
    }

    @Test func problemsOfTheFileAreTold() throws {
        let file = try RuleFile("pass in all\nblok in all\npass in from 192.0.2.1/33\n")
        let problems = IPFilterModule.problems(in: ["rules": file.path.string])
        #expect(problems.map(\.file) == [file.path.string, file.path.string])
        #expect(problems.map(\.line) == [2, 3])
        #expect(problems.map(\.column) == [1, 24])
        #expect(
            problems.first?.message
                == "expected 'pass', 'block', 'log' or 'count', found 'blok'\n    blok in all\n    ^")
        #expect(throws: NetiError.self) {
            try IPFilterModule(
                HookModuleSettings(hookName: "f", instanceName: "i", lanes: 1, values: ["rules": file.path.string]))
        }
        #expect(
            IPFilterModule.problems(in: ["rules": "/nonexistent"]).map(\.message) == [
                "can't be read: No such file or directory"
            ])
        let good = try RuleFile("pass in all")
        #expect(IPFilterModule.problems(in: ["rules": good.path.string, "default-policy": "block"]) == [])
    }

    @Test("A wrong policy is told at its key, beside what is wrong with the file; nothing changes while it runs")
    func policyAndChanges() throws {
        let wrong = IPFilterModule.problems(in: ["rules": "/nonexistent", "default-policy": "drop"])
        #expect(wrong.map(\.key) == ["default-policy", nil])
        #expect(wrong.map(\.file) == [nil, "/nonexistent"])
        #expect(wrong.first?.message == "expected \"pass\" or \"block\", found \"drop\"")
        let file = try RuleFile("pass in all")
        let module = try IPFilterModule(
            HookModuleSettings(hookName: "f", instanceName: "i", lanes: 1, values: ["rules": file.path.string]))
        #expect(throws: NetiError(.notSupported, "module 'ipf' takes no changes while it runs")) {
            try module.change(["default-policy": "block"])
        }
    }
}
