// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import NetiLinux

/// Which pump gets what.
struct PumpPlacementTests {
    private final class Source {}

    @Test("Queues with much to do are spread over all pumps, whatever else instances have", arguments: 1...9)
    func spread(_ pumps: Int) {
        var placement = PumpPlacement(pumps: pumps)
        var queues = [Int](repeating: 0, count: pumps)
        var sources: [Source] = []
        for _ in 0..<pumps * 4 {
            for load in [PumpPlacement.least, PumpPlacement.least, PumpPlacement.most] {
                let source = Source()
                sources.append(source)
                let pump = placement.place(ObjectIdentifier(source), load: load)
                if load == PumpPlacement.most { queues[pump] += 1 }
            }
        }
        #expect(queues == [Int](repeating: 4, count: pumps))
    }

    @Test("What is taken away makes room for the next, once")
    func room() {
        var placement = PumpPlacement(pumps: 2)
        let sources = (0..<3).map { _ in Source() }
        #expect(placement.place(ObjectIdentifier(sources[0]), load: PumpPlacement.most) == 0)
        #expect(placement.place(ObjectIdentifier(sources[1]), load: PumpPlacement.most) == 1)
        #expect(placement.remove(ObjectIdentifier(sources[1])) == 1)
        #expect(placement.remove(ObjectIdentifier(sources[1])) == nil)
        #expect(placement.place(ObjectIdentifier(sources[2]), load: PumpPlacement.least) == 1)
    }

    @Test("A queue that gets another purpose counts as what it is")
    func otherPurpose() {
        var placement = PumpPlacement(pumps: 2)
        let sources = (0..<4).map { _ in Source() }
        #expect(placement.place(ObjectIdentifier(sources[0]), load: PumpPlacement.least) == 0)
        #expect(placement.place(ObjectIdentifier(sources[1]), load: PumpPlacement.least) == 1)
        placement.weigh(ObjectIdentifier(sources[0]), load: PumpPlacement.most)
        #expect(placement.place(ObjectIdentifier(sources[2]), load: PumpPlacement.most) == 1)
        #expect(placement.remove(ObjectIdentifier(sources[0])) == 0)
        #expect(placement.place(ObjectIdentifier(sources[3]), load: PumpPlacement.most) == 0)
        placement.weigh(ObjectIdentifier(Source()), load: PumpPlacement.most)
    }
}
