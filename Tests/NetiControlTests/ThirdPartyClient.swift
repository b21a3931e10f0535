// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc

/// The Varlink library of PyPI in a Python of its own below `.build`, and our script that drives it.
struct ThirdPartyClient {
    private static let package = "varlink==31.0.0"
    private let python: String
    private let script: String

    struct Call: Codable {
        let interface: String
        let method: String
        let parameters: JSONValue
        let more: Bool
    }

    struct Answer: Codable {
        let reply: JSONValue?
        let error: String?
        let parameters: JSONValue?
    }

    /// Installs the library unless that was done before.
    init() async throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        script = root.appending(path: "Tests/ThirdPartyClient/client.py").path()
        let folder = root.appending(path: ".build/third-party-client").path()
        python = "\(folder)/bin/python3"
        let check = [
            python, "-c", "import varlink, importlib.metadata as m; print('varlink==' + m.version('varlink'))",
        ]
        if FileManager.default.fileExists(atPath: python), try await run(check).output == Self.package + "\n" { return }
        try await Self.install(["python3", "-m", "venv", "--clear", folder])
        try await Self.install([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", Self.package])
    }

    private static func install(_ command: [String]) async throws {
        let result = try await run(command)
        guard result.status == 0 else { throw InstallationFailed(command: command, result: result) }
    }

    struct InstallationFailed: Error {
        let command: [String]
        let result: ProgramResult
    }

    /// The methods that the library has read from the daemon's description, by interface.
    func methods(at socket: String) async throws -> [String: [String]] {
        let result = try await run([python, "-B", script, socket])
        guard result.status == 0 else { throw ScriptFailed(errors: result.errors) }
        return try JSONDecoder().decode([String: [String]].self, from: Data(result.output.utf8))
    }

    /// Makes calls, one after the other.
    func answers(to calls: [Call], at socket: String) async throws -> [Answer] {
        let file = "\(socket).calls"
        try JSONEncoder().encode(calls).write(to: URL(filePath: file))
        defer { _ = unsafe unlink(file) }
        let result = try await run([python, "-B", script, socket, file])
        guard result.status == 0 else { throw ScriptFailed(errors: result.errors) }
        return try result.output.split(separator: "\n").map { line in
            try JSONDecoder().decode(Answer.self, from: Data(line.utf8))
        }
    }

    struct ScriptFailed: Error {
        let errors: String
    }
}
