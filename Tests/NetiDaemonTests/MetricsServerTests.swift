// SPDX-License-Identifier: Apache-2.0

import Glibc
import Logging
import NetiControl
import ServiceLifecycle
import Synchronization
import SystemPackage
import Testing

@testable import NetiDaemon

/// The server that Prometheus asks, on a Unix socket.
struct MetricsServerTests {
    private func withServer(
        limits: MetricsServer.Limits = MetricsServer.Limits(), _ body: @escaping @Sendable (String) async throws -> Void
    ) async throws {
        var directory = try TemporaryDirectory()
        let path = directory.expect("metrics.sock").string
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let server = try await MetricsServer(
            address: .unix(path: path), group: nil, source: MetricsSource { .sample }, limits: limits, logger: logger)
        let services = ServiceGroup(services: [server], logger: logger)
        async let running: Void = services.run()
        let test = Task.detached { try await body(path) }
        let result = await test.result
        await services.triggerGracefulShutdown()
        try await running
        try result.get()
        #expect(unsafe access(path, F_OK) == -1, "the socket is still there")
    }

    @Test("GET and HEAD of /metrics are answered, anything else is refused, and each answer ends the connection")
    func answers() async throws {
        try await withServer { path in
            let metrics = String(decoding: MetricsSnapshot.sample.text, as: UTF8.self)
            let answer = try HTTPAnswer(of: "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", at: path)
            #expect(answer.status == "HTTP/1.1 200 OK")
            #expect(answer.headers.contains("content-type: text/plain; version=0.0.4; charset=utf-8"))
            #expect(answer.headers.contains("content-length: \(metrics.utf8.count)"))
            #expect(answer.body == metrics)
            #expect(try HTTPAnswer(of: "GET /metrics?a=b HTTP/1.0\r\n\r\n", at: path).body == metrics)
            let head = try HTTPAnswer(of: "HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n", at: path)
            #expect(head.status == "HTTP/1.1 200 OK" && head.body == "")
            for (request, status) in [
                ("GET / HTTP/1.1\r\n\r\n", "404 Not Found"), ("GET /metrics/ HTTP/1.1\r\n\r\n", "404 Not Found"),
                ("POST /metrics HTTP/1.1\r\nContent-Length: 9\r\n\r\n", "405 Method Not Allowed"),
                ("nonsense\r\n\r\n", "400 Bad Request"),
            ] {
                #expect(try HTTPAnswer(of: request, at: path).status.hasSuffix(status), "\(request)")
            }
        }
    }

    @Test("Slow clients lose their connections, too many are turned away, and the next one is served all the same")
    func bounded() async throws {
        var limits = MetricsServer.Limits()
        limits.clients = 4
        limits.lifetime = .milliseconds(500)
        try await withServer(limits: limits) { path in
            let request = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"
            let silent = try (0..<20).map { _ in try HTTPClient(path) }
            for (index, client) in silent.enumerated() where index.isMultiple(of: 2) { try? client.send("GET /met") }
            for client in silent { #expect(client.readToEnd() == "") }
            #expect(try HTTPAnswer(of: request, at: path).status == "HTTP/1.1 200 OK")
            // A head without end.
            let endless = try HTTPClient(path)
            try? endless.send("GET /metrics HTTP/1.1\r\n")
            let line = "a: " + String(repeating: "b", count: 1000) + "\r\n"
            for _ in 0..<1000 { guard (try? endless.send(line)) != nil else { break } }
            #expect(!endless.readToEnd().contains("200 OK"))
            #expect(try HTTPAnswer(of: request, at: path).status == "HTTP/1.1 200 OK")
        }
    }

    @Test("Stopping waits for no client that says nothing")
    func stops() async throws {
        var limits = MetricsServer.Limits()
        limits.lifetime = .seconds(120)
        limits.drain = .milliseconds(100)
        let start = ContinuousClock.now
        let clients = Mutex<[HTTPClient]>([])
        try await withServer(limits: limits) { path in
            clients.withLock { $0 = [] }
            let silent = try HTTPClient(path)
            try silent.send("GET /met")
            // It has a place by then.
            _ = try HTTPAnswer(of: "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", at: path)
            clients.withLock { $0.append(silent) }
        }
        #expect(start.duration(to: .now) < .seconds(60))
        #expect(clients.withLock { $0.first?.readToEnd() } == "")
    }

    @Test("An address that is taken is told at once, with the address")
    func taken() async throws {
        try await withServer { path in
            await #expect(throws: MetricsServerError.self) {
                _ = try await MetricsServer(
                    address: .unix(path: path), group: nil, source: MetricsSource { .sample },
                    logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            }
        }
    }
}

/// A client that does what a test wants rather than what is right.
private final class HTTPClient: Sendable {
    private let socket: FileDescriptor

    init(_ path: String) throws {
        socket = FileDescriptor(rawValue: Glibc.socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: Array(path.utf8)) }
        let result = unsafe withUnsafePointer(to: address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(socket.rawValue, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw Errno(rawValue: errno) }
    }

    deinit {
        try? socket.close()
    }

    func send(_ text: String) throws {
        var bytes = Array(text.utf8)
        guard unsafe Glibc.send(socket.rawValue, &bytes, bytes.count, CInt(MSG_NOSIGNAL)) >= 0 else {
            throw Errno(rawValue: errno)
        }
    }

    /// Everything until the other side closes the connection.
    func readToEnd() -> String {
        var all: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe recv(socket.rawValue, &chunk, chunk.count, 0)
            guard count > 0 else { return String(decoding: all, as: UTF8.self) }
            all += chunk[..<count]
        }
    }
}

/// What a server answers to one request.
private struct HTTPAnswer {
    var status: String
    var headers: Set<String>
    var body: String

    init(of request: String, at path: String) throws {
        let client = try HTTPClient(path)
        try client.send(request)
        let text = client.readToEnd()
        let end = try #require(text.firstRange(of: "\r\n\r\n"), "no answer but '\(text)'")
        let lines = text[..<end.lowerBound].split(separator: "\r\n").map(String.init)
        status = lines.first ?? ""
        headers = Set(lines.dropFirst().map { $0.lowercased() })
        body = String(text[end.upperBound...])
    }
}
