// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import IPFilter
import Impair
import Neti
import NetiDaemon
import NetiLinux
import Testing

@testable import neti_daemon

/// The pages that are written by hand say what the code knows, and nothing else.
struct WrittenPagesTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// Every place of a pattern with one group, which is returned.
    private static func matches(_ pattern: String, in text: String) throws -> [String] {
        let expression = try NSRegularExpression(pattern: pattern, options: .anchorsMatchLines)
        return expression.matches(in: text, range: NSRange(text.startIndex..., in: text)).compactMap { match in
            Range(match.range(at: 1), in: text).map { String(text[$0]) }
        }
    }

    private static func section(_ title: String, of page: String) -> String {
        page.components(separatedBy: "\n.S").first { $0.hasPrefix("s \(title)\n") || $0.hasPrefix("h \(title)\n") }
            ?? ""
    }

    /// The keys that a section of neti.toml(5) explains: `.It Ic priority-in , priority-out`.
    private static func keys(_ title: String, of page: String) throws -> Set<String> {
        Set(
            try matches("^\\.It Ic (.*)$", in: section(title, of: page)).flatMap { line in
                line.components(separatedBy: " , ")
            })
    }

    @Test(arguments: ["config/neti.toml.5", "config/ipf.conf.5", "systemd/neti-daemon.8"])
    func mandocFindsNothingWrong(page: String) throws {
        #expect(try Mandoc.complaints(about: [Self.root.appending(path: page).path()]) == "")
    }

    /// The schema is what reads the file: the calls `table.read("key", ...)`.
    @Test func everyKeyIsExplained() throws {
        let folder = "Sources/NetiDaemon/Configuration"
        var sources = ""
        for file in try FileManager.default.contentsOfDirectory(atPath: Self.root.appending(path: folder).path()) {
            sources += try Self.text("\(folder)/\(file)")
        }
        let page = try Self.text("config/neti.toml.5")
        let read = Set(try Self.matches("table\\.(?:read|require)\\(\\s*\"([a-z-]+)\"", in: sources))
        #expect(read.isSuperset(of: ["control-socket", "netns", "on-exit", "events"]))
        let explained = try ["[daemon]", "[[instance]]", "[[instance.hook]]"].map { try Self.keys($0, of: page) }
        #expect(explained.reduce(Set()) { $0.union($1) } == read)
    }

    @Test func everyKeyOfAModuleIsExplained() throws {
        let page = try Self.text("config/neti.toml.5")
        #expect(try Self.keys("Module ipf", of: page) == Set(IPFilterModule.keys.map(\.name)))
        #expect(try Self.keys("Module impair", of: page) == Set(ImpairModule.keys.map(\.name)))
    }

    @Test func everyEventIsExplained() throws {
        let page = try Self.text("config/neti.toml.5")
        for event in NetworkEvent.allCases { #expect(page.contains(event.rawValue), "\(event)") }
        for family in NetworkFamily.allCases { #expect(page.contains(family.rawValue), "\(family)") }
    }

    @Test func exampleOfTheConfigurationIsRight() throws {
        let page = try Self.text("config/neti.toml.5")
        let folder = FileManager.default.temporaryDirectory.appending(path: "neti-example-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        for rules in ["ipf.conf", "blue.conf"] {
            try Self.example(of: Self.text("config/ipf.conf.5"))
                .write(to: folder.appending(path: rules), atomically: false, encoding: .utf8)
        }
        let file = folder.appending(path: "neti.toml")
        try Self.example(of: page).write(to: file, atomically: false, encoding: .utf8)
        let configuration = try Daemon.load(file.path())
        #expect(configuration.summary == "2 instances, 2 hooks")
        #expect(configuration.daemon.controlGroup == "neti")
    }

    /// What is installed must not stop or delay a packet of a machine that is far away.
    @Test func installedConfigurationHooksNothing() throws {
        let configuration = try Daemon.load(Self.root.appending(path: "systemd/neti.toml").path())
        #expect(configuration.instances.map(\.name) == ["global"])
        #expect(configuration.instances.allSatisfy { $0.hooks.isEmpty && $0.queueing.onExit == .open })
        #expect(configuration.daemon.controlGroup == "neti")
    }

    @Test func everyOptionOfTheDaemonIsExplained() throws {
        let page = try Self.text("systemd/neti-daemon.8")
        let options = try Self.matches("\"name\" : \"([a-z-]{2,})\"", in: NetiDaemonCommand._dumpHelp())
        #expect(options.contains("check-config"))
        for option in options { #expect(page.contains("Fl -\(option)"), "--\(option)") }
    }

    /// The page's example without what roff(7) needs.
    private static func example(of page: String) throws -> String {
        let lines = section("EXAMPLES", of: page).components(separatedBy: "\n")
        let (start, end) = (lines.firstIndex { $0.hasPrefix(".Bd") }, lines.firstIndex { $0.hasPrefix(".Ed") })
        return try lines[(#require(start) + 1)..<(#require(end))].joined(separator: "\n")
            .replacingOccurrences(of: "\\-", with: "-")
    }
}
