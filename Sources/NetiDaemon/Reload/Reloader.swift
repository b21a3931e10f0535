// SPDX-License-Identifier: Apache-2.0

import Logging
import Neti
import Synchronization
import SystemPackage

/// Reads the configuration file again and lets the engine follow it, and goes back when nobody confirms that.
final class Reloader: Sendable {
    /// Why nothing has changed: a line for each mistake, with file and line where there is one.
    struct Refusal: Error, CustomStringConvertible {
        let description: String
    }

    /// What a reload does, or would do.
    struct Outcome: Sendable {
        var changes: [ConfigurationChange]
        /// What control clients changed, didn't save, and is gone.
        var discarded: [ConfigurationChange]
    }

    /// A reload that waits for its confirmation.
    private struct Pending: Sendable {
        let before: Engine.Checkpoint
        var due: ContinuousClock.Instant
        let seconds: Int
        /// How long to wait before going back is tried again; nil while it wasn't tried.
        var pause: Duration?

        static let longestPause = Duration.seconds(30)

        var refusal: Refusal {
            Refusal(
                description: pause == nil
                    ? "the last reload waits for its confirmation; confirm it or let its \(seconds) seconds pass"
                    : "the daemon can't go back behind the last reload, which nobody confirmed, and goes on trying; "
                        + "confirm it, or reload another configuration")
        }
    }

    let path: String
    private let engine: Engine
    private let logLevel: LogLevelSwitch
    private let notifier: ServiceNotifier?
    private let logger: Logger
    /// Held for as long as a reload takes, so that one follows the other.
    private let pending = Mutex<Pending?>(nil)

    init(path: String, engine: Engine, logLevel: LogLevelSwitch, notifier: ServiceNotifier?, logger: Logger) {
        self.path = path
        self.engine = engine
        self.logLevel = logLevel
        self.notifier = notifier
        self.logger = logger
    }

    /// What a reload would change.
    func check() throws(Refusal) -> Outcome {
        let configuration = try load()
        do throws(NetiError) {
            return Outcome(
                changes: try engine.changes(to: configuration),
                discarded: engine.savedConfiguration.discarded(by: configuration))
        } catch {
            throw Refusal(description: error.reason)
        }
    }

    /// Follows the file, all or nothing.
    ///
    /// - Parameter seconds: after which everything goes back unless ``confirm()`` is called; nil for never.
    func reload(confirmedWithin seconds: Int? = nil) throws(Refusal) -> Outcome {
        try pending.withLock { pending throws(Refusal) in
            // One that can't go back is overruled by another configuration: what else could help then?
            if let pending, pending.pause == nil { throw pending.refusal }
            tell(.reloading)
            defer { tell(.ready) }
            let configuration = try load()
            let before = pending?.before ?? engine.checkpoint
            let discarded = engine.savedConfiguration.discarded(by: configuration)
            let changes = try changing { () throws(NetiError) in try engine.apply(configuration) }
            pending = nil
            if let seconds {
                pending = Pending(before: before, due: .now + .seconds(seconds), seconds: seconds)
                logger.notice("goes back in \(seconds) seconds unless this reload is confirmed")
            }
            for change in discarded {
                logger.notice("not saved, and discarded by the reload: \(change)", metadata: change.metadata)
            }
            return Outcome(changes: changes, discarded: discarded)
        }
    }

    /// Lets no reload happen meanwhile; refuses while one waits for its confirmation, which may undo anything.
    func betweenReloads<Result, Failure: Error>(
        _ body: () throws(Failure) -> Result, refused: (Refusal) -> Failure
    ) throws(Failure) -> Result {
        try pending.withLock { pending throws(Failure) in
            if let pending { throw refused(pending.refusal) }
            return try body()
        }
    }

    /// Keeps what the last reload changed.
    func confirm() throws(Refusal) {
        try pending.withLock { pending throws(Refusal) in
            guard pending != nil else { throw Refusal(description: "no reload waits for a confirmation") }
            pending = nil
        }
        logger.notice("the reload is confirmed")
    }

    /// Goes back if a confirmation is overdue, and tries again after a while if it can't, until the reload is confirmed or
    /// another one overrules it. Called several times a second; doesn't wait for a reload that is under way.
    func goBackIfDue() {
        _ = pending.withLockIfAvailable { pending in
            guard var due = pending, due.due <= .now else { return }
            tell(.reloading)
            defer { tell(.ready) }
            if due.pause == nil {
                logger.warning("nobody confirmed the reload within \(due.seconds) seconds: going back")
            }
            do throws(Refusal) {
                _ = try changing { () throws(NetiError) in try engine.restore(due.before) }
                pending = nil
            } catch {
                let pause = due.pause ?? .seconds(1)
                logger.critical("can't go back, trying again in \(pause.components.seconds) seconds: \(error)")
                due.due = .now + pause
                due.pause = min(pause * 2, Pending.longestPause)
                pending = due
            }
        }
    }

    /// Says so when the daemon ends before its last reload is confirmed or gone back behind.
    func tellUnconfirmed() {
        guard pending.withLockIfAvailable({ $0 != nil }) == true else { return }
        logger.warning("ending before the last reload was confirmed: the next start takes \(path) as it is")
    }

    private func changing(
        _ body: () throws(NetiError) -> [ConfigurationChange]
    ) throws(Refusal) -> [ConfigurationChange] {
        let before = engine.configuration.daemon.logLevel
        do throws(NetiError) {
            let changes = try body()
            let level = engine.configuration.daemon.logLevel
            if level != before { logLevel.set(level) }
            for change in changes { logger.notice("\(change)", metadata: change.metadata) }
            logger.notice("reloaded \(path): \(changes.isEmpty ? "nothing to change" : "\(changes.count) changes")")
            return changes
        } catch {
            throw Refusal(description: error.reason)
        }
    }

    private func load() throws(Refusal) -> Configuration {
        do throws(ConfigurationError) {
            let configuration = try Configuration.load(path: path, modules: engine.modules)
            try configuration.checkProcess(against: engine.configuration, path: path)
            return configuration
        } catch {
            throw Refusal(description: error.description)
        }
    }

    private func tell(_ state: ServiceNotifier.State) {
        do throws(Errno) {
            try notifier?.notify(state)
        } catch {
            logger.warning("can't notify the service manager: \(error)")
        }
    }
}

extension Configuration {
    /// Refuses keys of the process that can't change while it runs, at their lines in the file.
    fileprivate func checkProcess(against running: Configuration, path: String) throws(ConfigurationError) {
        let refused = running.daemon.refusals(of: daemon)
        guard !refused.isEmpty else { return }
        let location = try ConfigurationDocument(path: path).location
        throw ConfigurationError(
            diagnostics: refused.map { key, message in
                let place = ConfigurationPath().appending("daemon").appending(key)
                return .init(
                    file: path, line: location[place], column: nil, key: place.description, message: message)
            })
    }
}

extension ConfigurationChange {
    /// What journal and log know it by.
    fileprivate var metadata: Logger.Metadata {
        var metadata: Logger.Metadata = [:]
        if let instance { metadata["instance"] = "\(instance)" }
        if let hook { metadata["hook"] = "\(hook)" }
        return metadata
    }
}
