// SPDX-License-Identifier: Apache-2.0

import Foundation

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
