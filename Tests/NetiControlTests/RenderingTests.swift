// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import NetiControl
import Testing

@testable import neti_ctl

struct RenderingTests {
    private let table = Table(
        [.number("N"), .text("NAME"), .text("PATH"), .number("HITS")],
        [["1", "global", "-", "1000000"], ["22", "a name of some length", "/run/netns/a", "7"]])

    @Test func columnsAreAsWideAsTheirWidestCell() {
        #expect(
            table.lines(width: nil) == [
                " N  NAME                   PATH             HITS",
                " 1  global                 -             1000000",
                "22  a name of some length  /run/netns/a        7",
            ])
        #expect(table.lines(width: 48) == table.lines(width: nil))
    }

    @Test func theWidestTextGivesWayFirst() {
        #expect(
            table.lines(width: 40) == [
                " N  NAME           PATH             HITS",
                " 1  global         -             1000000",
                "22  a name of so~  /run/netns/a        7",
            ])
        #expect(
            table.lines(width: 33) == [
                " N  NAME       PATH          HITS",
                " 1  global     -          1000000",
                "22  a name o~  /run/net~        7",
            ])
    }

    @Test(arguments: [0, 1, 20]) func numbersAreNeverCut(width: Int) {
        #expect(
            table.lines(width: width) == [
                " N  NAME    PATH       HITS",
                " 1  global  -       1000000",
                "22  a nam~  /run/~        7",
            ])
    }

    @Test func linesEndWithTheirLastLetter() {
        let lines = Table([.text("A"), .text("B")], [["x", ""], ["long", "y"]]).lines(width: nil)
        #expect(lines == ["A     B", "x", "long  y"])
    }

    @Test func namesCannotSteerTheTerminal() {
        #expect(printable("a\u{1b}[2Jb\nc\u{7f}\u{9b}\u{202e}d\u{2028}é漢") == "a?[2Jb?c???d?é漢")
        #expect(Table([.text("A")], [["x\ny"]]).lines(width: nil) == ["A", "x?y"])
        #expect(nameList([("a", "x\u{1b}y")]) == ["a  x?y"])
    }

    @Test(arguments: [
        (0, "0 s"), (59, "59 s"), (60, "1 min 0 s"), (3599, "59 min 59 s"), (3600, "1 h 0 min"), (86399, "23 h 59 min"),
        (86400, "1 d 0 h"), (93784, "1 d 2 h"),
    ])
    func spansHaveTwoUnits(seconds: Int, text: String) {
        #expect(span(seconds) == text)
    }

    @Test func statusIsAList() {
        #expect(
            Samples.status.lines == [
                "version        1.0",
                "process        4711",
                "running        1 d 2 h, since 2025-10-09T08:53:20Z",
                "configuration  /etc/neti/neti.toml",
                "pumps          2",
                "instances      2",
                "hooks          3, and 1 taken off because of trouble",
                "queueing       the NFQUEUE target of xtables",
                "received       9007199254740993 packets",
                "passed         1234567",
                "dropped        89",
                "injected       1000 packets, 20 refused, 3 lost with their instance",
                "styles         direct-out",
                "queue-in       not available: needs Linux 5.18, this is 5.10.0",
                "not saved      added: instance blue, hook filter",
            ])
    }

    @Test func instancesAreSumsOfTheirQueuesAndReasons() {
        #expect(
            instanceLines(Samples.instances, width: nil) == [
                "NETID  NAME    NETNS            STATE   ON-EXIT  HOOKS  RECEIVED  DROPPED  LOST  HELD   OLDEST",
                "    0  global  -                up      open         2      1000       98     7    12  1500 ms",
                "    1  blue    /run/netns/blue  failed  closed       1         0        0     0     0        -",
                "",
                "blue: queue 100 belongs to process 7",
                "blue: /run/docker/netns/cyan is the same namespace",
                "blue: /run/docker/netns/blue has no instance, for the name is taken",
                "global: 9 packets passed unseen because a queue was full (fail-open)",
            ])
        #expect(
            queueLines(Samples.instances, width: nil) == [
                "NAME    QUEUE  RECEIVED  ACCEPTED  DROPPED  Q-FULL  S-FULL  OVERRUNS  WAITING",
                "global    100      1000       900       98       3       4         1        2",
            ])
    }

    @Test func columnsOfHeldPacketsAreThereWhileThereAreAny() {
        var instance = Samples.instances[0]
        instance.held.oldest = 93_784_000
        instance.passedUnseen = 0
        #expect(instanceLines([instance], width: nil).last?.hasSuffix("  12  1 d 2 h") == true)
        instance.name = String(repeating: "n", count: 40)
        #expect(instanceLines([instance], width: 100).allSatisfy { $0.count <= 100 })
        instance.held = .init()
        #expect(instanceLines([instance], width: nil)[0].hasSuffix("  LOST"))
    }

    @Test func everyTableFitsEightyColumns() {
        var instance = Samples.instances[0]
        instance.held = .init()
        instance.passedUnseen = 0
        instance.name = String(repeating: "n", count: 40)
        instance.netns = "/run/netns/" + instance.name
        var hook = Samples.hooks[1]
        hook.instance = instance.name
        hook.name = String(repeating: "h", count: 30)
        hook.hintValue = hook.name
        for lines in [
            instanceLines([instance], width: 80), queueLines([instance], width: 80), hookLines([hook], width: 80),
        ] {
            #expect(lines.allSatisfy { $0.count <= 80 })
        }
    }

    @Test func hooksStandInChainOrderWithTheirHints() {
        #expect(
            hookLines(Samples.hooks, width: nil) == [
                "NETID  INSTANCE  FAMILY  EVENT         POS  NAME    HINT          HITS  DROPS  MODULE",
                "    0  global    inet    PHYSICAL_IN     1  filter  first         1000     98  ipf",
                "    0  global    inet    PHYSICAL_IN     2  count   after filter   902      0  -",
                "    1  blue      inet6   PHYSICAL_OUT    1  filter  none             0      0  ipf",
                "    1  blue      inet6   PHYSICAL_OUT    -  count   none             3      0  count",
                "",
                "blue: filter on inet6 PHYSICAL_OUT failed 7 times, ran over its time budget once, "
                    + "20 packets passed it by for that, is passed over now",
                "blue: count on inet6 PHYSICAL_OUT failed once, was taken off: it failed",
            ])
    }

    @Test func anEmptyListIsItsTitles() {
        #expect(hookLines([], width: 80) == ["NETID  INSTANCE  FAMILY  EVENT  POS  NAME  HINT  HITS  DROPS  MODULE"])
    }

    @Test func jsonHasSortedKeys() throws {
        #expect(
            try jsonText(ListHooks.Reply(hooks: [Samples.hooks[1]])) == """
                {
                  "hooks" : [
                    {
                      "drops" : 0,
                      "event" : "PHYSICAL_IN",
                      "failures" : 0,
                      "family" : "inet",
                      "hint" : "after",
                      "hintValue" : "filter",
                      "hits" : 902,
                      "instance" : "global",
                      "name" : "count",
                      "netid" : 0,
                      "overBudget" : 0,
                      "position" : 2,
                      "saved" : true,
                      "skipped" : 0,
                      "state" : "active"
                    }
                  ]
                }
                """)
    }

    @Test("JSON shows no character that steers a terminal", arguments: ["\u{202E}", "\u{9B}", "\u{7F}", "a\nb"])
    func jsonIsHarmless(name: String) throws {
        var hook = Samples.hooks[1]
        hook.name = name
        let text = try jsonText(ListHooks.Reply(hooks: [hook]))
        #expect(text.unicodeScalars.allSatisfy { $0.isPrintable || $0 == "\n" })
        #expect(try JSONDecoder().decode(ListHooks.Reply.self, from: Data(text.utf8)).hooks == [hook])
    }
}
