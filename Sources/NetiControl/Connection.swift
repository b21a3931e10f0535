// SPDX-License-Identifier: Apache-2.0

import Logging
import NIOCore
import ServiceLifecycle

/// One client: reads calls, sends the reply of one before it looks at the next.
struct Connection: Sendable {
    private let channel: NIOAsyncChannel<[UInt8], Never>
    private let peer: PeerCredentials

    /// Must be made on the channel's event loop.
    init(_ channel: any Channel, limits: ControlServer.Limits) throws {
        let pipeline = channel.pipeline.syncOperations
        guard
            let peer = try pipeline.withUnsafeTransportIfAvailable(
                of: CInt.self, { descriptor in try PeerCredentials(ofPeerAt: descriptor) })
        else { throw ChannelError.operationUnsupported }
        self.peer = peer
        try pipeline.addHandler(ByteToMessageHandler(FrameDecoder(limit: limits.callBytes)))
        // Behind the decoder, so that a call which trickles in byte by byte counts as silence.
        try pipeline.addHandler(IdleStateHandler(allTimeout: TimeAmount(limits.idle)))
        try pipeline.addHandler(IdleClientHandler())
        self.channel = try NIOAsyncChannel(wrappingChannelSynchronously: channel)
    }

    /// Closes the connection at once.
    func refuse(logger: Logger) async {
        logger.warning("too many control clients", metadata: ["uid": "\(peer.uid)", "pid": "\(peer.pid)"])
        try? await channel.executeThenClose { _ in }
    }

    /// Serves the client until it leaves, breaks the protocol, or the daemon stops; then the connection is closed.
    func serve(_ dispatch: Dispatch, logger: Logger) async {
        let channel = channel.channel
        await withTaskCancellationHandler {
            do {
                try await self.channel.executeThenClose { calls in
                    for try await call in calls.cancelOnGracefulShutdown() {
                        guard let reply = try await dispatch.reply(to: call, from: peer) else { continue }
                        // Waits until the kernel has taken every byte: a client that does not read stops only itself,
                        // and closing the connection loses nothing.
                        try await channel.writeAndFlush(ByteBuffer(bytes: reply))
                    }
                }
            } catch {
                logger.debug(
                    "closed a control connection",
                    metadata: ["error": "\(error)", "uid": "\(peer.uid)", "pid": "\(peer.pid)"])
            }
        } onCancel: {
            channel.close(promise: nil)
        }
    }
}

/// Closes the connection of a client that has been idle for too long.
private final class IdleClientHandler: ChannelInboundHandler {
    typealias InboundIn = [UInt8]

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }
}
