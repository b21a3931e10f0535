// SPDX-License-Identifier: Apache-2.0

import Hooks
import Neti
import Packet
import SystemPackage
import Testing

/// The examples of the pages do what the pages say.
struct ExamplesWork {
    private let netinfo = Netinfo(readers: 1)
    private let provider = ReplayProvider()

    private func add(_ name: String) throws -> Instance {
        try netinfo.addInstance(named: name, settings: .init(provider: provider))
    }

    private func hooks(_ instance: Instance) -> [String] {
        instance.protocolHandle(.inet).event(.physicalIn).snapshot().map(\.name)
    }

    @Test("A module puts its hook on instances that are there and on those that come, and takes it off again")
    func module() throws {
        let early = try add("early")
        try registerTelnetModule(in: netinfo)
        let late = try add("late")
        #expect(hooks(early) == ["no-telnet"])
        #expect(hooks(late) == ["no-telnet"])
        try netinfo.removeInstance(late)
        #expect(hooks(late) == [])
        try netinfo.unregister(named: "no-telnet")
        #expect(hooks(early) == [])
    }

    @Test("Hooks of the page see and change packets")
    func hooks() throws {
        let instance = try add("blue")
        let inet = instance.protocolHandle(.inet)
        try registerNoTelnet(at: instance)
        try registerOtherPort(at: instance)
        let count = FragmentCount(lanes: 1)
        try count.register(at: instance)
        #expect(hooks(instance) == ["no-telnet", "other-port", "fragments"])
        let reader = try netinfo.publication.makeReader()
        var telnet = segment(to: 23)
        #expect(!provider.replay(&telnet, at: inet, reader: reader))
        var web = segment(to: 8080)
        #expect(provider.replay(&web, at: inet, reader: reader))
        #expect(web[22...23] == [0, 80])
        var fragment = segment(to: 80)
        fragment[6] = 0x20
        #expect(provider.replay(&fragment, at: inet, reader: reader))
        #expect(count.total == 1)
    }

    @Test("A hook that throws is counted, and its policy drops the packet")
    func failing() throws {
        let instance = try add("blue")
        let inet = instance.protocolHandle(.inet)
        try registerReadable(at: instance)
        let reader = try netinfo.publication.makeReader()
        var broken: [UInt8] = [0x45, 0]
        var whole = segment(to: 80)
        let event = inet.event(.physicalIn)
        func run(_ bytes: inout [UInt8]) -> HookResult {
            reader.enter()
            defer { reader.leave() }
            return unsafe bytes.withUnsafeMutableBytes { bytes in
                guard let base = bytes.baseAddress else { return .drop }
                var packet = unsafe PacketEvent(
                    netid: instance.netid, family: .inet, event: .physicalIn, flags: [], lane: 0,
                    metadata: PacketMetadata(), mark: 0, base: base, count: bytes.count, capacity: bytes.count)
                return event.run(&packet, reader: reader)
            }
        }
        #expect(run(&broken) == .drop)
        #expect(run(&whole) == .pass)
        let hook = try #require(event.snapshot().first)
        #expect((hook.hits, hook.drops, hook.trouble.failures) == (2, 1, 1))
        #expect(hook.trouble.lastFailure == .badMessage)
    }

    @Test("A provider of its own runs hooks that get its own data")
    func frames() throws {
        let instance = try add("blue")
        let frames = try FrameProvider(netinfo: netinfo, netid: instance.netid)
        let handle = try #require(netinfo.protocolHandle(named: "NHF_FRAMES", in: instance.netid))
        try handle.register(
            Hook<Frame>(name: "short") { frame in frame.length < 60 ? .drop : .pass }, onEventNamed: "PHYSICAL_IN")
        let reader = try netinfo.publication.makeReader()
        #expect(frames.receive(Frame(machine: 1, length: 42), reader: reader) == .drop)
        #expect(frames.receive(Frame(machine: 1, length: 64), reader: reader) == .pass)
        try handle.unregister("short", fromEventNamed: "PHYSICAL_IN")
        try frames.stop()
        #expect(netinfo.protocolHandle(named: "NHF_FRAMES", in: instance.netid) == nil)
    }

    /// An IPv4 packet with a TCP header and nothing behind it.
    private func segment(to port: UInt16) -> [UInt8] {
        var packet: [UInt8] = [0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]
        packet += [0x30, 0x39, UInt8(port >> 8), UInt8(port & 255)] + Array(repeating: 0, count: 8)
        packet += [0x50, 0x02] + Array(repeating: 0, count: 6)
        return packet
    }
}
