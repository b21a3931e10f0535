// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Logging
import NIOCore
import NIOPosix
public import ServiceLifecycle
import Synchronization
import SystemPackage

/// The daemon's side of the control interface: a Varlink service on a Unix socket.
///
/// The socket exists as soon as the server does, so that what is wrong with it is known before anything else starts;
/// clients that connect before ``run()`` wait. Each client is served by one task, call after call, which is what keeps
/// replies in order. A client that sends nonsense, falls silent, or does not read its replies loses its connection and
/// disturbs no other.
public struct ControlServer: Service {
    /// How much clients may ask of the daemon.
    public struct Limits: Equatable, Sendable {
        /// Clients that are connected at the same time. One more takes the place of one that keeps the daemon waiting,
        /// of the user with the most; else it is refused.
        public var clients = 64
        /// Bytes of one call.
        public var callBytes = MessageLimit.call
        /// How long a client may neither finish sending a call nor finish reading a reply. One that monitors may be
        /// silent and stop reading for as long as it likes.
        public var idle: Duration = .seconds(60)
        /// How long stopping waits for clients to read what was already answered.
        public var drain: Duration = .seconds(2)

        /// Clients that monitor at the same time. One more is refused, unless its user has fewer of them than another,
        /// of whose it ends the oldest.
        public var monitors = 16
        /// Events that wait for one of them; it loses what comes when there are so many.
        public var monitorEvents = 4096
        /// Bytes of replies that wait for clients to read them, all clients together; a call whose reply would be too
        /// much is refused.
        public var replyBytes = 4 * MessageLimit.reply

        /// The values that suit a daemon.
        public init() {}
    }

    /// What the server is told.
    public struct Configuration: Equatable, Sendable {
        /// Where the socket is; its directory must exist. At most 107 bytes.
        public var path: String
        /// Who owns the socket beside the daemon's user; its members may change things.
        public var group: SocketGroup?
        /// The daemon's version, for `GetInfo`.
        public var version: String
        /// How much clients may ask.
        public var limits: Limits

        /// Fills in every field.
        public init(
            path: String = ControlInterface.defaultSocketPath, group: SocketGroup? = nil, version: String,
            limits: Limits = Limits()
        ) {
            self.path = path
            self.group = group
            self.version = version
            self.limits = limits
        }
    }

    /// Calls that are answered at the same time. Of those that may have to wait for a change, the daemon keeps one here.
    private static let threads = 4

    private let socket: ListeningSocket
    private let limits: Limits
    private let dispatch: Dispatch
    private let logger: Logger

    /// Opens the socket: mode 0660, the daemon's user, the configured group.
    ///
    /// A socket that a dead daemon left at the path is replaced.
    ///
    /// - Throws: ``ControlSocketError``, among them that a live daemon answers at the path.
    public init(
        configuration: Configuration, backend: some ControlBackend, logger: Logger
    ) throws(ControlSocketError) {
        try self.init(configuration: configuration, daemonUser: geteuid(), backend: backend, logger: logger)
    }

    /// The same for another user than the one that runs this process, for tests.
    init(
        configuration: Configuration, daemonUser: UInt32, backend: some ControlBackend, logger: Logger
    ) throws(ControlSocketError) {
        let group = try configuration.group?.resolve()
        socket = try ListeningSocket(path: configuration.path, group: group)
        limits = configuration.limits
        dispatch = Dispatch(
            backend: backend, authority: Authority(uid: daemonUser, gid: group), version: configuration.version,
            limits: configuration.limits, logger: logger)
        self.logger = logger
    }

    /// Serves until a graceful shutdown or cancellation; then the socket's name is gone. Works once.
    public func run() async throws {
        guard let descriptor = socket.takeDescriptor() else { throw ControlServerError.alreadyRan }
        defer { socket.unlink() }
        let threads = ControlThreads(answering: Self.threads)
        do {
            try await threads.start()
            let listener = try await ServerBootstrap(group: threads.loop)
                .outlastingShortages()
                // A client may say that it has no more calls and still read replies.
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .bind(descriptor.rawValue) { channel in
                    channel.eventLoop.makeCompletedFuture { try Connection(channel, limits: limits) }
                        .flatMapErrorThrowing { error in
                            channel.close(promise: nil)
                            throw error
                        }
                }
            logger.info("control socket is open", metadata: ["path": "\(socket.path)"])
            try await withTaskExecutorPreference(threads) { try await serve(listener) }
        } catch {
            try? await threads.stop()
            throw error
        }
        try await threads.stop()
    }

    private func serve(_ listener: NIOAsyncChannel<Connection, Never>) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await serveAll(listener) }
            group.addTask {
                try await gracefulShutdown()
                socket.unlink()
                try await Task.sleep(for: limits.drain)
            }
            // Either all clients are served, or the time for that is up.
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func serveAll(_ listener: NIOAsyncChannel<Connection, Never>) async throws {
        let places = ClientPlaces(limit: limits.clients)
        let memory = ReplyMemory(limit: limits.replyBytes)
        let turnedAway = TurnedAway()
        let leaving = Leaving()
        try await withThrowingDiscardingTaskGroup { group in
            try await listener.executeThenClose { connections in
                try await withGracefulShutdownHandler {
                    for try await connection in connections {
                        let peer = connection.peer
                        let entered = places.enter(uid: peer.uid) {
                            leaving.note(connection.giveWay(limit: places.limit))
                        }
                        if entered?.hasReplaced != false { turnedAway.count(peer, logger: logger) }
                        // Neither this nor refusing happens beside taking in others, so that those without a place have few
                        // descriptors.
                        await leaving.wait()
                        guard let place = entered?.place else {
                            await connection.refuse(limit: places.limit)
                            continue
                        }
                        group.addTask {
                            await connection.serve(dispatch, in: place, of: places, memory, logger: logger)
                            places.leave(place)
                        }
                    }
                } onGracefulShutdown: {
                    listener.channel.close(promise: nil)
                }
            }
        }
    }
}

/// The client that had to give its place to another one, until its connection is closed.
private final class Leaving: Sendable {
    private let closing = Mutex<EventLoopFuture<Void>?>(nil)

    func note(_ isClosed: EventLoopFuture<Void>) {
        closing.withLock { $0 = isClosed }
    }

    /// Waits for the event loop, not for the client.
    func wait() async {
        try? await closing.withLock { $0.take() }?.get()
    }
}

/// The server was asked to run a second time.
enum ControlServerError: Error {
    case alreadyRan
}
