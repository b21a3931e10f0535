// SPDX-License-Identifier: Apache-2.0

/// Changes the text of a configuration table by table; whatever it isn't asked to change stays as it is, byte for byte.
///
/// The text must be a configuration that was read without complaint, and what comes out has to be read again: this knows
/// where tables are, not what may stand in them. A comment on a line of its own is never lost. What it writes looks like
/// its neighbours: indented as they are, with their line ends.
struct ConfigurationTextEditor {
    /// Why a text can't be changed.
    struct Refusal: Error, Equatable {
        /// From 1; nil when the file as a whole is meant.
        let line: Int?
        let message: String
    }

    /// A key with its value as TOML writes it.
    typealias Field = (key: String, value: String)

    private(set) var text: [UInt8]

    private static let lineFeed = UInt8(ascii: "\n")

    // MARK: - Instances

    /// Adds a table `[[instance]]` behind everything else.
    mutating func appendInstance(_ fields: [Field]) throws(Refusal) {
        let location = ConfigurationLocation(text)
        if let value = location.entry(Self.instances) { throw location.inlineRefusal(value) }
        if let last = text.last, last != Self.lineFeed { text += lineEnd }
        let block = (text.isEmpty ? [] : [""]) + ["[[instance]]"] + lines(fields, indented: "")
        text += bytes(block)
    }

    /// Removes a table `[[instance]]` with its hooks.
    mutating func removeInstance(_ number: Int) throws(Refusal) {
        try removeTable(Self.instance(number))
    }

    // MARK: - Hooks

    /// Adds a table `[[instance.hook]]` behind the other tables of its instance.
    mutating func appendHook(_ fields: [Field], toInstance number: Int) throws(Refusal) {
        let location = ConfigurationLocation(text)
        let instance = Self.instance(number)
        if let value = location.entry(instance.appending("hook")) { throw location.inlineRefusal(value) }
        let own = location.sections(of: instance)
        guard let last = own.last else { throw location.inlineRefusal(Self.instances) }
        let isHook = { (section: ConfigurationSection) in section.path.steps.count == 4 }
        // As the instance's own hooks are, else as those of others.
        let sample = own.last(where: isHook) ?? location.sections.last(where: isHook)
        let indent = sample.map { self.indent(of: $0.header.lowerBound) } ?? ""
        let keyIndent = sample?.entries.first.map { self.indent(of: $0.start) } ?? indent
        insert(
            bytes(["", indent + "[[instance.hook]]"] + lines(fields, indented: keyIndent)),
            at: endOfParagraph(behind: last, location))
    }

    /// Removes a table `[[instance.hook]]`.
    mutating func removeHook(_ hook: Int, ofInstance number: Int) throws(Refusal) {
        try removeTable(Self.hook(hook, number))
    }

    /// Moves a table `[[instance.hook]]` behind another one of the instance, together with the comment above it.
    mutating func moveHook(_ hook: Int, behind target: Int, ofInstance number: Int) throws(Refusal) {
        let location = ConfigurationLocation(text)
        let own = try location.section(Self.hook(hook, number))
        let other = try location.section(Self.hook(target, number))
        let range = startOfParagraph(above: own)..<lineEnd(behind: own.end)
        let end = endOfParagraph(behind: other, location)
        var block = bytes([""]) + text[range]
        if block.last != Self.lineFeed { block += lineEnd }
        if end <= range.lowerBound {
            cut([range])
            insert(block, at: end)
        } else {
            insert(block, at: end)
            cut([range])
        }
    }

    /// Gives a key of a hook's table another value; one that isn't there comes behind the others.
    mutating func set(_ field: Field, ofHook hook: Int, ofInstance number: Int) throws(Refusal) {
        let location = ConfigurationLocation(text)
        let section = try location.section(Self.hook(hook, number))
        let path = section.path.appending(field.key)
        if let entry = section.entries.first(where: { $0.path == path }) {
            text.replaceSubrange(entry.value, with: field.value.utf8)
        } else {
            let indent = self.indent(of: section.entries.last?.start ?? section.header.lowerBound)
            insert(bytes(lines([field], indented: indent)), at: lineEnd(behind: section.end))
        }
    }

    // MARK: - Pieces of text

    /// Takes out a table and those inside it: headers and values with the rest of their lines. Lines between them, which
    /// are empty or comments, stay.
    private mutating func removeTable(_ path: ConfigurationPath) throws(Refusal) {
        let location = ConfigurationLocation(text)
        let sections = location.sections(of: path)
        if sections.isEmpty { throw location.inlineRefusal(path) }
        cut(
            sections.flatMap { section in
                ([section.header] + section.entries.map { $0.start..<$0.value.upperBound })
                    .map { lineStart(of: $0.lowerBound)..<lineEnd(behind: $0.upperBound) }
            })
    }

