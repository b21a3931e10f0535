// SPDX-License-Identifier: Apache-2.0

import Glibc
import NIOCore
package import NIOPosix

extension ServerBootstrap {
    /// Goes on listening when descriptors or memory run out: whoever connects waits until there are some again.
    ///
    /// Otherwise the first such error of accept(2) ends the stream of connections, and nobody is served any more.
    package func outlastingShortages() -> Self {
        serverChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Shortage()) }
        }
    }
}

/// Stops accepting for a moment after an error. (`AcceptBackoffHandler` of NIO leaves the socket registered with epoll,
/// which tells of the same client again and again.)
private final class Shortage: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private static let pause = TimeAmount.milliseconds(100)

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? IOError else { return context.fireErrorCaught(error) }
        // Only that client is gone.
        if error.errnoCode == ECONNABORTED { return }
        let channel = context.channel
        _ = channel.setOption(.autoRead, value: false)
        channel.eventLoop.scheduleTask(in: Self.pause) { _ = channel.setOption(.autoRead, value: true) }
    }
}
