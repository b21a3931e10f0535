// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What the README shows is what the project has.
struct ReadmeTests {
    private let readme: String

    init() throws {
        readme = try Self.text("README.md")
    }

    @Test func showsTheHookThatCompiles() throws {
        let source = try Self.text("Tests/ReadmeTests/ExampleHook.swift")
        let parts = source.components(separatedBy: "// README: ")
        let example = try #require(parts.first { $0.hasPrefix("from here") }).dropFirst("from here\n".count)
        #expect(readme.contains("```swift\n\(example)```"))
    }

    @Test func showsTheSampleConfigurationThatIsInstalled() throws {
        let sample = try Self.text("config/neti.toml")
        let shown = sample.split(separator: "\n", omittingEmptySubsequences: false)
            .filter { !$0.hasPrefix("#") && !$0.isEmpty }
        let block = try #require(readme.components(separatedBy: "```toml\n").dropFirst().first)
        let lines = try #require(block.components(separatedBy: "```").first).split(separator: "\n").map(String.init)
        #expect(lines.filter { !$0.isEmpty } == shown.map(String.init))
    }

    @Test(arguments: ["make demo", "make test", "make bench"])
    func namesCommandsThatExist(command: String) throws {
        #expect(readme.contains(command))
        let target = command.replacingOccurrences(of: "make ", with: "")
        #expect(try Self.text("Makefile").contains("\n\(target):"))
    }

    private static func text(_ path: String) throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }
}
