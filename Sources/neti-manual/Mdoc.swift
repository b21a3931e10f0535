// SPDX-License-Identifier: Apache-2.0

/// Text in mdoc(7), the language of manual pages, written line by line.
struct Mdoc {
    private(set) var text = ""

    /// A macro with its arguments, such as `.It Fl -json`; words that are no macros come through `Mdoc.word`.
    mutating func macro(_ name: String, _ arguments: String...) {
        text += ([".\(name)"] + arguments).joined(separator: " ") + "\n"
    }

    /// A paragraph of running text, each sentence on a line of its own, as mdoc(7) wants it.
    mutating func paragraph(_ paragraph: some StringProtocol) {
        var sentence = ""
        var last: Substring = ""
        for word in String(paragraph).split(whereSeparator: \.isWhitespace) {
            let isEnd = last.last.map(".?!".contains) == true && word.first.map { !$0.isLowercase } == true
            if isEnd {
                text += Self.escaped(sentence, isLiteral: false) + "\n"
                sentence = ""
            }
            sentence += sentence.isEmpty ? String(word) : " " + word
            last = word
        }
        text += Self.escaped(sentence, isLiteral: false) + "\n"
    }

    /// Lines that stay as they are.
    mutating func display(_ lines: [Substring]) {
        macro("Bd", "-literal", "-offset", "indent")
        for line in lines { text += Self.escaped(line, isLiteral: true) + "\n" }
        macro("Ed")
    }

    /// Prose as the commands' help has it: paragraphs between empty lines, indented lines as they are, and lines in
    /// capitals, each of which begins a section.
    mutating func prose(_ prose: String) {
        var isFirst = true
        for block in Self.blocks(prose) {
            if Self.isHeading(block[0]) {
                macro("Sh", String(block[0]))
                isFirst = true
                continue
            }
            if block[0].hasPrefix("  ") {
                let indent = block.map { $0.prefix { $0 == " " }.count }.min() ?? 0
                display(block.map { $0.dropFirst(indent) })
            } else {
                if !isFirst { macro("Pp") }
                paragraph(block.joined(separator: " "))
            }
            isFirst = false
        }
    }

    /// Prose up to its first heading, and from there on.
    static func parts(of prose: String) -> (body: String, sections: String) {
        let lines = prose.split(separator: "\n", omittingEmptySubsequences: false)
        let heading = lines.firstIndex(where: isHeading) ?? lines.endIndex
        return (lines[..<heading].joined(separator: "\n"), lines[heading...].joined(separator: "\n"))
    }

    /// An argument of a macro, that is none itself: no blanks tear it apart, no macro's name is understood.
    static func word(_ word: some StringProtocol) -> String {
        let escaped = escaped(word, isLiteral: true).split(separator: "\"").joined(separator: "\"\"")
        let isMacro = (2...3).contains(word.count) && word.first?.isUppercase == true
        return escaped.contains(" ") || escaped.isEmpty ? "\"\(escaped)\"" : isMacro ? "\\&\(escaped)" : escaped
    }

    /// Runs of lines that belong together: equally indented or not, without empty ones; headings by themselves.
    private static func blocks(_ prose: String) -> [[Substring]] {
        var blocks: [[Substring]] = []
        var isOpen = false
        for line in prose.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.allSatisfy({ $0 == " " }) {
                isOpen = false
            } else if isHeading(line) {
                blocks.append([line])
                isOpen = false
            } else if isOpen, let last = blocks.indices.last,
                blocks[last][0].hasPrefix("  ") == line.hasPrefix("  ")
            {
                blocks[last].append(line)
            } else {
                blocks.append([line])
                isOpen = true
            }
        }
        return blocks
    }

    private static func isHeading(_ line: Substring) -> Bool {
        line.count > 2 && line.first?.isLetter == true && line.allSatisfy { $0.isUppercase || $0 == " " }
    }

    /// Keeps roff(7) from understanding text, and hyphens that people type from becoming typographic ones.
    private static func escaped(_ text: some StringProtocol, isLiteral: Bool) -> String {
        var result = text.hasPrefix(".") || text.hasPrefix("'") ? "\\&" : ""
        var previous: Character?
        let characters = Array(text)
        for (index, character) in characters.enumerated() {
            switch character {
            case "\\": result += "\\e"
            case "-" where isLiteral: result += "\\-"
            // Options; a hyphen inside of a word is one.
            case "-" where previous?.isLetter != true || characters.dropFirst(index + 1).first == "-": result += "\\-"
            case "\n": result += " "
            default: result.append(character)
            }
            previous = character
        }
        return result
    }
}
