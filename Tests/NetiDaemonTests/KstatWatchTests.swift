// SPDX-License-Identifier: Apache-2.0

import NetiControl
import Synchronization
import Testing

@testable import NetiDaemon

/// What becomes of kstats between two looks.
struct KstatWatchTests {
    fileprivate static func kstat(
        _ name: String, netid: Int = 0, crtime: Int = 1, _ values: [(String, String)] = [("a", "1")]
    ) -> ListKstats.Kstat {
        ListKstats.Kstat(
            module: "m", instance: 0, name: name, class: "c", netid: netid, crtime: crtime, snaptime: crtime,
            statistics: values.map { ListKstats.Statistic(name: $0.0, type: .uint64, value: $0.1) })
    }

    private static func summary(_ netid: Int, _ change: Monitor.KstatChange) -> String {
        let statistic = change.statistic.map { ":\($0) \(change.old ?? "-") \(change.new ?? "-")" } ?? ""
        return "\(netid) \(change.action.rawValue) \(change.name)\(statistic)"
    }

    @Test(
        arguments: [
            ([kstat("x")], [kstat("x")], []),
            ([], [kstat("x"), kstat("y", netid: 3)], ["0 created x", "3 created y"]),
            ([kstat("x"), kstat("y", netid: 3)], [], ["0 deleted x", "3 deleted y"]),
            ([kstat("x"), kstat("y")], [kstat("y"), kstat("z")], ["0 deleted x", "0 created z"]),
            // Deleted and made anew: another kstat, whose values are not compared.
            ([kstat("x")], [kstat("x", crtime: 2, [("a", "0")])], ["0 deleted x", "0 created x"]),
            // The same name seen by another instance is another kstat too.
            ([kstat("x")], [kstat("x"), kstat("x", netid: 1, [("a", "7")])], ["1 created x"]),
            (
                [kstat("x", [("a", "1"), ("b", "2"), ("c", "3")])], [kstat("x", [("a", "2"), ("b", "2"), ("c", "9")])],
                ["0 changed x:a 1 2", "0 changed x:c 3 9"]
            ),
            (
                [kstat("x", [("a", "1"), ("b", "2")])], [kstat("x", [("b", "2"), ("c", "3")])],
                ["0 changed x:a 1 -", "0 changed x:c - 3"]
            ),
            // Statistics may have the same name; each is compared with its own predecessor.
            ([kstat("x", [("a", "1"), ("a", "2")])], [kstat("x", [("a", "1"), ("a", "3")])], ["0 changed x:a 2 3"]),
        ] as [([ListKstats.Kstat], [ListKstats.Kstat], [String])])
    func differences(old: [ListKstats.Kstat], new: [ListKstats.Kstat], expected: [String]) {
        #expect(Monitor.KstatChange.changes(from: old, to: new).map(Self.summary) == expected)
    }

    /// A watch over one kstat, the value of which is how often it was looked at.
    private final class Fixture: Sendable {
        let hub = MonitorHub()
        let looks = Atomic(0)
        let queue = MonitorQueue(capacity: 10)

        var watch: KstatWatch {
            KstatWatch(hub: hub) {
                "i\($0)"
            } kstats: { [self] in
                [KstatWatchTests.kstat("x", netid: 4, [("a", "\(looks.add(1, ordering: .relaxed).newValue)")])]
            }
        }

        var lookCount: Int { looks.load(ordering: .relaxed) }
    }

    @Test func nobodyLooksWhileNobodyWantsToKnow() {
        let fixture = Fixture()
        let watch = fixture.watch
        watch.look()
        fixture.hub.attach(fixture.queue, for: Monitor(kinds: [.instance]))
        watch.look()
        #expect(fixture.lookCount == 0)
    }

    @Test func changesAreThoseSinceTheBeginning() async {
        let fixture = Fixture()
        let watch = fixture.watch
        func changes() async -> [String] {
            fixture.queue.post(.ready(time: 1))
            return (await fixture.queue.next(atMost: 10) ?? []).compactMap { event in
                event.kstat.map { "\(event.instance ?? "?") \(Self.summary(event.netid ?? -1, $0))" }
            }
        }
        fixture.hub.attach(fixture.queue, for: Monitor(kinds: [.kstat]))
        watch.begin()
        watch.look()
        #expect(await changes() == ["i4 4 changed x:a 1 2"])
        // A second one that begins takes nothing from the first.
        watch.begin()
        watch.look()
        #expect(await changes() == ["i4 4 changed x:a 2 3"])

        fixture.hub.detach(fixture.queue)
        watch.look()
        #expect(fixture.lookCount == 3)
        // What was known then is forgotten.
        fixture.hub.attach(fixture.queue, for: Monitor())
        watch.begin()
        #expect(await changes() == [])
        watch.look()
        #expect(await changes() == ["i4 4 changed x:a 4 5"])
    }
}
