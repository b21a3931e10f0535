// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import NetiControl
import Testing

@testable import neti_ctl

/// Kernel statistics in the shape of kstat(1M).
struct KstatRenderingTests {
    private func selection(_ operands: String...) -> KstatSelection {
        KstatSelection(Samples.kstats, operands.compactMap(KstatPattern.init))
    }

    @Test func blocksAreAsOnSolaris() {
        #expect(
            selection("").blocks == [
                "module: inet                            instance: 0",
                "name:   PHYSICAL_IN                     class:    hook_event",
                "        crtime                          33.006142325",
                "        events                          18446744073709551615",
                "        hooksAdded                      2",
                "        hooksRemoved                    0",
                "        snaptime                        1200.000000005",
                "",
                "module: inet/PHYSICAL_IN                instance: 0",
                "name:   filter                          class:    hook",
                "        crtime                          33.006200000",
                "        hint                            1",
                "        hint_value                      <none>",
                "        hook_hits                       1000",
                "        snaptime                        1200.000000005",
                "",
                "netid:  1",
                "",
                "module: inet6                           instance: 0",
                "name:   PHYSICAL_OUT                    class:    hook_event",
                "        crtime                          40.000000001",
                "        hooksAdded                      1",
                "        snaptime                        1200.000000005",
                "",
            ])
    }

    @Test func parseableLinesHaveAllStatisticsAndATab() {
        #expect(
            selection("inet:0:PHYSICAL_IN").parseable == [
                "inet:0:PHYSICAL_IN:class\thook_event",
                "inet:0:PHYSICAL_IN:crtime\t33.006142325",
                "inet:0:PHYSICAL_IN:events\t18446744073709551615",
                "inet:0:PHYSICAL_IN:hooksAdded\t2",
                "inet:0:PHYSICAL_IN:hooksRemoved\t0",
                "inet:0:PHYSICAL_IN:snaptime\t1200.000000005",
            ])
        #expect(selection("inet:0:PHYSICAL_IN:ev*").names == ["inet:0:PHYSICAL_IN:events"])
    }

    @Test(arguments: [
        ("", ["inet", "inet/PHYSICAL_IN", "inet6"]), ("inet", ["inet"]),
        ("inet*", ["inet", "inet/PHYSICAL_IN", "inet6"]),
        ("inet?", ["inet6"]), ("inet[!0-5]", ["inet6"]),
        ("::PHYSICAL_*", ["inet", "inet6"]), ("::filter", ["inet/PHYSICAL_IN"]),
        (":0::", ["inet", "inet/PHYSICAL_IN", "inet6"]),
        (":1", []), (":::hooksAdded", ["inet", "inet6"]), (":::class", ["inet", "inet/PHYSICAL_IN", "inet6"]),
        ("arp", []),
    ])
    func operandsAreShellPatterns(operand: String, modules: [String]) {
        #expect(selection(operand).items.map(\.kstat.module) == modules)
    }

    @Test func aStatisticIsShownOnceIfAnyOperandMatches() {
        #expect(
            selection("inet:0:PHYSICAL_IN:events", ":::events", "::filter:hint").parseable == [
                "inet:0:PHYSICAL_IN:events\t18446744073709551615", "inet/PHYSICAL_IN:0:filter:hint\t1",
            ])
    }

    @Test func classesSelect() {
        let selection = KstatSelection(Samples.kstats, [KstatPattern(statistic: "h*", class: "hook")])
        #expect(
            selection.names == [
                "inet/PHYSICAL_IN:0:filter:hint", "inet/PHYSICAL_IN:0:filter:hint_value",
                "inet/PHYSICAL_IN:0:filter:hook_hits",
            ])
    }

    @Test func jsonHoldsWhatWasSelected() {
        #expect(selection("").reply.kstats == Samples.kstats)
        var expected = Samples.kstats[0]
        expected.statistics.removeSubrange(0..<2)
        #expect(selection(":::events").reply.kstats == [expected])
    }

    @Test func onlyWhatIsNoPatternIsAskedOfTheDaemon() {
        #expect(
            KstatPattern(operand: "inet:0:PHYSICAL_IN:events")?.request(netid: 3)
                == ListKstats(module: "inet", instance: 0, name: "PHYSICAL_IN", netid: 3))
        #expect(KstatPattern(operand: "in*:?:[ab]:x")?.request(netid: nil) == ListKstats())
        #expect(KstatPattern(operand: "a:b:c:d:e") == nil)
    }

    @Test func optionsAndOperandsMakeTheSamePattern() throws {
        let options = try KstatShowCommand.parse(["-m", "a", "-i", "1", "-n", "b", "-s", "c", "-c", "d"])
        let operand = try KstatShowCommand.parse(["a:1:b:c", "-c", "d"])
        #expect(options.patterns == [KstatPattern(module: "a", instance: "1", name: "b", statistic: "c", class: "d")])
        #expect(operand.patterns == options.patterns)
        #expect(try KstatShowCommand.parse([]).patterns == [KstatPattern()])
        #expect(try KstatShowCommand.parse(["a", "b"]).patterns.count == 2)
    }

    @Test func valuesCannotForgeLines() {
        let kstat = ListKstats.Kstat(
            module: "m\n", instance: 0, name: "n\t", class: "c", netid: 0, crtime: 0, snaptime: 5,
            statistics: [.init(name: "s", type: .string, value: "a\nb")])
        #expect(
            KstatSelection([kstat], [KstatPattern()]).parseable == [
                "m?:0:n?:class\tc", "m?:0:n?:crtime\t0.000000000", "m?:0:n?:s\ta?b", "m?:0:n?:snaptime\t0.000000005",
            ])
    }

    @Test(
        "Numbers at the end of the operands are interval and count, as in kstat(1M)",
        arguments: [
            ([], 0, nil, 1), (["inet"], 1, nil, 1), (["5"], 0, 5, nil), (["5", "3"], 0, 5, 3),
            (["inet", "5"], 1, 5, nil), (["inet", "::x", "5", "3"], 2, 5, 3), (["7:"], 1, nil, 1),
            (["1", "2", "3"], 1, 2, 3), (["5", "inet"], 2, nil, 1),
        ] as [([String], Int, Int?, Int?)])
    func repetition(operands: [String], patterns: Int, interval: Int?, count: Int?) throws {
        let command = try KstatShowCommand.parse(operands)
        #expect(command.repetition?.interval == interval)
        #expect(command.repetition?.count == count)
        #expect(command.patterns.count == max(patterns, 1))
        #expect((command.patterns == [KstatPattern()]) == (patterns == 0))
    }

    @Test("Times of the types io and timer are in seconds, raw bytes as they came")
    func types() {
        func kstat(
            _ type: ListKstats.KstatType, _ name: String, _ valueType: ListKstats.StatisticType, _ value: String
        ) -> ListKstats.Kstat {
            ListKstats.Kstat(
                module: "m", instance: 0, name: "n", class: "c", type: type, netid: 0, crtime: 1, snaptime: 2,
                statistics: [ListKstats.Statistic(name: name, type: valueType, value: value)])
        }
        let kstats = [
            kstat(.io, "rtime", .int64, "1500000000"), kstat(.io, "nread", .uint64, "1500000000"),
            kstat(.timer, "a.min_time", .int64, "-1"), kstat(.named, "t", .int64, "1500000000"),
            kstat(.raw, "raw", .raw, "00ff"),
        ]
        let values = kstats.map { KstatSelection([$0], [KstatPattern(operand: ":::[!cs]*")].compactMap { $0 }) }
        #expect(
            values.map { $0.parseable.first } == [
                "m:0:n:rtime\t1.500000000", "m:0:n:nread\t1500000000", "m:0:n:a.min_time\t-0.000000001",
                "m:0:n:t\t1500000000", "m:0:n:raw\t00ff",
            ])
    }

    @Test("What is set is named by all four parts; a colon may be in the last")
    func setting() throws {
        let command = try KstatSetCommand.parse(["m:1:n:a:b", "5", "--netid", "2"])
        #expect(
            command.request == SetKstat(module: "m", instance: 1, name: "n", statistic: "a:b", value: "5", netid: 2))
        #expect(try KstatSetCommand.parse(["--", "m:1:n:a", "-5"]).request?.value == "-5")
        for wrong in [["m:1:n", "5"], ["m:x:n:s", "5"], ["m::n:s", "5"], ["m:1:n:", "5"], ["m:1:n:s"], []] {
            #expect(throws: (any Error).self) { try KstatSetCommand.parse(wrong) }
        }
    }
}
