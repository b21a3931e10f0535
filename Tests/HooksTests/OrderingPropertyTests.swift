// SPDX-License-Identifier: Apache-2.0

import Hooks
import SystemPackage
import Testing

/// Random registrations in the documented ordering, judged by trying every order there is.
struct OrderingPropertyTests {
    private struct Member {
        let name: String
        let hint: Hint
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func everyHintHoldsOrNoOrderExists(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let names = ["a", "b", "c", "d", "e"]
        let event = HookEvent<Trace>.sample()
        var members: [Member] = []
        var refused = 0
        for _ in 0..<60 {
            let name = names.randomElement(using: &random) ?? "a"
            if members.contains(where: { $0.name == name }) {
                try event.unregister(named: name)
                members.removeAll { $0.name == name }
            } else {
                let hint = randomHint(names, &random)
                let wanted = members + [Member(name: name, hint: hint)]
                let isPossible = permutations(wanted).contains(where: isInOrder)
                let isTargetThere = hint.target == nil || members.contains { $0.name == hint.target }
                do throws(HookError) {
                    try event.register(.tracing(name, hint: hint))
                    #expect(isPossible && isTargetThere)
                    members = wanted
                } catch {
                    refused += 1
                    #expect(error.errno == (isTargetThere ? .resourceBusy : .noSuchProcess))
                    #expect(!isPossible || !isTargetThere, "\(name) \(hint) refused although an order exists")
                }
            }
            let order = event.snapshot().map { Member(name: $0.name, hint: $0.hint) }
            #expect(Set(order.map(\.name)) == Set(members.map(\.name)))
            #expect(isInOrder(order), "\(order)")
        }
        #expect(refused > 0)
    }

    private func randomHint(_ names: [String], _ random: inout SeededGenerator) -> Hint {
        let target = names.randomElement(using: &random) ?? "a"
        return switch UInt8.random(in: 0..<8, using: &random) {
        case 0: .first
        case 1: .last
        case 2...3: .before(target)
        case 4...5: .after(target)
        default: .none
        }
    }

    /// Whether each hint holds, written from the promise and not from the code: FIRST is first, LAST is last, and who
    /// named a hook that is there stands on the right side of it.
    private func isInOrder(_ order: [Member]) -> Bool {
        for (index, member) in order.enumerated() {
            if member.hint == .first, index != 0 { return false }
            if member.hint == .last, index != order.count - 1 { return false }
            guard let target = order.firstIndex(where: { $0.name == member.hint.target }) else { continue }
            if member.hint == .before(order[target].name), index > target { return false }
            if member.hint == .after(order[target].name), index < target { return false }
        }
        return true
    }

    private func permutations(_ members: [Member]) -> [[Member]] {
        guard let last = members.last else { return [[]] }
        return permutations(Array(members.dropLast())).flatMap { rest in
            (0...rest.count).map { index in
                var order = rest
                order.insert(last, at: index)
                return order
            }
        }
    }
}

/// SplitMix64: the same numbers for the same seed, everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
