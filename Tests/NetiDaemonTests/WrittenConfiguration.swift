// SPDX-License-Identifier: Apache-2.0

@testable import NetiDaemon

/// A valid configuration written as people do and as nobody does: comments, blank lines, indentation, quotation marks,
/// arrays over several lines, `[daemon]` anywhere, lines that end in either way or not at all.
struct WrittenConfiguration {
    private(set) var text = ""
    private var random: SplitMix64
    private let lineEnd: String

    init(_ random: inout SplitMix64) {
        self.random = SplitMix64(state: random.next())
        lineEnd = Bool.random(using: &random) ? "\n" : "\r\n"
        let instances = Int.random(in: 0...3, using: &random)
        let daemonPlace = Int.random(in: 0...6, using: &random)
        noise()
        if daemonPlace == 0 { daemon() }
        for number in 0..<instances {
            header("[[instance]]", "")
            switch number {
            case 0: key("name", string("global"), "")
            case 1: key("netns", string("blue"), "")
            default: key("netns", string("red*"), "")
            }
            if chance(2) { key("on-exit", string("closed"), "") }
            if chance(2) { key("queue", chance(2) ? "1_0" : "0x0A", "") }
            // What the hooks are below belongs to the instance all the same.
            if daemonPlace == number + 1 { daemon() }
            hooks(indent: ["", "  ", "\t"].randomElement(using: &self.random) ?? "")
        }
        if daemonPlace > instances { daemon() }
        noise()
        if chance(4), text.hasSuffix(lineEnd) { text.removeLast() }
    }

    private mutating func daemon() {
        header(chance(2) ? "[daemon]" : "[ \"daemon\" ]", "")
        key("pumps", "2", "")
        if chance(2) { key("netns-directories", list(["/run/netns", "/a # [b]"]), "") }
    }

    private mutating func hooks(indent: String) {
        for number in 0..<Int.random(in: 0...4, using: &random) {
            header(chance(2) ? "[[instance.hook]]" : "[[ instance . \"hook\" ]]", indent)
            var keys = [
                ("name", string("hook-\(number)")), ("module", string("trace")),
                ("events", list(["PHYSICAL_IN", "PHYSICAL_OUT"])),
            ]
            if chance(3) { keys.append(("label", string("# [[instance]]"))) }
            if chance(4) { keys.append(("on-failure", string("drop"))) }
            if chance(4) { keys.append(("time-budget", string("1ms"))) }
            if number > 0, chance(3) {
                keys.append(("hint", string("after hook-\(Int.random(in: 0..<number, using: &random))")))
            } else if chance(4) {
                keys.append(("hint", string("none")))
            }
            for (name, value) in keys.shuffled(using: &random) { key(name, value, indent) }
        }
    }

    // MARK: - Pieces

    private mutating func header(_ text: String, _ indent: String) {
        if chance(2) { line("") }
        if chance(3) { line("\(indent)# above, \(random.next() % 1000)") }
        line(indent + text + remark())
    }

    private mutating func key(_ name: String, _ value: String, _ indent: String) {
        if chance(6) { line("\(indent)  # between = \(random.next() % 1000)") }
        if chance(8) { line("") }
        let spelling = [name, name, "\"\(name)\"", "'\(name)'"].randomElement(using: &random) ?? name
        let equals = [" = ", "=", "\t=  "].randomElement(using: &random) ?? "="
        line(indent + spelling + equals + value + remark())
    }

    private mutating func string(_ value: String) -> String {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: "'\(value)'"
        case 1: "\"\"\"\(value)\"\"\""
        case 2: "'''\(value)'''"
        default: "\"\(value)\""
        }
    }

    private mutating func list(_ values: [String]) -> String {
        let elements = values.map { "\"\($0)\"" }
        guard chance(3) else { return "[" + elements.joined(separator: ", ") + "]" }
        return "[" + remark() + lineEnd + elements.map { "    \($0), # in the array" + lineEnd }.joined()
            + "    # in the array ]" + lineEnd + "]"
    }

    private mutating func remark() -> String {
        chance(4)
            ? "  # \(["remark", "\"x", "[[instance]]", "]"].randomElement(using: &random) ?? "")"
            : chance(6) ? "  " : ""
    }

    private mutating func noise() {
        if chance(2) { line("# text, \(random.next() % 1000)") }
        if chance(3) { line("") }
    }

    private mutating func line(_ content: String) {
        text += content + lineEnd
    }

    private mutating func chance(_ of: Int) -> Bool { Int.random(in: 0..<of, using: &random) == 0 }
}
