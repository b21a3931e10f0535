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
        let options = try KstatCommand.parse(["-m", "a", "-i", "1", "-n", "b", "-s", "c", "-c", "d"])
        let operand = try KstatCommand.parse(["a:1:b:c", "-c", "d"])
        #expect(options.patterns == [KstatPattern(module: "a", instance: "1", name: "b", statistic: "c", class: "d")])
        #expect(operand.patterns == options.patterns)
        #expect(try KstatCommand.parse([]).patterns == [KstatPattern()])
        #expect(try KstatCommand.parse(["a", "b"]).patterns.count == 2)
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
}
