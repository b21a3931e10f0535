// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Impair

/// What chance decides: as often as it should, and the same again for the same seed.
struct DrawTests {
    private func fates(_ impairment: Impairment, sequence: UInt64 = 0, count: UInt64 = 100_000) -> [Fate] {
        let random = RandomNumbers(seed: impairment.seed, sequence: sequence)
        return (0..<count).map { impairment.draw(random, packet: $0, bits: 800) }
    }

    /// Whether a count is within five standard deviations of what `share` of `trials` gives.
    private func isBinomial(_ count: Int, _ share: Double, _ trials: Int) -> Bool {
        let mean = share * Double(trials)
        return abs(Double(count) - mean) <= 5 * (mean * (1 - share)).squareRoot()
    }

    @Test(arguments: [0.001, 0.1, 0.25, 0.9], [UInt64(0), 1, 42, .max])
    func shares(share: Double, seed: UInt64) {
        var impairment = Impairment()
        impairment.seed = seed
        impairment.loss = Share(share)
        impairment.duplicate = Share(share)
        impairment.reorder = Share(share)
        impairment.corrupt = Share(share)
        let fates = fates(impairment)
        #expect(isBinomial(fates.count(where: \.isLost), share, fates.count))
        #expect(isBinomial(fates.count(where: \.isDuplicated), share, fates.count))
        #expect(isBinomial(fates.count(where: \.isReordered), share, fates.count))
        #expect(isBinomial(fates.count { $0.corruptedBit != nil }, share, fates.count))
        // None says anything about another, nor about the packet before.
        #expect(isBinomial(fates.count { $0.isLost && $0.isReordered }, share * share, fates.count))
        let pairs = zip(fates, fates.dropFirst()).count { $0.isLost && $1.isLost }
        #expect(isBinomial(pairs, share * share, fates.count))
    }

    @Test("The same seed decides the same, another one or another event or protocol something else")
    func repeatable() {
        var impairment = Impairment()
        impairment.loss = Share(0.5)
        impairment.seed = 42
        let fates = fates(impairment, count: 1_000)
        #expect(self.fates(impairment, count: 1_000) == fates)
        #expect(self.fates(impairment, sequence: 1, count: 1_000) != fates)
        impairment.seed = 43
        #expect(self.fates(impairment, count: 1_000) != fates)
    }

    @Test("Which packets a seed loses never changes from one version to the next")
    func golden() {
        var impairment = Impairment()
        impairment.seed = 42
        impairment.loss = Share(0.1)
        let lost = fates(impairment, count: 100).enumerated().filter(\.element.isLost).map(\.offset)
        #expect(lost == Self.lostOf100)
    }

    private static let lostOf100 = [0, 1, 2, 8, 15, 23, 27, 30, 37, 61, 68, 74, 77, 87, 94]

    @Test("The first packets of neighbouring seeds are as random as those of one seed")
    func seeds() {
        var impairment = Impairment()
        impairment.loss = Share(0.1)
        var lost = (first: 0, three: 0)
        for seed in 0..<UInt64(100_000) {
            impairment.seed = seed
            let fates = fates(impairment, count: 3)
            lost.first += fates[0].isLost ? 1 : 0
            lost.three += fates.allSatisfy(\.isLost) ? 1 : 0
        }
        #expect(isBinomial(lost.first, 0.1, 100_000))
        #expect(isBinomial(lost.three, 0.001, 100_000))
    }

    @Test("Changing one impairment leaves the decisions about others as they were")
    func independent() {
        var impairment = Impairment()
        impairment.loss = Share(0.1)
        let before = fates(impairment, count: 1_000).map(\.isLost)
        impairment.duplicate = Share(0.3)
        impairment.corrupt = Share(0.7)
        impairment.delay = Delay(mean: 50_000_000, jitter: 10_000_000, distribution: .normal)
        #expect(fates(impairment, count: 1_000).map(\.isLost) == before)
    }

    @Test("Every bit behind the header is as likely to be flipped as any other")
    func bits() {
        var impairment = Impairment()
        impairment.corrupt = Share(1)
        var counts = [Int](repeating: 0, count: 800)
        for fate in fates(impairment) { counts[fate.corruptedBit ?? 0] += 1 }
        #expect(counts.allSatisfy { isBinomial($0, 1 / 800, 100_000) })
        let nothing = impairment.draw(RandomNumbers(seed: 0, sequence: 0), packet: 0, bits: 0)
        #expect(nothing.corruptedBit == nil)
    }

    private func delays(_ delay: Delay) -> [Double] {
        let random = RandomNumbers(seed: 42, sequence: 3)
        return (0..<UInt64(100_000)).map { Double(delay.nanoseconds(random, packet: $0, for: .jitter)) / 1e6 }
    }

    private func moments(_ values: [Double]) -> (mean: Double, deviation: Double) {
        let mean = values.reduce(0, +) / Double(values.count)
        let square = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
        return (mean, square.squareRoot())
    }

    @Test("Uniform jitter: within its bounds, and as its formula says")
    func uniform() {
        let delays = delays(Delay(mean: 50_000_000, jitter: 10_000_000, distribution: .uniform))
        #expect(delays.allSatisfy { 40...60 ~= $0 })
        #expect(delays.contains { $0 < 40.1 } && delays.contains { $0 > 59.9 })
        let (mean, deviation) = moments(delays)
        #expect(abs(mean - 50) < 0.1)
        #expect(abs(deviation - 20 / 12.0.squareRoot()) < 0.05)
    }

    @Test("Normal jitter: the standard deviation is the jitter, and the bell is a bell")
    func normal() {
        let delays = delays(Delay(mean: 50_000_000, jitter: 5_000_000, distribution: .normal))
        let (mean, deviation) = moments(delays)
        #expect(abs(mean - 50) < 0.1)
        #expect(abs(deviation - 5) < 0.05)
        for (width, share) in [(1.0, 0.6827), (2, 0.9545), (3, 0.9973)] {
            let within = delays.count { abs($0 - 50) <= 5 * width }
            #expect(abs(Double(within) / 100_000 - share) < 0.01, "\(width)")
        }
    }

    @Test("No delay is below nothing, and none without jitter differs")
    func bounds() {
        let delays = delays(Delay(mean: 1_000_000, jitter: 10_000_000, distribution: .uniform))
        #expect(delays.contains(0) && delays.allSatisfy { 0...11 ~= $0 })
        #expect(Set(self.delays(Delay(mean: 7_000_000))) == [7])
        let longest = Delay(mean: 3_600_000_000_000, jitter: 3_600_000_000_000, distribution: .normal)
        #expect(self.delays(longest).allSatisfy { 0...(7 * 3_600_000) ~= $0 })
    }
}
