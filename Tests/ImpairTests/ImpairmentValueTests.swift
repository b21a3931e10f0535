// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Impair

/// Texts become values, and what is said about those that don't.
struct ImpairmentValueTests {
    private func impairment(_ values: [String: String]) throws -> Impairment {
        var reading = ImpairReading(values)
        let impairment = reading.impairment()
        if let problem = reading.problems.first { throw problem }
        return impairment
    }

    @Test(arguments: [
        ("50ms", 50_000_000), ("50msecs", 50_000_000), ("0.5ms", 500_000), ("250us", 250_000), ("1s", 1_000_000_000),
        ("1.5S", 1_500_000_000), ("800ns", 800), ("0", 0), ("0ms", 0), ("3600s", 3_600_000_000_000),
    ])
    func times(text: String, nanoseconds: UInt64) throws {
        #expect(try impairment(["delay": text]).delay.mean == nanoseconds)
        #expect(try impairment(["jitter": text]).delay.jitter == nanoseconds)
    }

    @Test(arguments: [
        ("1kbit", 1_000), ("1mbit", 1_000_000), ("1Mbit", 1_000_000), ("2.5gbit", 2_500_000_000), ("9600bit", 9_600),
        ("0", 0),
    ])
    func rates(text: String, bits: UInt64) throws {
        #expect(try impairment(["rate": text]).rate == bits)
    }

    @Test func shares() throws {
        let values = try impairment(["loss": "10%", "duplicate": "0.1%", "reorder": "100%", "corrupt": "0%"])
        #expect(values.loss == Share(0.1))
        #expect(values.duplicate == Share(0.001))
        #expect(values.reorder.isHit(0) && values.reorder.isHit(.max))
        #expect(!values.corrupt.isHit(0) && !values.corrupt.isHit(.max))
    }

    @Test func others() throws {
        #expect(try impairment(["distribution": "normal"]).delay.distribution == .normal)
        #expect(try impairment(["seed": "18446744073709551615"]).seed == .max)
        #expect(try impairment(["limit": "1"]).limit == .packets(1))
        #expect(try impairment(["limit": "65536"]).limit == .packets(65_536))
        #expect(try impairment(["limit": "200ms"]).limit == .time(200_000_000))
        #expect(try impairment([:]) == Impairment())
    }

    @Test(
        "What is no value is told with what was expected, and the nearest that is",
        arguments: [
            ("delay", "50", #"expected a time of up to an hour such as "50ms" (us, ms or s), found "50""#),
            (
                "delay", "50mss",
                #"expected a time of up to an hour such as "50ms" (us, ms or s), found "50mss"; did you mean "50ms"?"#
            ),
            ("jitter", "3601s", #"expected a time of up to an hour such as "50ms" (us, ms or s), found "3601s""#),
            ("delay", "-1ms", #"expected a time of up to an hour such as "50ms" (us, ms or s), found "-1ms""#),
            ("delay", "", #"expected a time of up to an hour such as "50ms" (us, ms or s), found """#),
            ("delay", "1.ms", #"expected a time of up to an hour such as "50ms" (us, ms or s), found "1.ms""#),
            ("delay", "1.2.3ms", #"expected a time of up to an hour such as "50ms" (us, ms or s), found "1.2.3ms""#),
            (
                "loss", "10",
                #"expected a percentage from "0%" to "100%" such as "0.5%", found "10"; did you mean "10%"?"#
            ),
            ("loss", "101%", #"expected a percentage from "0%" to "100%" such as "0.5%", found "101%""#),
            (
                "rate", "1mbits",
                #"expected a rate in bits a second from "1kbit" on such as "1mbit" (kbit, mbit or gbit), or "0" for none, "#
                    + #"found "1mbits"; did you mean "1mbit"?"#
            ),
            ("distribution", "norml", #"expected "uniform" or "normal", found "norml"; did you mean "normal"?"#),
            ("limit", "0", #"expected 1 to 65536 packets such as "1000", or a time such as "200ms", found "0""#),
            ("limit", "", #"expected 1 to 65536 packets such as "1000", or a time such as "200ms", found """#),
            ("seed", "-1", #"expected a number from 0 to 18446744073709551615, found "-1""#),
            (
                "match", "proto upd",
                #"column 7: expected a protocol name, a number from 0 to 255 or 'tcp/udp', found 'upd'"#
            ),
            ("match", "", "column 1: expected a condition such as 'proto udp', found nothing"),
            ("match", "quick proto udp", "column 1: 'quick' is for rules, not for a condition"),
            ("match", "proto udp all on eth0", "column 15: 'on' must come before the addresses"),
            ("match", "block in all", "column 1: expected"),
        ])
    func refusals(key: String, text: String, message: String) {
        let problems = Impairment.problems(in: [key: text]).filter { !$0.message.hasPrefix("needs ") }
        #expect(problems.map(\.key.rawValue) == [key])
        let found = problems.first?.message ?? ""
        #expect(message.hasSuffix("expected") ? found.hasPrefix(message) : found == message, "\(found)")
    }

    @Test("All that is wrong is told at once, and what another key is missing for")
    func together() {
        let problems = Impairment.problems(in: [
            "delay": "x", "loss": "y", "match": "z", "limit": "1000", "rate": "0", "seed": "42",
        ])
        #expect(Set(problems.map(\.key)) == [.delay, .loss, .match])
        let needs = Impairment.problems(in: ["jitter": "1ms", "reorder": "5%", "limit": "10"])
        #expect(
            needs.map { "\($0.key.rawValue) \($0.message)" } == [
                "jitter needs 'delay', without which it does nothing",
                "reorder needs 'delay', without which it does nothing",
                "limit needs 'rate', without which it does nothing",
            ])
        #expect(Impairment.problems(in: ["jitter": "1ms", "delay": "0ms"]).isEmpty)
    }

    @Test("What is shown for keys that aren't given means what leaving them out means")
    func presets() throws {
        let texts = Dictionary(uniqueKeysWithValues: Impairment.presets.map { ($0.key.rawValue, $0.value) })
        #expect(try impairment(texts) == Impairment())
        #expect(Impairment.problems(in: texts).isEmpty)
        #expect(Set(texts.keys).union(["seed"]) == Set(ImpairKey.allCases.map(\.rawValue)))
    }
}
