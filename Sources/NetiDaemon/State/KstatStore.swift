// SPDX-License-Identifier: Apache-2.0

import Kstat
import Logging
import Neti
import Synchronization
import SystemPackage

/// Keeps the values of persistent kstats in the state directory, so that they outlive the daemon.
///
/// ``save(_:)`` writes the file whenever a value has changed since the last time; the daemon calls it in intervals and at
/// its end. So a daemon that is killed loses what happened in the last interval and nothing else. Values are put back
/// when their IP instance comes up, as dormant kstats; those of instances that are not there stay in the file.
final class KstatStore: Sendable {
    private static let fileName = "kstats.json"
    private static let damagedName = "kstats.json.damaged"

    /// Kstats of IP instances that are not there.
    private static let maximumWaiting = 10_000

    private struct State {
        var directory: StateDirectory?
        /// Of IP instances that have not been there yet.
        var waiting: [KstatRecord] = []
        var names: [Int32: String] = [:]
        var written: [KstatRecord] = []
        var hasFailed = false
    }

    private let logger: Logger
    private let state: Mutex<State>

    /// Reads what an earlier daemon left. What can't be read or kept is logged, and the daemon does without.
    init(directory path: String, logger: Logger) {
        self.logger = logger
        var state = State()
        do throws(Errno) {
            let directory = try StateDirectory(FilePath(path))
            state.waiting = try Self.load(from: directory, logger: logger)
            state.written = state.waiting
            state.directory = directory
        } catch {
            let reason = error == .wouldBlock ? "another daemon uses it" : "\(error)"
            logger.warning(
                "values of persistent kstats will be lost at the end: can't use the state directory \(path): \(reason)")
        }
        self.state = Mutex(state)
    }

    /// Puts back what was kept for an IP instance that comes up, before anybody creates kstats there.
    func restore(ipInstance name: String, netid: NetID, to registry: KstatRegistry) {
        let records = state.withLock { state in
            state.names[netid.rawValue] = name
            let records = state.waiting.filter { $0.ipInstance == name }
            state.waiting.removeAll { $0.ipInstance == name }
            return records
        }
        for record in records {
            do throws(KstatError) {
                try record.restore(to: registry, netid: netid.rawValue)
            } catch {
                logger.warning(
                    "instance '\(name)': lost a persistent kstat: \(error)", metadata: ["instance": "\(name)"])
            }
        }
    }

    /// Takes the values of an IP instance that is gone out of the registry, to wait here for one of its name.
    ///
    /// So what a daemon holds in memory is bounded however many namespaces come and go: the values that have waited longest
    /// are forgotten first.
    func release(netid: NetID, from registry: KstatRegistry) {
        let values = registry.dormantKstats(ofOnly: netid.rawValue).compactMap(registry.evict)
        state.withLock { state in
            guard let name = state.names.removeValue(forKey: netid.rawValue) else { return }
            state.waiting += values.map { KstatRecord($0, ipInstance: name) }
            state.waiting.removeFirst(max(0, state.waiting.count - Self.maximumWaiting))
        }
    }

    /// Writes what has changed.
    func save(_ registry: KstatRegistry) {
        let values = registry.persistentValues()
        state.withLock { state in
            guard let directory = state.directory else { return }
            let records =
                values.compactMap { kstat in
                    kstat.netids.first.flatMap { state.names[$0] }.map { KstatRecord(kstat, ipInstance: $0) }
                } + state.waiting
            guard records != state.written else { return }
            do {
                let (bytes, count) = try KstatState(records).encoded()
                if count < records.count, !state.hasFailed {
                    logger.warning("\(records.count - count) persistent kstats find no room in the state file")
                }
                try directory.replace(Self.fileName, bytes)
                if state.hasFailed, count == records.count {
                    logger.notice("\(directory.path.appending(Self.fileName)) is written again")
                }
                state.written = records
                state.hasFailed = count < records.count
            } catch {
                if !state.hasFailed {
                    logger.error("can't write \(directory.path.appending(Self.fileName)): \(error)")
                }
                state.hasFailed = true
            }
        }
    }

    private static func load(from directory: StateDirectory, logger: Logger) throws(Errno) -> [KstatRecord] {
        guard let bytes = try directory.read(fileName, limit: KstatState.maximumSize) else { return [] }
        do throws(KstatState.Damage) {
            return try KstatState(bytes).kstats
        } catch {
            try directory.rename(fileName, to: damagedName)
            let path = directory.path
            logger.error(
                "\(path.appending(fileName)): \(error); set aside as \(damagedName), persistent kstats begin anew")
            return []
        }
    }
}
