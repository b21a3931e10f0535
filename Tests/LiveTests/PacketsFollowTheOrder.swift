// SPDX-License-Identifier: Apache-2.0

import Hooks
import LiveHost
import Neti
import Synchronization
import SystemPackage
import Testing

extension RealPackets {
    /// The order of hooks, read back from the way of a real packet and from the positions (R67 to R80, R186).
    @Suite struct PacketsFollowTheOrder {
        /// One step of a script: a registration or, with `isLeaving`, an unregistration.
        struct Step: Sendable {
            let name: String
            var hint = Hint.none
            var isLeaving = false
            var refusal: Errno?

            static func add(_ name: String, _ hint: Hint = .none, _ refusal: Errno? = nil) -> Step {
                Step(name: name, hint: hint, refusal: refusal)
            }

            static func remove(_ name: String) -> Step { Step(name: name, isLeaving: true) }
        }

        /// Steps and the order afterwards.
        struct Script: Sendable, CustomTestStringConvertible {
            let name: String
            let ordering: Ordering
            let steps: [Step]
            let order: [String]

            var testDescription: String { "\(name) \(ordering)" }
        }

        static let scripts = [
            Script(
                name: "O2", ordering: .illumos, steps: [.add("l", .last), .add("a"), .add("b")],
                order: ["a", "l", "b"]),
            Script(
                name: "O2", ordering: .documented, steps: [.add("l", .last), .add("a"), .add("b")],
                order: ["a", "b", "l"]),
            Script(
                name: "O4", ordering: .illumos,
                steps: [.add("a"), .add("l", .last), .add("b"), .add("m", .last)], order: ["a", "l", "b", "m"]),
            Script(
                name: "O4", ordering: .documented,
                steps: [.add("a"), .add("l", .last), .add("b"), .add("m", .last, .resourceBusy)],
                order: ["a", "b", "l"]),
            Script(
                name: "O8", ordering: .illumos,
                steps: [
                    .add("a"), .add("f", .first), .add("z", .before("f"), .resourceBusy), .add("y", .before("a")),
                    .add("x", .after("f")),
                ], order: ["f", "x", "y", "a"]),
            Script(
                name: "O11", ordering: .illumos, steps: [.add("p", .before("t")), .add("q"), .add("t")],
                order: ["p", "t", "q"]),
            Script(
                name: "O11", ordering: .documented,
                steps: [.add("p", .before("t"), .noSuchProcess), .add("q"), .add("t"), .add("p", .before("t"))],
                order: ["q", "p", "t"]),
            Script(
                name: "O14", ordering: .illumos,
                steps: [.add("b1", .before("t")), .add("a1", .after("t")), .add("t")], order: ["t", "a1", "b1"]),
            Script(
                name: "O29", ordering: .documented,
                steps: [
                    .add("t"), .add("b1", .before("t")), .add("a1", .after("t")), .remove("t"), .add("t"),
                ], order: ["b1", "t", "a1"]),
            Script(
                name: "O33", ordering: .illumos,
                steps: [
                    .add("a"), .add("b"), .add("c"), .add("d", .after("a")), .add("e", .after("a")),
                    .add("g", .before("c")),
                ], order: ["a", "e", "d", "b", "g", "c"]),
        ]

        @Test("A packet meets the hooks in the order that their hints ask for", arguments: scripts)
        func order(_ script: Script) throws {
            try Rig.with(ordering: script.ordering) { rig in
                let trace = Log<String>()
                for step in script.steps { try carryOut(step, at: rig, trace) }
                let sender = try UDPSocket(on: rig.left, .inet)
                let receiver = try UDPSocket(on: rig.right, .inet, port: Crossing.port)
                try sender.send([1], to: receiver)
                #expect(try receiver.receive()?.bytes == [1])
                #expect(trace.entries == script.order)
                let chain = rig.instance.protocolHandle(.inet).event(.physicalIn).snapshot()
                #expect(chain.map(\.name) == script.order)
                #expect(chain.map(\.position) == Array(1...script.order.count))
                #expect(chain.allSatisfy { $0.hits == 1 })
            }
        }

        private func carryOut(_ step: Step, at rig: Rig, _ trace: Log<String>) throws {
            if step.isLeaving { return try rig.unregister(step.name, from: .physicalIn, of: .inet) }
            var refusal: Errno?
            do {
                try rig.register(step.name, on: .physicalIn, of: .inet, hint: step.hint) { packet in
                    if packet.isUDP(to: Crossing.port) { trace.note(step.name) }
                    return .pass
                }
            } catch let error as NetiError {
                refusal = error.errno
            }
            #expect(refusal == step.refusal, "registering \(step.name)")
        }
    }
}