    /// Takes out whole lines, given in their order, and an empty line for each gap that would be two empty lines wide or
    /// begin the text.
    private mutating func cut(_ ranges: [Range<Int>]) {
        let joined = ranges.reduce(into: [Range<Int>]()) { joined, range in
            if let last = joined.last, last.upperBound == range.lowerBound {
                joined[joined.count - 1] = last.lowerBound..<range.upperBound
            } else {
                joined.append(range)
            }
        }
        for range in joined.reversed() {
            text.removeSubrange(range)
            let place = range.lowerBound
            let isBare = place == 0 || isBlankLine(endingAt: place)
            let next = lineEnd(behind: place)
            if isBare, place < text.count, isBlank(place..<next) {
                text.removeSubrange(place..<next)
            } else if place == text.count, place > 0, isBare {
                text.removeSubrange(lineStart(of: place - 1)...)
            }
        }
    }

    /// Puts in whole lines; a last line without an end gets one.
    private mutating func insert(_ lines: [UInt8], at offset: Int) {
        let needsEnd = offset == text.count && text.last.map { $0 != Self.lineFeed } ?? false
        text.insert(contentsOf: needsEnd ? [UInt8](lineEnd) + lines : lines, at: offset)
    }

    private func lines(_ fields: [Field], indented indent: String) -> [String] {
        fields.map { "\(indent)\(TOMLText.key($0.key)) = \($0.value)" }
    }

    private func bytes(_ lines: [String]) -> [UInt8] {
        lines.flatMap { Array($0.utf8) + lineEnd }
    }

    /// What ends lines here.
    private var lineEnd: [UInt8] {
        guard let first = text.firstIndex(of: Self.lineFeed), first > 0, text[first - 1] == UInt8(ascii: "\r") else {
            return [Self.lineFeed]
        }
        return [UInt8(ascii: "\r"), Self.lineFeed]
    }

    // MARK: - Lines

    private func lineStart(of offset: Int) -> Int {
        text[..<offset].lastIndex(of: Self.lineFeed).map { $0 + 1 } ?? 0
    }

    private func lineEnd(behind offset: Int) -> Int {
        text[offset...].firstIndex(of: Self.lineFeed).map { $0 + 1 } ?? text.count
    }

    private func indent(of offset: Int) -> String {
        let line = text[lineStart(of: offset)..<offset]
        return String(decoding: line.prefix { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }, as: UTF8.self)
    }

    private func isBlank(_ range: Range<Int>) -> Bool {
        text[range].allSatisfy { " \t\r\n".utf8.contains($0) }
    }

    private func isBlankLine(endingAt offset: Int) -> Bool {
        offset > 0 && isBlank(lineStart(of: offset - 1)..<offset)
    }

    private func isComment(_ line: Range<Int>) -> Bool {
        text[line].first { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") } == UInt8(ascii: "#")
    }

    /// Where the comment begins that stands directly above a header, or else the header's line.
    private func startOfParagraph(above section: ConfigurationSection) -> Int {
        var start = lineStart(of: section.header.lowerBound)
        while start > 0 {
            let line = lineStart(of: start - 1)
            guard isComment(line..<start) else { break }
            start = line
        }
        return start
    }

    /// Where the comment ends that stands directly below the last value of a section, unless it stands directly above
    /// the next header; else the end of that value's line.
    private func endOfParagraph(behind section: ConfigurationSection, _ location: ConfigurationLocation) -> Int {
        let first = lineEnd(behind: section.end)
        var end = first
        while end < text.count, isComment(end..<lineEnd(behind: end)) { end = lineEnd(behind: end) }
        let isTaken = location.sections.dropFirst().contains { lineStart(of: $0.header.lowerBound) == end }
        return isTaken ? first : end
    }

    // MARK: - Paths

    private static let instances = ConfigurationPath().appending("instance")

    private static func instance(_ number: Int) -> ConfigurationPath { instances.appending(number) }

    private static func hook(_ hook: Int, _ number: Int) -> ConfigurationPath {
        instance(number).appending("hook").appending(hook)
    }
}

extension ConfigurationLocation {
    /// The tables at a path and inside of it that have a header.
    fileprivate func sections(of path: ConfigurationPath) -> [ConfigurationSection] {
        sections.dropFirst().filter { $0.path.steps.starts(with: path.steps) }
    }

    /// The table at a path.
    fileprivate func section(_ path: ConfigurationPath) throws(ConfigurationTextEditor.Refusal) -> ConfigurationSection
    {
        guard let section = sections.first(where: { $0.path == path }) else { throw inlineRefusal(path) }
        return section
    }

    /// The path, if there is a key for it rather than a header.
    fileprivate func entry(_ path: ConfigurationPath) -> ConfigurationPath? {
        sections.contains { $0.entries.contains { $0.path == path } } ? path : nil
    }

    fileprivate func inlineRefusal(_ path: ConfigurationPath) -> ConfigurationTextEditor.Refusal {
        .init(
            line: self[path],
            message: "\(path) is written as a value, which can't be edited; write it as a table with a header")
    }
}
