// SPDX-License-Identifier: Apache-2.0

import Foundation
import FoundationXML
import NetiControl
import Testing

@testable import neti_ctl

/// Instances, events and chains as a picture.
struct GraphTests {
    /// The document by another's parser: elements with their attributes, and the texts.
    private final class Reader: NSObject, XMLParserDelegate {
        var elements: [(name: String, attributes: [String: String])] = []
        var texts: [String] = []
        private var current = ""

        func parser(
            _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
            attributes: [String: String]
        ) {
            elements.append((name, attributes))
            current = ""
        }

        func parser(_ parser: XMLParser, foundCharacters text: String) { current += text }

        func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
            if name == "text" || name == "title" { texts.append(current) }
            current = ""
        }
    }

    private func read(_ svg: String) throws -> Reader {
        let reader = Reader()
        let parser = XMLParser(data: Data(svg.utf8))
        parser.delegate = reader
        try #require(parser.parse(), "\(String(describing: parser.parserError)) at line \(parser.lineNumber)")
        return reader
    }

    private func instance(_ netid: Int, _ name: String) -> ListInstances.Instance {
        ListInstances.Instance(
            netid: netid, name: name, netns: netid == 0 ? nil : "/run/netns/\(name)", state: .up, reason: nil,
            onExit: .open, ordering: .documented, hooks: 1, queues: [])
    }

    private func hook(
        _ instance: Int, _ name: String, _ family: String, _ event: String, _ position: Int, _ hits: Int = 10
    )
        -> ListHooks.Hook
    {
        ListHooks.Hook(
            instance: instance == 0 ? "global" : "n\(instance)", netid: instance, family: family, event: event,
            position: position, name: name, hint: .none, hintValue: nil, hits: hits, drops: 3, module: "ipf")
    }

    @Test func eventsStandAsAPacketMeetsThemAndHooksInChainOrder() {
        let graph = Graph(
            [instance(0, "global")],
            [
                hook(0, "a", "inet6", "PHYSICAL_IN", 1), hook(0, "b", "inet", "PHYSICAL_OUT", 1),
                hook(0, "late", "inet", "PHYSICAL_IN", 2), hook(0, "early", "inet", "PHYSICAL_IN", 1),
                hook(0, "c", "inet", "FORWARDING", 1), hook(0, "d", "arp", "PHYSICAL_IN", 1),
                hook(0, "e", "own", "SOMETHING", 1),
            ])
        #expect(
            graph.cards[0].rows.map { "\($0.family) \($0.event)" } == [
                "inet PHYSICAL_IN", "inet FORWARDING", "inet PHYSICAL_OUT", "inet6 PHYSICAL_IN", "arp PHYSICAL_IN",
                "own SOMETHING",
            ])
        #expect(graph.cards[0].rows[0].chain.map(\.name) == ["early", "late"])
        #expect(graph.cards[0].rows[0].packets == 10 && graph.cards[0].rows[0].passed == 7)
    }

    @Test func whatWasTakenOffIsNoPartOfAChain() {
        var off = hook(0, "off", "inet", "PHYSICAL_IN", 0, 70)
        off.state = .takenOff
        var alone = hook(0, "alone", "inet", "PHYSICAL_OUT", 0, 70)
        alone.state = .takenOff
        let rows = Graph([instance(0, "global")], [off, hook(0, "on", "inet", "PHYSICAL_IN", 1), alone]).cards[0].rows
        #expect(rows.map(\.event) == ["PHYSICAL_IN"])
        #expect(rows.first?.chain.map(\.name) == ["on"] && rows.first?.packets == 10)
    }

    @Test(arguments: GraphCommand.Theme.allCases) func thePictureIsXMLWithEverythingInIt(theme: GraphCommand.Theme)
        throws
    {
        let reader = try read(Graph(Samples.instances, Samples.hooks).svg(theme, title: "now"))
        for text in ["now", "global", "blue", "filter", "count", "PHYSICAL_IN", "PHYSICAL_OUT", "1 of 2 instances up"] {
            #expect(reader.texts.contains(text), "\(text)")
        }
        #expect(reader.texts.contains("1000 received, 98 dropped, 7 lost, 12 held"))
        // One of the four was taken off, and no packet meets it.
        #expect(reader.elements.count { $0.name == "rect" && $0.attributes["class"] == "hook" } == 3)
    }

    @Test(
        "Names cannot break the document",
        arguments: [
            "<script>alert(1)</script>", "a&b\"c'd]]>", "\u{0}\u{1b}[2J\u{FFFE}\u{202e}",
            String(repeating: "漢", count: 300), "",
        ])
    func namesAreEscaped(name: String) throws {
        var named = instance(1, name)
        named.state = .failed
        named.reason = name
        var nasty = hook(1, name, name, name, 1, .max)
        nasty.instance = name
        nasty.module = name
        var up = named
        up.state = .up
        for hooks in [[], [nasty]] {
            let reader = try read(Graph([named, up], hooks).svg(.auto, title: name))
            #expect(!reader.elements.contains { $0.name == "script" })
        }
    }

    @Test(arguments: [0, 1, 2, 50, 500]) func cardsDoNotOverlapAndFit(count: Int) throws {
        let instances = (0..<count).map { instance($0, $0 == 0 ? "global" : "n\($0)") }
        let hooks = (0..<count).flatMap { netid in
            (0...netid % 5).flatMap { event in
                (1...1 + netid % 9).map { hook(netid, "h\($0)", "inet\(event)", "PHYSICAL_IN", $0) }
            }
        }
        let graph = Graph(instances, hooks)
        let layout = GraphLayout(graph)
        _ = try read(graph.svg(.auto, title: ""))
        let (frames, width, height) = (layout.cards, layout.width, layout.height)
        let areInside = frames.allSatisfy { frame in
            frame.x >= 0 && frame.y >= 0 && frame.x + frame.width <= width && frame.y + frame.height <= height
        }
        #expect(areInside)
        let overlaps = frames.indices.reduce(0) { sum, index in
            sum
                + frames[..<index].count { other in
                    let frame = frames[index]
                    return frame.x < other.x + other.width && other.x < frame.x + frame.width
                        && frame.y < other.y + other.height && other.y < frame.y + frame.height
                }
        }
        #expect(overlaps == 0)
        // About the shape of a screen, where there is something to shape.
        if count >= 50 { #expect((1.0...2.6).contains(Double(layout.width) / Double(layout.height))) }
    }

    @Test func theProgramWritesAPictureOrAFile() async throws {
        try await withDirectory { directory in
            try await withServer { socket in
                let printed = try await run([netiCtlPath(), "graph", "--socket", socket, "--theme", "dark"])
                #expect(printed.status == 0 && printed.errors == "")
                #expect(try read(printed.output).texts.contains("blue"))
                let path = directory + "/neti.svg"
                let written = try await run([netiCtlPath(), "graph", "-i", "blue", "-o", path, "--socket", socket])
                #expect(written == ProgramResult(status: 0, output: "", errors: ""))
                let texts = try read(String(contentsOfFile: path, encoding: .utf8)).texts
                #expect(texts.contains("blue") && !texts.contains("global"))
                let nowhere = try await run([netiCtlPath(), "graph", "-o", "/nowhere/x", "--socket", socket])
                #expect(nowhere == ProgramResult(status: 1, output: "", errors: "neti-ctl: can't write /nowhere/x\n"))
                let unknown = try await run([netiCtlPath(), "graph", "-i", "red", "--socket", socket])
                #expect(unknown.errors == "neti-ctl: no instance is named 'red'\n" && unknown.status == 1)
            }
        }
    }
}
