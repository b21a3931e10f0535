// SPDX-License-Identifier: Apache-2.0

import Logging
import NIOCore
import ServiceLifecycle

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
        self.channel = try NIOAsyncChannel(wrappingChannelSynchronously: channel)
    }

    /// Closes the connection at once.
    func refuse(logger: Logger) async {
        logger.warning(
            "too many control clients",
            metadata: ["uid": "\(caller.credentials.uid)", "pid": "\(caller.credentials.pid)"])
        try? await channel.executeThenClose { _ in }
    }

    /// Serves the client until it leaves, breaks the protocol, or the daemon stops; then the connection is closed.
    func serve(_ dispatch: Dispatch, logger: Logger) async {
        await withTaskCancellationHandler {
            do {
                try await channel.executeThenClose { calls in
                    try await answer(calls, dispatch)
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

    private func answer(_ calls: NIOAsyncChannelInboundStream<[UInt8]>, _ dispatch: Dispatch) async throws {
        var patience = closeUnlessCancelled()
        defer { patience.cancel() }
        for try await call in calls.cancelOnGracefulShutdown() {
            // The time that the daemon takes is not the client's.
            patience.cancel()
            let answer = try await dispatch.answer(to: call, from: caller)
            switch answer {
            case .nothing:
                break
            case .reply(let reply):
                patience = closeUnlessCancelled()
                try await send(reply)
                patience.cancel()
            case .events(let queue):
                defer { dispatch.end(queue) }
                try await send(queue)
            }
            patience = closeUnlessCancelled()
        }
    }

    /// Sends a reply for each event until the client goes or the daemon stops.
    ///
    /// Calls that come meanwhile wait for the end, like all calls.
    private func send(_ queue: MonitorQueue) async throws {
        channel.channel.closeFuture.whenComplete { _ in queue.finish() }
        try await withGracefulShutdownHandler {
            while let events = await queue.next(atMost: Self.eventsAtOnce) {
                try await send(events.flatMap { try Message.reply(Monitor.Reply(event: $0), continues: true) })
            }
        } onGracefulShutdown: {
            queue.finish()
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
