// SPDX-License-Identifier: Apache-2.0

import Neti
import NetiLinux
import Packet
import SystemPackage
import Testing

/// Who waits for which link-layer address: pure state, packets are numbers here.
@Suite struct NeighbourResolutionTests {
    private let hop = NeighbourKey(interface: 3, address: IPAddress(v4: 0xC000_0201))
    private let other = NeighbourKey(interface: 3, address: IPAddress(v4: 0xC000_0202))
    private static let second: UInt64 = 1_000_000_000

    private func address(_ number: UInt64) -> LinkLayerAddress? {
        LinkLayerAddress(0x0200_0000_0000_0000 | number << 16, length: 6)
    }

    /// What is to be done, in words.
    private func words(_ resolution: inout NeighbourResolution<Int>) -> [String] {
        resolution.takeActions().map { action in
            func name(_ key: NeighbourKey) -> String { "\(key.address.low & 0xFF)" }
            func name(_ address: LinkLayerAddress) -> String { "\(address.rawValue >> 16 & 0xFF)" }
            return switch action {
            case .look(let key, _): "look \(name(key))"
            case .use(let key, _): "use \(name(key))"
            case .send(let packet, let key, let address): "send \(packet) to \(name(key)) at \(name(address))"
            case .refuse(let packet, let key, let reason): "refuse \(packet) to \(name(key)): \(reason)"
            case .publish(let key, let address): "publish \(name(key)) at \(name(address))"
            case .withdraw(let key): "withdraw \(name(key))"
            }
        }
    }

    @Test("What the kernel knows is used at once, in order, and published after what waited")
    func known() {
        var resolution = NeighbourResolution<Int>()
        resolution.wait(1, for: hop, now: 0)
        resolution.wait(2, for: hop, now: 1)
        #expect(words(&resolution) == ["look 1"])
        resolution.take(.told(hop, .valid, address(9)))
        #expect(words(&resolution) == ["send 1 to 1 at 9", "send 2 to 1 at 9", "publish 1 at 9"])
        // A packet that was put on the list a moment before.
        resolution.wait(3, for: hop, now: 2)
        #expect(words(&resolution) == ["send 3 to 1 at 9"])
    }

    @Test("What it doesn't know it is made to ask for; an old failure is no answer, a new one is")
    func asked() {
        for answer in [NeighbourNews.refused(sequence: 1, .noSuchFileOrDirectory), .told(hop, .failed, nil)] {
            var resolution = NeighbourResolution<Int>()
            resolution.wait(1, for: hop, now: 0)
            #expect(words(&resolution) == ["look 1"])
            resolution.take(answer)
            #expect(words(&resolution) == ["use 1"])
            resolution.take(.told(hop, .unknown, nil))
            #expect(words(&resolution) == [])
            resolution.wait(2, for: hop, now: 0)
            resolution.take(.told(hop, .failed, nil))
            #expect(words(&resolution) == ["refuse 1 to 1: unreachable", "refuse 2 to 1: unreachable"])
            #expect(resolution.nextTick == nil)
        }
    }

    @Test("A stale address is used and confirmed")
    func stale() {
        var resolution = NeighbourResolution<Int>()
        resolution.wait(1, for: hop, now: 0)
        _ = words(&resolution)
        resolution.take(.told(hop, .stale, address(9)))
        #expect(words(&resolution) == ["send 1 to 1 at 9", "publish 1 at 9", "use 1"])
        // Goes stale while in use: confirmed at the next look, once.
        resolution.tick(0) { _ in true }
        resolution.take(.told(hop, .valid, address(9)))
        resolution.take(.told(hop, .stale, address(9)))
        #expect(words(&resolution) == [])
        resolution.tick(10 * Self.second) { _ in true }
        #expect(words(&resolution) == ["use 1"])
        resolution.tick(20 * Self.second) { _ in true }
        #expect(words(&resolution) == [])
    }

    @Test("An address that changes is replaced; one that is gone or failed is withdrawn and asked for anew")
    func changes() {
        var resolution = NeighbourResolution<Int>()
        resolution.wait(1, for: hop, now: 0)
        resolution.take(.told(hop, .valid, address(9)))
        _ = words(&resolution)
        resolution.take(.told(hop, .valid, address(9)))
        #expect(words(&resolution) == [])
        resolution.take(.told(hop, .valid, address(8)))
        #expect(words(&resolution) == ["publish 1 at 8"])
        resolution.take(.told(other, .valid, address(7)))
        resolution.take(.gone(other))
        #expect(words(&resolution) == [])
        for news in [NeighbourNews.gone(hop), .told(hop, .failed, nil), .told(hop, .unknown, nil)] {
            resolution.take(news)
            #expect(words(&resolution) == ["withdraw 1"])
            resolution.wait(2, for: hop, now: 0)
            resolution.take(.told(hop, .valid, address(8)))
            #expect(words(&resolution) == ["look 1", "send 2 to 1 at 8", "publish 1 at 8"])
        }
    }

