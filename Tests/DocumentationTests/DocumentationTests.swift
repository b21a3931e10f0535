// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What the README and the pages of `Neti.docc` show is what the project has.
struct DocumentationTests {
    private static let pages = ["README.md"] + articles

    private static let articles: [String] = {
        let folder = "Sources/Neti/Neti.docc"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path())) ?? []
        return names.filter { $0.hasSuffix(".md") }.sorted().map { "\(folder)/\($0)" }
    }()

    @Test("Code that is shown is code that is compiled here", arguments: pages)
    func shownCode(page: String) throws {
        let sources =
            try FileManager.default.contentsOfDirectory(atPath: URL(filePath: #filePath).folder.path())
            .filter { $0.hasSuffix(".swift") && $0 != "DocumentationTests.swift" }
            .map { try Self.lines(of: Self.text("Tests/DocumentationTests/\($0)")) }
            + Self.moduleSources.map { try Self.lines(of: Self.text($0)) }
        for block in try Self.blocks(of: "swift", in: Self.text(page)) {
            let lines = Self.lines(of: block)
            #expect(sources.contains { $0.contains(lines) }, "\(page) shows code that no example has:\n\(block)")
        }
    }

    /// Modules that pages show as worked examples.
    private static let moduleSources = ["Sources/Impair/ImpairModule.swift"]

    @Test func thereAreArticles() throws {
        let needed = [
            "Neti", "WritingAHook", "HoldingPackets", "WritingAnInstanceModule", "WritingAProvider", "CFunctions",
            "Architecture",
        ]
        #expect(Set(needed.map { "Sources/Neti/Neti.docc/\($0).md" }).isSubset(of: Self.articles))
        for page in Self.articles where page.contains("Writing") || page.contains("Holding") {
            #expect(try !Self.blocks(of: "swift", in: Self.text(page)).isEmpty, "\(page) shows no code")
        }
    }

    @Test("What the table of C functions calls done is declared by that name")
    func counterparts() throws {
        let page = try Self.text("Sources/Neti/Neti.docc/CFunctions.md")
        var sources = ""
        for module in ["Hooks", "Kstat", "Neti"] {
            let folder = Self.root.appending(path: "Sources/\(module)")
            let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
            while let file = files?.nextObject() as? URL {
                if file.pathExtension == "swift" { sources += try String(contentsOf: file, encoding: .utf8) }
            }
        }
        // ``Type/member(label:)``: the member has to be declared with its first label.
        let links = page.components(separatedBy: "``").enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
        #expect(links.count > 40)
        for link in links {
            let name = link.components(separatedBy: "/").last?.components(separatedBy: "(").first ?? link
            let declarations = [
                "func \(name)(", "func \(name)<", "var \(name):", "let \(name):", "struct \(name)", "class \(name)",
                "protocol \(name)",
            ]
            let isDeclared = name == "init" || declarations.contains { sources.contains($0) }
            #expect(isDeclared, "nothing declares \(link)")
        }
    }

    @Test func showsTheSampleConfiguration() throws {
        let sample = try Self.text("config/neti.toml")
        let shown = Self.lines(of: sample).filter { !$0.hasPrefix("#") && !$0.isEmpty }
        let block = try #require(Self.blocks(of: "toml", in: Self.text("README.md")).first)
        #expect(Self.lines(of: block).filter { !$0.isEmpty } == shown)
    }

    @Test(arguments: ["make demo", "make test", "make bench", "make deb", "make install", "make test-vm"])
    func namesCommandsThatExist(command: String) throws {
        #expect(try Self.text("README.md").contains(command))
        let target = command.replacingOccurrences(of: "make ", with: "")
        #expect(try Self.text("Makefile").contains("\n\(target):"))
    }

    // MARK: Reading

    private static let root = URL(filePath: #filePath).folder.folder.folder

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// The fenced blocks of a language.
    private static func blocks(of language: String, in page: String) -> [String] {
        page.components(separatedBy: "```\(language)\n").dropFirst().compactMap {
            $0.components(separatedBy: "```").first
        }
    }

    /// Lines without their indentation, which differs between a page and a source file.
    private static func lines(of text: String) -> [String] {
        text.trimmingCharacters(in: .newlines).split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.trimmingCharacters(in: .whitespaces) }
    }
}

extension URL {
    fileprivate var folder: URL { deletingLastPathComponent() }
}
