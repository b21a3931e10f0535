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
/// connection, and figures that are looked up at most once a second. It runs on a thread of its own and never touches
/// the threads that carry packets.
struct MetricsServer: Service {
    /// How much clients may ask.
    struct Limits {
        /// Clients that are connected at the same time; one more is turned away.
        var clients = 16
        /// How long a connection may last.
        var lifetime: Duration = .seconds(10)
    }

    private let address: MetricsAddress
    private let limits: Limits
    private let source: MetricsSource
    private let logger: Logger
    private let loop: MultiThreadedEventLoopGroup
    private let listener: NIOAsyncChannel<MetricsConnection, Never>
    private let socket: ListeningSocket?

    /// Opens the address; clients that connect before ``run()`` wait.
    ///
    /// - Parameter group: who owns a Unix socket beside the daemon's user; its mode is 0660.
    /// - Throws: `ControlSocketError`, or what NIO says of the address.
    init(
        address: MetricsAddress, group: SocketGroup?, source: MetricsSource, limits: Limits = Limits(), logger: Logger
    ) async throws {
        let loop = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let bootstrap = ServerBootstrap(group: loop)
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
            try? await loop.shutdownGracefully()
            throw MetricsServerError(address: address, reason: "\(error)")
        }
        self.address = address
        self.limits = limits
        self.source = source
        self.logger = logger
        self.loop = loop
    }

    /// Serves until a graceful shutdown or cancellation.
    func run() async throws {
        logger.info("metrics can be fetched", metadata: ["address": "\(address)"])
        let clients = ClientCount(limit: limits.clients)
        do {
            try await withThrowingDiscardingTaskGroup { group in
                try await listener.executeThenClose { connections in
                    for try await connection in connections.cancelOnGracefulShutdown() {
                        guard clients.enter() else {
                            group.addTask { await connection.turnAway() }
                            continue
                        }
                        group.addTask {
                            await connection.serve(source)
                            clients.leave()
                        }
                    }
                }
            }
        } catch {
            await close()
            throw error
        }
        await close()
    }

    private func close() async {
        socket?.unlink()
        try? await loop.shutdownGracefully()
    }
}

/// Why metrics can't be offered.
struct MetricsServerError: Error, CustomStringConvertible {
    let address: MetricsAddress
    let reason: String

    /// One line for a person.
    var description: String { "can't offer metrics at \(address): \(reason)" }
}
