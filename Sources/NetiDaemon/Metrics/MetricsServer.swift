// SPDX-License-Identifier: Apache-2.0

import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NetiControl
import ServiceLifecycle
import SystemPackage

/// Answers `GET /metrics` at the configured address, for Prometheus.
///
/// Bounded in every respect: so many clients at a time and no more, each for so long and no longer, one answer a
/// connection, and figures that are looked up at most once a second. It runs on threads of its own, which give way to those
/// that carry packets.
struct MetricsServer: Service {
    /// How much clients may ask.
    struct Limits {
        /// Clients that are connected at the same time; one more is turned away.
        var clients = 16
        /// How long a connection may last.
        var lifetime: Duration = .seconds(10)
        /// How long stopping waits for those that are connected.
        var drain: Duration = .seconds(1)
    }

    private let address: MetricsAddress
    private let limits: Limits
    private let source: MetricsSource
    private let logger: Logger
    private let threads: ControlThreads
    private let listener: NIOAsyncChannel<MetricsConnection, Never>
    private let socket: ListeningSocket?

    /// Opens the address; clients that connect before ``run()`` wait.
    ///
    /// - Parameter group: who owns a Unix socket beside the daemon's user; its mode is 0660.
    /// - Throws: `ControlSocketError`, or what NIO says of the address.
    init(
        address: MetricsAddress, group: SocketGroup?, source: MetricsSource, limits: Limits = Limits(), logger: Logger
    ) async throws {
        let threads = ControlThreads(answering: 1)
        try await threads.start()
        let bootstrap = ServerBootstrap(group: threads.loop)
            .outlastingShortages()
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 16)
        let initialize: @Sendable (any Channel) -> EventLoopFuture<MetricsConnection> = { channel in
            channel.eventLoop.makeCompletedFuture { try MetricsConnection(channel, lifetime: limits.lifetime) }
                .flatMapErrorThrowing { error in
                    channel.close(promise: nil)
                    throw error
                }
        }
        do {
            switch address {
            case .unix(let path):
                let socket = try ListeningSocket(path: path, group: try group?.resolve())
                self.socket = socket
                guard let descriptor = socket.takeDescriptor() else { throw CancellationError() }
                listener = try await bootstrap.bind(descriptor.rawValue, childChannelInitializer: initialize)
            case .tcp(let host, let port):
                socket = nil
                listener = try await bootstrap.bind(host: host, port: port, childChannelInitializer: initialize)
            }
        } catch {
            try? await threads.stop()
            throw MetricsServerError(address: address, reason: "\(error)")
        }
        self.address = address
        self.limits = limits
        self.source = source
        self.logger = logger
        self.threads = threads
    }

    /// Serves until a graceful shutdown or cancellation.
    func run() async throws {
        logger.info("metrics can be fetched", metadata: ["address": "\(address)"])
        do {
            try await withTaskExecutorPreference(threads) { try await serve() }
        } catch {
            await close()
            throw error
        }
        await close()
    }

    private func serve() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await serveAll() }
            group.addTask {
                try await gracefulShutdown()
                try await Task.sleep(for: limits.drain)
            }
            // Either all clients are served, or the time for that is up.
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func serveAll() async throws {
        let clients = ClientCount(limit: limits.clients)
        try await withThrowingDiscardingTaskGroup { group in
            try await listener.executeThenClose { connections in
                try await withGracefulShutdownHandler {
                    for try await connection in connections {
                        guard clients.enter() else {
                            // Not beside the others, so that few are being turned away at a time.
                            await connection.turnAway()
                            continue
                        }
                        group.addTask {
                            await connection.serve(source)
                            clients.leave()
                        }
                    }
                } onGracefulShutdown: {
                    listener.channel.close(promise: nil)
                }
            }
        }
    }

    private func close() async {
        socket?.unlink()
        try? await threads.stop()
    }
}

/// Why metrics can't be offered.
struct MetricsServerError: Error, CustomStringConvertible {
    let address: MetricsAddress
    let reason: String

    /// One line for a person.
    var description: String { "can't offer metrics at \(address): \(reason)" }
}
