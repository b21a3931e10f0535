// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc
import NIOPosix
import ServiceLifecycle

@testable import NetiControl

/// A directory that everybody may enter, removed afterwards with all that is in it.
func withDirectory<Result>(_ body: (_ path: String) async throws -> Result) async throws -> Result {
    let path = "/tmp/neti-control-\(UUID().uuidString)"
    try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
}

/// Runs a server on a socket of its own until `body` returns, then stops it gracefully and waits for its end.
///
/// - Parameter whileStopping: What is done after the stop was asked for and before the end is waited for.
func withServer<Result: Sendable>(
    _ backend: some ControlBackend = FakeBackend(), limits: ControlServer.Limits = ControlServer.Limits(),
    group: SocketGroup? = nil, daemonUser: UInt32 = geteuid(), log: LogRecorder = LogRecorder(),
    _ body: (_ socket: String) async throws -> Result,
    whileStopping: (Result) async throws -> Void = { _ in }
) async throws -> Result {
    try await withDirectory { directory in
        let path = directory + "/neti.sock"
        let server = try ControlServer(
            configuration: .init(path: path, group: group, version: "1.0", limits: limits), daemonUser: daemonUser,
            backend: backend, logger: log.logger)
        return try await whileRunning(server, { try await body(path) }, whileStopping: whileStopping)
    }
}

/// Runs a server until `body` returns, then stops it gracefully and waits for its end.
func whileRunning<Result: Sendable>(
    _ server: ControlServer, _ body: () async throws -> Result, whileStopping: (Result) async throws -> Void = { _ in }
) async throws -> Result {
    let services = ServiceGroup(
        configuration: .init(
            services: [.init(service: server)], logger: LogRecorder.discarding))
    async let running: Void = services.run()
    let outcome: Swift.Result<Result, any Error>
    do {
        let result = try await body()
        await services.triggerGracefulShutdown()
        try await whileStopping(result)
        outcome = .success(result)
    } catch {
        await services.triggerGracefulShutdown()
        outcome = .failure(error)
    }
    try await running
    return try outcome.get()
}

extension String {
    /// The text with the NUL that ends a message.
    var asMessage: [UInt8] { Array(utf8) + [0] }
}

extension ControlClient {
    /// What a call that must not succeed is refused with.
    mutating func error(of method: some ControlMethod) -> ControlClientError? {
        do throws(ControlClientError) {
            _ = try call(method)
            return nil
        } catch {
            return error
        }
    }
}

/// Runs what blocks on a thread that may block: the concurrency pool has only as many threads as the machine has cores,
/// and the server needs one.
func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await NIOThreadPool.singleton.runIfActive(body)
}
