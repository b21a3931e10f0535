// SPDX-License-Identifier: Apache-2.0

import TOMLKit
import Testing

@testable import NetiDaemon

/// The walk that finds the line of each key, against TOML in all its spellings.
struct ConfigurationLocationTests {
    static let text = #"""
        # a = 0
        title = "a # b" # c = 1
        long = """
        key = 1
        \""" [x]
        """ # three
        raw = '''
        k = \
        ''''
        "quoted key" = 'its'
        'it' . "s\u0021" = 2026-11-21 10:00:00Z
        list = [ # one
            1, [2,
                3], "]",

            { a = 1, b.c = "}" }
        ,   4
        ]

        [one.two]
        three = { four = [ { five = 5 } ] }
        [[many]]
        a = -1_000
        [[many.inner]]
        b = 0x1F
        [[many.inner]]
        b = inf
        [many.table]
        c = true
        [[ many ]]
        a = 1
        [[many.inner]]
        b = 2
        """#

    @Test(arguments: [
        ("title", 2), ("long", 3), ("raw", 7), ("\"quoted key\"", 10), ("it", 11), ("it.\"s!\"", 11), ("list", 12),
        ("list[0]", 13), ("list[1]", 13), ("list[1][0]", 13), ("list[1][1]", 14), ("list[2]", 14), ("list[3]", 16),
        ("list[3].b.c", 16), ("list[4]", 17), ("one.two", 20), ("one.two.three.four[0].five", 21),
        ("many[0]", 22), ("many[0].a", 23), ("many[0].inner[0].b", 25), ("many[0].inner[1]", 26),
        ("many[0].inner[1].b", 27), ("many[0].table.c", 29), ("many[1].a", 31), ("many[1].inner[0].b", 33),
    ])
    func linesAreFound(key: String, line: Int) throws {
        let paths = try Self.paths(of: TOMLTable(string: Self.text))
        let path = try #require(paths.first { $0.description == key }, "\(paths)")
        for text in [Self.text, Self.text.replacing("\n", with: "\r\n")] {
            #expect(ConfigurationLocation(Array(text.utf8))[path] == line)
        }
    }

    @Test func whatIsMissingIsWhereItsTableStarts() {
        let location = ConfigurationLocation(Array("\n[[many]]\na = 1\n".utf8))
        let table = ConfigurationPath().appending("many").appending(0)
        #expect(location[table.appending("b")] == 2)
        #expect(location[table.appending("b").appending("c")] == 2)
        #expect(location[ConfigurationPath().appending("other")] == nil)
    }

    @Test(arguments: [
        (#"a = "\u0000""#, [5]), (#"a = "\\u0000""#, []), (#"a = '\u0000'"#, []), ("# \\u0000\na = 1", []),
        ("b = 1\na = \"\"\"\n\\U00000000\"\"\"", [14]), (#""\u0000" = 1"#, [1]), (#"a = "\u00001""#, [5]),
    ])
    func escapedNullsAreFound(text: String, offsets: [Int]) {
        #expect(ConfigurationLocation(Array(text.utf8)).nullEscapes == offsets)
    }

    /// Mistakes for which the parser inside TOMLKit would fail an assertion, and text that only looks like them.
    @Test(arguments: [
        ("[=]", 1), ("[[=]]", 2), ("a = 1\n[ .b]", 8), ("[\n]", 1), ("[a]\n[[\t#", 7), ("[é]", 1),
        ("[a]", nil), ("[\"\"]", nil), ("[[ 'a' ]]", nil), ("[]", nil), ("[", nil), ("[ ", nil),
        ("a = [\n[=]]", nil), ("a = \"\"\"\n[=]\"\"\"", nil), ("# x\n#[=]", nil), ("a = #\n[=]", 7),
        ("a = [}", 5), ("a = [1, }", 8), ("a = [ # }\n}", 10), ("a = [{ b = [[] ,}] }]", 16), ("a = [{}]", nil),
        ("a = 2026-11-21 1", 14), ("a = 2026-11-21 1\n", 14), ("a = [2026-11-21 1,]", 15),
        ("a = 2026-11-21T", 14), ("a = 2026-11-21T\n", 14), ("a = 2026-11-21tx", 14),
        ("a = 2026-11-21T10:00:00Z", nil), ("a = 2026-11-21 10:00:00\n", nil), ("a = 2026-11-21 # 1", nil),
    ])
    func trapsAreFound(text: String, offset: Int?) {
        #expect(ConfigurationLocation(Array(text.utf8)).trap?.offset == offset)
    }

    /// The paths of all values of a document.
    static func paths(of table: TOMLTable, at path: ConfigurationPath = .init()) -> [ConfigurationPath] {
        table.keys.flatMap { key in
            table[key].map { paths(of: $0.tomlValue, at: path.appending(key)) } ?? []
        }
    }

    private static func paths(of value: TOMLValue, at path: ConfigurationPath) -> [ConfigurationPath] {
        if let table = value.table { return [path] + paths(of: table, at: path) }
        guard let array = value.array else { return [path] }
        return [path] + (0..<array.count).flatMap { paths(of: array[$0].tomlValue, at: path.appending($0)) }
    }
}
