// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1

/// One client that wants metrics: one request, one answer, and the connection ends.
struct MetricsConnection: Sendable {
    /// What is sent goes by the channel below: a connection that is dropped before it is served may own no writer.
    private let channel: NIOAsyncChannel<HTTPServerRequestPart, Never>
    private let end: Scheduled<Void>

    /// What the text is called (exposition format 0.0.4).
    private static let textType = "text/plain; version=0.0.4; charset=utf-8"

    /// Must be made on the channel's event loop. The connection ends after `lifetime`, whatever the client does.
    init(_ channel: any Channel, lifetime: Duration) throws {
        let pipeline = channel.pipeline.syncOperations
        // Bounds the length of what it reads by itself, and answers what is no request with 400.
        try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: false)
        try pipeline.addHandler(ResponseBytes())
        end = channel.eventLoop.scheduleTask(in: TimeAmount(lifetime)) { channel.close(promise: nil) }
        self.channel = try NIOAsyncChannel(wrappingChannelSynchronously: channel)
    }

    /// Answers the client, unless the task is cancelled before.
    func serve(_ source: MetricsSource) async {
        await withTaskCancellationHandler {
            await reply { head in
                switch (head.method, head.uri.split(separator: "?").first) {
                case (.GET, "/metrics"), (.HEAD, "/metrics"): (.ok, await source.text())
                case (.GET, _), (.HEAD, _): (.notFound, Array("metrics are at /metrics\n".utf8))
                default: (.methodNotAllowed, Array("only GET and HEAD\n".utf8))
                }
            }
        } onCancel: {
            channel.channel.close(promise: nil)
        }
    }

    /// Closes the connection at once: waiting for the request would keep one client more.
    func turnAway() async {
        try? await channel.executeThenClose { _ in }
        end.cancel()
    }

    /// Waits for the head of a request and answers it; a body isn't waited for.
    private func reply(_ answer: (HTTPRequestHead) async -> (status: HTTPResponseStatus, body: [UInt8])) async {
        try? await channel.executeThenClose { requests in
            for try await case .head(let head) in requests {
                let (status, body) = await answer(head)
                let headers: HTTPHeaders = [
                    "Content-Type": Self.textType, "Content-Length": "\(body.count)", "Connection": "close",
                ]
                send(.head(.init(version: .http1_1, status: status, headers: headers)))
                if head.method != .HEAD { send(.body(ByteBuffer(bytes: body))) }
                try await channel.channel.writeAndFlush(ResponseBytes.OutboundIn.end(nil))
                break
            }
        }
        end.cancel()
    }

    private func send(_ part: ResponseBytes.OutboundIn) {
        channel.channel.write(part, promise: nil)
    }
}

/// Makes of bytes what NIO's HTTP encoder takes, which may also be a part of a file.
private final class ResponseBytes: ChannelOutboundHandler {
    typealias OutboundIn = HTTPPart<HTTPResponseHead, ByteBuffer>
    typealias OutboundOut = HTTPServerResponsePart

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let part: HTTPServerResponsePart =
            switch unwrapOutboundIn(data) {
            case .head(let head): .head(head)
            case .body(let bytes): .body(.byteBuffer(bytes))
            case .end(let trailers): .end(trailers)
            }
        context.write(wrapOutboundOut(part), promise: promise)
    }
}
