// SPDX-License-Identifier: Apache-2.0

import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// One client: reads calls, sends the reply, or all replies, to one before it looks at the next.
struct Connection: Sendable {
    private let channel: NIOAsyncChannel<[UInt8], Never>
    private let caller: Caller
    private let idleLimit: TimeAmount

    /// Must be made on the channel's event loop.
    init(_ channel: any Channel, limits: ControlServer.Limits) throws {
        let pipeline = channel.pipeline.syncOperations
        guard
            let peer = try pipeline.withUnsafeTransportIfAvailable(
                of: CInt.self, { descriptor in try PeerCredentials(ofPeerAt: descriptor) })
        else { throw ChannelError.operationUnsupported }
        caller = Caller(peer)
        idleLimit = TimeAmount(limits.idle)
        try pipeline.addHandler(ByteToMessageHandler(FrameDecoder(limit: limits.callBytes)))
        // A call is looked at before the next one is read, so that no client has more than two in memory.
        self.channel = try NIOAsyncChannel(
            wrappingChannelSynchronously: channel,
            configuration: .init(backPressureStrategy: .init(lowWatermark: 1, highWatermark: 1)))
    }

    /// Who the client is.
    var peer: PeerCredentials { caller.credentials }

    /// Says that there is no place, and closes the connection.
    func refuse(limit: Int) async {
        tellTooMany(limit)
        try? await channel.executeThenClose { _ in }
    }

    /// Closes the connection of a client that is being served, for another one. What it has not read is lost; one that
    /// has read everything is told why. Does not wait.
    ///
    /// - Returns: what is fulfilled when it is closed.
    func giveWay(limit: Int) -> EventLoopFuture<Void> {
        tellTooMany(limit)
        channel.channel.close(promise: nil)
        return channel.channel.closeFuture
    }

    private func tellTooMany(_ limit: Int) {
        let error = ControlError.tooManyClients(reason: "\(limit) clients are connected, no more may at the moment")
        guard let message = try? Message.reply(error.onTheWire) else { return }
        channel.channel.writeAndFlush(ByteBuffer(bytes: message), promise: nil)
    }

    /// Serves the client until it leaves, breaks the protocol, or the daemon stops; then the connection is closed.
    func serve(
        _ dispatch: Dispatch, in place: ClientPlaces.Place, of places: ClientPlaces, _ memory: ReplyMemory,
        logger: Logger
    ) async {
        let turn = Turn(dispatch: dispatch, places: places, place: place, memory: memory)
        await withTaskCancellationHandler {
            do {
                try await channel.executeThenClose { calls in
                    try await answer(calls, turn)
                }
            } catch {
                logger.debug(
                    "closed a control connection",
                    metadata: [
                        "error": "\(error)", "uid": "\(caller.credentials.uid)", "pid": "\(caller.credentials.pid)",
                    ])
            }
        } onCancel: {
            channel.channel.close(promise: nil)
        }
    }

    /// What serving one client needs.
    private struct Turn {
        let dispatch: Dispatch
        let places: ClientPlaces
        let place: ClientPlaces.Place
        let memory: ReplyMemory
    }

    private func answer(_ calls: NIOAsyncChannelInboundStream<[UInt8]>, _ turn: Turn) async throws {
        // Not `cancelOnGracefulShutdown()`, which would have Swift's own pool pass on each call.
        try await withGracefulShutdownHandler {
            try await answerAll(calls, turn)
        } onGracefulShutdown: {
            channel.channel.close(mode: .input, promise: nil)
        }
    }

    private func answerAll(_ calls: NIOAsyncChannelInboundStream<[UInt8]>, _ turn: Turn) async throws {
        var patience = closeUnlessCancelled()
        defer { patience.cancel() }
        for try await call in calls {
            // The time that the daemon takes is not the client's.
            patience.cancel()
            turn.places.serve(turn.place)
            let reply = try await lastReply(of: turn.dispatch.answer(to: call, from: caller), turn.dispatch)
            turn.places.wait(turn.place)
            patience = closeUnlessCancelled()
            guard let reply else { continue }
            try await send(reply, turn.memory)
            patience.cancel()
            turn.places.wait(turn.place)
            patience = closeUnlessCancelled()
        }
    }

    /// Sends all replies but the last one, which is returned.
    private func lastReply(of answer: Dispatch.Answer, _ dispatch: Dispatch) async throws -> [UInt8]? {
        switch answer {
        case .nothing:
            return nil
        case .reply(let reply):
            return reply
        case .events(let stream):
            defer { dispatch.end(stream) }
            try await send(stream.queue)
            return try stream.queue.reason.map { try Message.reply($0.onTheWire) }
        case .packets(let source):
            defer { source.finish() }
            try await send(source)
            return nil
        }
    }

    /// Sends a reply, or says that too many others wait to be read.
    private func send(_ reply: [UInt8], _ memory: ReplyMemory) async throws {
        guard memory.take(reply.count) else {
            let error = ControlError.failed(reason: "too many answers wait for other clients to read them, try again")
            return try await send(Message.reply(error.onTheWire))
        }
        defer { memory.giveBack(reply.count) }
        try await send(reply)
    }

    /// Sends a reply for each event until the client goes or the daemon stops.
    ///
    /// Calls that come meanwhile wait for the end, like all calls.
    private func send(_ queue: MonitorQueue) async throws {
        channel.channel.closeFuture.whenComplete { _ in queue.finish() }
        // Who has lost its place may be a client that doesn't read, for whom this would wait for ever.
        let patience = Patience()
        queue.whenFinished { patience.begin(closeUnlessCancelled()) }
        defer { patience.end() }
        try await withGracefulShutdownHandler {
            while let events = await queue.next(atMost: Self.eventsAtOnce) {
                try await send(events.flatMap { try Message.reply(Monitor.Reply(event: $0), continues: true) })
            }
        } onGracefulShutdown: {
            queue.finish()
        }
    }

    /// Sends packets until the client goes or the daemon stops.
    private func send(_ source: any CaptureSource) async throws {
        channel.channel.closeFuture.whenComplete { _ in source.finish() }
        try await withGracefulShutdownHandler {
            while let reply = await source.next() { try await send(Message.reply(reply, continues: true)) }
        } onGracefulShutdown: {
            source.finish()
        }
    }

    /// What closes the connection of a client whose stream has ended, until it has read what was sent.
    private final class Patience: Sendable {
        private struct State {
            var close: Scheduled<Void>?
            var isOver = false
        }

        private let state = Mutex(State())

        func begin(_ close: Scheduled<Void>) {
            state.withLock { state in
                if state.isOver { close.cancel() } else { state.close = close }
            }
        }

        func end() {
            state.withLock { state in
                state.isOver = true
                state.close?.cancel()
            }
        }
    }

    /// How many events become one piece of bytes: few enough to be small, enough to make a system call worth while.
    private static let eventsAtOnce = 64

    /// Waits until the kernel has taken every byte: a client that does not read stops only itself, and closing the
    /// connection loses nothing.
    private func send(_ bytes: [UInt8]) async throws {
        try await channel.channel.writeAndFlush(ByteBuffer(bytes: bytes))
    }

    /// Gives the client as long as a client may be idle.
    private func closeUnlessCancelled() -> Scheduled<Void> {
        let channel = channel.channel
        return channel.eventLoop.scheduleTask(in: idleLimit) { channel.close(promise: nil) }
    }
}
