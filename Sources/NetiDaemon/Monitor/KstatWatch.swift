// SPDX-License-Identifier: Apache-2.0

import NetiControl
import ServiceLifecycle
import Synchronization

/// Tells what became of kstats: compares all of them with what they were a second ago, while somebody wants to know.
final class KstatWatch: Service {
    /// What a look gets.
    typealias Look = @Sendable () -> [ListKstats.Kstat]

    private static let interval = Duration.seconds(1)

    private let hub: MonitorHub
    private let kstats: Look
    private let instanceName: @Sendable (_ netid: Int) -> String
    /// What the kstats were at the last look; nil while nobody wants to know. Held while looking.
    private let last = Mutex<[ListKstats.Kstat]?>(nil)

    init(
        hub: MonitorHub, instanceName: @escaping @Sendable (_ netid: Int) -> String, kstats: @escaping Look
    ) {
        self.hub = hub
        self.instanceName = instanceName
        self.kstats = kstats
    }

    /// Notes what the kstats are now, if nobody wanted to know before: changes from now on will be told.
    func begin() {
        last.withLock { last in
            if last == nil { last = kstats() }
        }
    }

    /// Tells what has changed since the last look.
    func look() {
        last.withLock { last in
            guard hub.wants(.kstat) else {
                last = nil
                return
            }
            let now = kstats()
            for (netid, change) in Monitor.KstatChange.changes(from: last ?? now, to: now) {
                hub.post(.kstat, .kstat(change, netid: netid, instance: instanceName(netid)))
            }
            last = now
        }
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: Self.interval)) != nil { self.look() }
        }
    }
}

extension Monitor.KstatChange {
    /// What tells kstats apart: one that was deleted and made anew is another one.
    private struct Identity: Hashable {
        let netid: Int
        let module: String
        let instance: Int
        let name: String
        let crtime: Int

        init(_ kstat: ListKstats.Kstat) {
            netid = kstat.netid
            module = kstat.module
            instance = kstat.instance
            name = kstat.name
            crtime = kstat.crtime
        }
    }

    /// What has changed between two looks, with the netid: first what was deleted, then the others in the order of
    /// `new`, each statistic for itself.
    static func changes(
        from old: [ListKstats.Kstat], to new: [ListKstats.Kstat]
    ) -> [(netid: Int, change: Monitor.KstatChange)] {
        var before: [Identity: ListKstats.Kstat] = [:]
        for kstat in old { before[Identity(kstat)] = kstat }
        let present = Set(new.map(Identity.init))
        let deleted = old.filter { !present.contains(Identity($0)) }.map { ($0.netid, Self(.deleted, $0)) }
        return deleted
            + new.flatMap { kstat in
                guard let earlier = before[Identity(kstat)] else { return [(kstat.netid, Self(.created, kstat))] }
                return changes(from: earlier, to: kstat).map { (kstat.netid, $0) }
            }
    }

    private static func changes(from old: ListKstats.Kstat, to new: ListKstats.Kstat) -> [Monitor.KstatChange] {
        guard old.statistics != new.statistics else { return [] }
        func change(_ statistic: String, _ before: String?, _ now: String?) -> Monitor.KstatChange? {
            guard before != now else { return nil }
            var change = Self(.changed, new)
            (change.statistic, change.old, change.new) = (statistic, before, now)
            return change
        }
        var gone = old.statistics
        let kept = new.statistics.compactMap { statistic -> Monitor.KstatChange? in
            let earlier = gone.firstIndex { $0.name == statistic.name }.map { gone.remove(at: $0) }
            return change(statistic.name, earlier?.value, statistic.value)
        }
        return gone.compactMap { change($0.name, $0.value, nil) } + kept
    }

    private init(_ action: Action, _ kstat: ListKstats.Kstat) {
        self.init(
            action: action, module: kstat.module, instance: kstat.instance, name: kstat.name, class: kstat.class)
    }
}
