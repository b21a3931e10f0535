// SPDX-License-Identifier: Apache-2.0

import Glibc
import IPFilter
import Impair
import Logging
public import Neti
import NetiControl
import NetiLinux
import ServiceLifecycle
import SystemPackage
import UnixSignals

/// The whole daemon: puts the parts together, runs until it is told to stop, takes them apart again.
///
/// To run hooks of your own, write a ``HookModule`` and a program whose `main` is
/// `try await Daemon(configuration, path: path, modules: Daemon.standardModules + [MyModule.self]).run()`. With many
/// instances ``shareHeap()`` before that saves memory.
public struct Daemon: Sendable {
    /// What a configuration may name when nobody adds to it: `ipf`, `count` and `impair`.
    public static let standardModules: [any HookModule.Type] = [
        IPFilterModule.self, CountModule.self, ImpairModule.self,
    ]

    /// The version of this software.
    public static let version = "0.1.0"

    private let configuration: Configuration
    private let path: String
    private let modules: [any HookModule.Type]

    /// Reads a configuration for a daemon with these modules.
    ///
    /// - Throws: everything that is wrong with it, at once.
    public static func load(
        _ path: String, modules: [any HookModule.Type] = standardModules
    ) throws(ConfigurationError) -> Configuration {
        try Configuration.load(path: path, modules: modules)
    }

    /// Prepares a daemon; nothing is opened yet.
    ///
    /// - Parameters:
    ///   - path: the configuration's file, for `neti-ctl status`.
    ///   - modules: what hooks may name.
    public init(_ configuration: Configuration, path: String, modules: [any HookModule.Type] = standardModules) {
        self.configuration = configuration
        self.path = path
        self.modules = modules
    }

    /// Runs until SIGTERM or SIGINT; reads its configuration again at SIGHUP.
    ///
    /// - Throws: what kept it from starting, as one error with a message for a person.
    public func run() async throws {
        let logLevel = LogLevelSwitch(configuration.daemon.logLevel)
        let logger = Logger(label: "neti") { JournalLogHandler(label: $0, level: logLevel) }
        let notifier = try ServiceNotifier()

        // From here on SIGHUP ends nobody.
        let hangups = await UnixSignalsSequence(trapping: .sighup)
        raiseDescriptorLimit()
        try makeSocketDirectory()
        let engine = try Engine(configuration: configuration, modules: modules, logger: logger)
        let reloader = Reloader(
            path: path, engine: engine, logLevel: logLevel, notifier: notifier, logger: logger)
        let backend = DaemonBackend(
            engine: engine, reloader: reloader, version: Self.version, logLevel: logLevel)
        let server = try ControlServer(
            configuration: ControlServer.Configuration(
                path: configuration.daemon.controlSocket,
                group: configuration.daemon.controlGroup.map(SocketGroup.name), version: Self.version),
            backend: backend, logger: logger)
        let metrics = try await metricsServer(backend.metricsSource, logger)
        try engine.start()
        let deadline = StopDeadline(engine: engine, logger: logger)
        defer {
            reloader.tellUnconfirmed()
            engine.stop()
            deadline.end()
        }
        try HookRemoval.begin(for: engine)
        let group = ServiceGroup(
            // They stop in the reverse order: nobody waits for clients before the end of the daemon has been announced.
            services: metrics + [
                server, backend.kstatWatch, Reporting(engine: engine, logger: logger),
                Liveness(engine: engine, notifier: notifier, logger: logger),
                Reloading(reloader: reloader, hangups: hangups, engine: engine, logger: logger),
                Announcement(notifier: notifier, deadline: deadline, engine: engine, logger: logger),
            ],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        try await group.run()
    }
}

extension Daemon {
    /// Takes as many descriptors as the system allows: an instance with hooks has nine and more.
    private func raiseDescriptorLimit() {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// Makes the folder of the control socket, which under systemd is there already (`RuntimeDirectory=`).
    private func makeSocketDirectory() throws(NetiError) {
        let directory = FilePath(configuration.daemon.controlSocket).removingLastComponent().string
        guard unsafe mkdir(directory, 0o755) != 0, errno != EEXIST else { return }
        throw NetiError(Errno(rawValue: errno), "can't make the folder of the control socket, \(directory)")
    }
}

extension Daemon {
    /// Opens the metrics' address, if there is one.
    private func metricsServer(_ source: MetricsSource, _ logger: Logger) async throws -> [any Service] {
        guard let address = configuration.daemon.metrics else { return [] }
        let group = configuration.daemon.controlGroup.map(SocketGroup.name)
        return [try await MetricsServer(address: address, group: group, source: source, logger: logger)]
    }
}

/// Passes on what hook modules want logged, and now and then what was lost; writes down what outlives the daemon.
private struct Reporting: Service {
    let engine: Engine
    let logger: Logger

    /// How often log lines are fetched, and after how many fetches losses and all namespaces are looked for: ten seconds.
    private static let interval = Duration.milliseconds(200)
    private static let roundsPerLook = 50

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var losses = LossReport()
            var troubles = TroubleReport()
            var saved = ContinuousClock.now
            for round in 1... {
                do {
                    try await Task.sleep(for: Self.interval)
                } catch {
                    break
                }
                engine.passOnLogLines()
                engine.provider.reclaimCaptures()
                if saved.duration(to: .now) >= .seconds(engine.configuration.daemon.stateInterval) {
                    saved = .now
                    engine.saveState()
                }
                if round.isMultiple(of: Self.roundsPerLook) {
                    losses.look(at: engine, logger: logger)
                    troubles.look(at: engine, logger: logger)
                    engine.lookAgain(.all)
                } else {
                    engine.lookAgain(.known)
                }
            }
            engine.passOnLogLines()
            losses.look(at: engine, logger: logger)
            troubles.look(at: engine, logger: logger)
        }
    }
}

/// Tells the service manager and the log that the daemon is ready, and later that it stops.
private struct Announcement: Service {
    let notifier: ServiceNotifier?
    let deadline: StopDeadline
    let engine: Engine
    let logger: Logger

    func run() async throws {
        logger.info("ready")
        tell(.ready)
        try? await gracefulShutdown()
        logger.info("stopping")
        deadline.begin()
        tell(.stopping)
        // Now, for whoever has no more patience with the rest kills the process: the deadline, or systemd.
        engine.saveState()
    }

    private func tell(_ state: ServiceNotifier.State) {
        do throws(Errno) {
            try notifier?.notify(state)
        } catch {
            logger.warning("can't notify the service manager: \(error)")
        }
    }
}
