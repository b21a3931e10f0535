// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Synchronization

/// What a program did.
struct ProgramResult: Equatable, Sendable {
    let status: Int32
    let output: String
    let errors: String
}

/// Runs a program that is found by `PATH`, or by a path, to its end.
func run(_ program: [String], environment: [String: String] = [:]) async throws -> ProgramResult {
    try await onThread {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = environment.map { "\($0.key)=\($0.value)" } + program
        let output = Pipe()
        let errors = Pipe()
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        // No program here writes more errors than fit into a pipe, so reading one after the other does not block it.
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        let complaints = try errors.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return ProgramResult(
            status: process.terminationStatus, output: String(decoding: text, as: UTF8.self),
            errors: String(decoding: complaints, as: UTF8.self))
    }
}

/// A program that goes on until it is interrupted or has its reasons.
final class LastingProgram: Sendable {
    private let process = Process()
    private let output = Pipe()
    private let errors = Pipe()
    private let received = Mutex(Data())

    /// Starts a program that is found by `PATH`, or by a path.
    init(_ program: [String]) throws {
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = program
        process.standardOutput = output
        process.standardError = errors
        // The threads that may block have signals blocked, which a program would inherit.
        var (nothing, before) = (sigset_t(), sigset_t())
        unsafe sigemptyset(&nothing)
        unsafe pthread_sigmask(SIG_SETMASK, &nothing, &before)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
        try process.run()
    }

    deinit {
        process.terminate()
    }

    /// The next line that it writes, without its end; nil when it has ended. Blocks.
    func line() -> String? {
        received.withLock { received in
            while true {
                if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
                    defer { received.removeSubrange(...end) }
                    return String(decoding: received[..<end], as: UTF8.self)
                }
                let more = output.fileHandleForReading.availableData
                if more.isEmpty { return nil }
                received += more
            }
        }
    }

    /// What Ctrl-C does.
    func interrupt() {
        process.interrupt()
    }

    /// Waits for its end, which the caller has brought about; the rest of what it wrote.
    func result() throws -> ProgramResult {
        let rest = try received.withLock { try $0 + (output.fileHandleForReading.readToEnd() ?? Data()) }
        let complaints = try errors.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return ProgramResult(
            status: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
            output: String(decoding: rest, as: UTF8.self), errors: String(decoding: complaints, as: UTF8.self))
    }
}
