// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import NetiControl
import Testing

@testable import neti_ctl

/// What is shown while packets are injected, and at the end.
struct ProgressLineTests {
    private func line(_ state: ProgressLine.State, _ width: Int = 79) -> String {
        ProgressLine.text(state, width: width)
    }

    @Test func aBarWhereTheEndIsKnown() {
        let state = ProgressLine.State(offered: 25_000, refused: 3, seconds: 10, fraction: 0.25)
        #expect(line(state) == "[######...................]  25000 packets  2500/s  3 refused   25 %  30 s left")
        #expect(line(state, 50) == "25000 packets  2500/s  3 refused   25 %  30 s left")
        #expect(line(state, 20) == "25000 packets  2500/")
    }

    @Test func noBarWhereNobodyKnows() {
        #expect(line(.init(offered: 1, seconds: 4)) == "1 packet  0.3/s")
        #expect(line(.init()) == "0 packets  0.0/s")
    }

    @Test(arguments: [0, 0.000_000_001, 0.5, 1])
    func theLineFits(fraction: Double) {
        let state = ProgressLine.State(offered: .max, refused: .max, seconds: 1e6, fraction: fraction)
        for width in 0..<200 { #expect(line(state, width).count <= max(width, 0)) }
    }

    @Test func theSummary() throws {
        var summary = InjectionSummary()
        summary.add(accepted: 26_990, [.init(reason: .badHeader, returnValue: 1, count: 2)])
        summary.add(accepted: 1, [.init(reason: .badHeader, returnValue: 1, count: 1)])
        summary.add(accepted: 0, [.init(reason: .sendFailed, returnValue: 1, count: 6)])
        summary.seconds = 2.7
        summary.skipped = SkippedFrames(notIP: 10, cut: 2)
        #expect(
            summary.lines == [
                "sent 26991 packets in 2.700 s, 9997 a second", "refused 9", "skipped 10 no IP, 2 captured in part",
            ])
        #expect(
            try jsonLine(summary) == """
                {"interrupted":false,"packetsPerSecond":9996.666666666666,"refusals":\
                [{"count":3,"reason":"badHeader","returnValue":1},\
                {"count":6,"reason":"sendFailed","returnValue":1}],"refused":9,"seconds":2.7,"sent":26991,\
                "skipped":{"cut":2,"notIP":10}}
                """)
        #expect(InjectionSummary().lines == ["sent 0 packets in 0.000 s"])
    }

    @Test func numbers() {
        #expect(fixed(0.0004, digits: 3) == "0.000")
        #expect(fixed(1.0005, digits: 3) == "1.001")
        #expect(fixed(12.06, digits: 1) == "12.1")
        #expect(fixed(99.99, digits: 0) == "100")
    }

    @Test("Each reason has words", arguments: Inject.Reason.allCases)
    func words(reason: Inject.Reason) {
        let refusal = Inject.Refusal(reason: reason, returnValue: 1, count: 1)
        let call = Inject(instance: "blue", style: .directOut, interface: "veth9", nextHop: "192.0.2.9", packets: [])
        let words = refusal.words(call)
        #expect(!words.isEmpty && !words.hasSuffix("."))
        switch reason {
        case .unknownInterface: #expect(words == "interface 'veth9' is not there in instance 'blue'")
        case .sendFailed: #expect(words == "the system refused it")
        case .unreachable: #expect(words == "next hop 192.0.2.9 can't be reached")
        default: break
        }
    }
}
