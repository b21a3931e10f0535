// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import SystemPackage

/// Feeds changed inputs to everything that reads bytes from outside, and checks what must hold of the results.
@main
struct NetiFuzz: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "neti-fuzz",
        abstract: "Feed changed inputs to everything that reads bytes from outside.",
        discussion: """
            The same seed gives the same inputs. Each is written to a file before it is handed over; a crash, a hang \
            of a minute or a broken promise leaves that file behind, for --reproduce.
            """)

    @Option(help: "How many inputs each surface gets.")
    var inputs = 3_000

    @Option(help: "Where the random numbers begin.")
    var seed: UInt64 = 1

    @Option(help: "Only this surface; may be given several times.")
    var surface: [SurfaceName] = SurfaceName.allCases

    @Option(help: ArgumentHelp("Where the inputs to begin with are.", valueName: "dir"))
    var corpus = "Tests/Fuzz/Corpus"

    @Option(help: ArgumentHelp("Hand over the input of this file once, and nothing else.", valueName: "file"))
    var reproduce: String?

    func validate() throws {
        guard inputs > 0 else { throw ValidationError("--inputs must be at least 1") }
    }

    func run() async throws {
        do {
            if let reproduce {
                try await reproduceInput(of: reproduce)
            } else {
                try await runAll()
            }
        } catch {
            _ = try? FileDescriptor.standardError.writeAll("neti-fuzz: \(error)\n".utf8)
            throw ExitCode.failure
        }
    }

    private func runAll() async throws {
        let seeds = try surface.map { try Corpus.inputs(in: FilePath(corpus).appending($0.rawValue)) }
        let file = try InputFile()
        try say("Seed \(seed), \(inputs) inputs each; the one under test is in \(file.path).")
        try say(Run.title)
        for (name, seeds) in zip(surface, seeds) {
            try say(try await Run(name, inputs: inputs, seed: seed, seeds: seeds, file: file).line)
        }
        file.remove()
    }

    /// At once, not when a buffer is full: a crash would take that with it.
    private func say(_ line: String) throws {
        _ = try FileDescriptor.standardOutput.writeAll("\(line)\n".utf8)
    }

    private func reproduceInput(of path: String) async throws {
        let (word, input) = try InputFile.read(path)
        guard let name = SurfaceName(rawValue: word) else {
            throw Violation(description: "\(path) is for '\(word)', which is no surface")
        }
        var surface = try name.surface()
        let isUnderstood = try await surface.feed(input)
        print("\(name.rawValue): \(input.count) bytes \(isUnderstood ? "accepted" : "refused")")
    }
}