    @Test("Packets wait three seconds at most, 64 of them for a next hop, and for 64 next hops")
    func bounds() {
        var resolution = NeighbourResolution<Int>()
        for packet in 0..<65 { resolution.wait(packet, for: hop, now: 5) }
        #expect(words(&resolution) == ["look 1", "refuse 64 to 1: unreachable"])
        for number in 2...64 as ClosedRange<UInt32> {
            resolution.wait(0, for: NeighbourKey(interface: 3, address: IPAddress(v4: number)), now: 6)
        }
        #expect(words(&resolution).count == 63)
        resolution.wait(0, for: NeighbourKey(interface: 3, address: IPAddress(v4: 65)), now: 6)
        #expect(words(&resolution) == ["refuse 0 to 65: unreachable"])
        #expect(resolution.nextTick == 5 + 3 * Self.second)
        resolution.tick(4 + 3 * Self.second) { _ in false }
        #expect(words(&resolution) == [])
        resolution.tick(5 + 3 * Self.second) { _ in false }
        #expect(words(&resolution) == (0..<64).map { "refuse \($0) to 1: unreachable" })
        resolution.tick(6 + 3 * Self.second) { _ in false }
        #expect(words(&resolution).count == 63)
        #expect(resolution.nextTick == nil)
    }

    @Test("What the kernel refuses is refused with its reason")
    func refused() {
        var resolution = NeighbourResolution<Int>()
        resolution.wait(1, for: hop, now: 0)
        resolution.wait(2, for: other, now: 0)
        _ = words(&resolution)
        resolution.take(.refused(sequence: 1, .operationNotSupportedByDevice))
        #expect(words(&resolution) == ["refuse 1 to 1: unknownInterface"])
        resolution.take(.refused(sequence: 2, .noSuchFileOrDirectory))
        #expect(words(&resolution) == ["use 2"])
        resolution.take(.refused(sequence: 2, .notPermitted))
        #expect(words(&resolution) == [])
        resolution.take(.refused(sequence: 3, .notPermitted))
        #expect(words(&resolution) == ["refuse 2 to 2: unreachable"])
        resolution.take(.refused(sequence: 4711, .notPermitted))
        #expect(words(&resolution) == [])
    }

    @Test("A next hop that the kernel forgets while it is asked for is asked for again, not for ever")
    func forgotten() {
        var resolution = NeighbourResolution<Int>()
        resolution.wait(1, for: hop, now: 0)
        resolution.take(.refused(sequence: 1, .noSuchFileOrDirectory))
        _ = words(&resolution)
        var asked = 0
        for _ in 0..<100 {
            resolution.take(.gone(hop))
            let actions = words(&resolution)
            if actions == ["use 1"] {
                asked += 1
            } else {
                #expect(actions == [] || actions == ["refuse 1 to 1: unreachable"])
            }
        }
        #expect((1...10).contains(asked))
    }

    @Test("After a loss everything is looked up anew")
    func lost() {
        var resolution = NeighbourResolution<Int>()
        resolution.wait(1, for: hop, now: 0)
        resolution.take(.told(hop, .valid, address(9)))
        resolution.wait(2, for: other, now: 0)
        resolution.take(.refused(sequence: 2, .noSuchFileOrDirectory))
        _ = words(&resolution)
        resolution.restart()
        #expect(words(&resolution) == ["withdraw 1", "look 2"])
        resolution.take(.told(other, .valid, address(8)))
        #expect(words(&resolution) == ["send 2 to 2 at 8", "publish 2 at 8"])
    }

    @Test("What is idle is forgotten after a minute, and then nothing is to be done")
    func idle() {
        var resolution = NeighbourResolution<Int>()
        resolution.wait(1, for: hop, now: 0)
        resolution.take(.told(hop, .valid, address(9)))
        _ = words(&resolution)
        var now: UInt64 = 0
        var seen: [String] = []
        while let next = resolution.nextTick, now < 1000 * Self.second {
            now = max(next, now + 1)
            resolution.tick(now) { _ in false }
            seen += words(&resolution)
        }
        #expect(seen == ["withdraw 1"])
        #expect((50...70).contains(now / Self.second))
    }

    @Test("At the end all that waits is given back")
    func end() {
        var resolution = NeighbourResolution<Int>()
        resolution.wait(1, for: hop, now: 0)
        resolution.wait(2, for: other, now: 0)
        resolution.wait(3, for: hop, now: 0)
        #expect(resolution.takeWaiting().sorted() == [1, 2, 3])
        #expect(resolution.nextTick == nil)
    }
}
