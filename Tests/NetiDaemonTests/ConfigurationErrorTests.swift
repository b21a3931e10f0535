// SPDX-License-Identifier: Apache-2.0

import NetiDaemon
import Testing

/// Wrong configurations: each kind of mistake is told with file, line and full key.
struct ConfigurationErrorTests {
    /// A text and everything that is wrong with it.
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let complaints: [String]
        var testDescription: String { complaints.first ?? "" }

        init(_ text: String, _ complaints: String...) {
            self.text = text
            self.complaints = complaints
        }

        /// A case with one hook, whose keys are on lines 4 and following.
        static func hook(_ text: String, _ complaints: String...) -> Case {
            var result = Case("[[instance]]\nname = \"global\"\n[[instance.hook]]\n" + text)
            result = Case(text: result.text, complaints: complaints)
            return result
        }

        private init(text: String, complaints: [String]) {
            self.text = text
            self.complaints = complaints
        }
    }

    @Test(arguments: [
        Case("[daemon]\npumps = = 2", "neti.toml:2:9: "),
        Case("[daemon\npumps = 2", "neti.toml:1:8: "),
        Case("[daemon]\npumps = 2\npumps = 3", "neti.toml:3:"),
        Case("[daemon]\nlog-level = \"info", "neti.toml:2:18: "),
        Case("[daemon]\npumps = 99999999999999999999", "neti.toml:2:"),
        Case("[[instance]]\nname = \"global\"\n[instance]", "neti.toml:3:"),
        Case("[daemon]\npumps = = 2\n[=]", "neti.toml:2:9: "),
        Case("pumps = 2\n[=]", "neti.toml:2:2: expected the name of a table"),
        Case("é = 2", "neti.toml:1:1: "),
        Case("[[instance]]\nname = [ }", "neti.toml:2:10: expected a value or ']'"),
        Case("[daemon]\nnap = 2026-11-21 1\n", "neti.toml:2:17: expected the time behind a date"),
        Case("[daemon]\nnap = 2026-11-21Tx", "neti.toml:2:17: expected the time behind a date"),
    ])
    func textThatIsNotTOML(_ wrong: Case) throws {
        let complaints = try complaints(about: wrong.text)
        #expect(complaints.count == 1)
        #expect(complaints.first?.hasPrefix(wrong.complaints[0]) == true, "\(complaints)")
    }

    @Test(arguments: [
        Case("[deamon]\npumps = 2", "neti.toml:1: deamon: unknown key; did you mean 'daemon'?"),
        Case("[daemon]\npmups = 2", "neti.toml:2: daemon.pmups: unknown key; did you mean 'pumps'?"),
        Case("[daemon]\n\ncolour = 2", "neti.toml:3: daemon.colour: unknown key"),
        Case("daemon.\"a b\" = 2", "neti.toml:1: daemon.\"a b\": unknown key"),
        Case("[daemon]\n\"n\\u0061pp\" = 2", "neti.toml:2: daemon.napp: unknown key; did you mean 'nap'?"),
        Case("a.b.c = 1", "neti.toml:1: a: unknown key"),
        .hook(
            """
            name = "f"
            module = "trace"
            events = ["PHYSICAL_IN"]
            rules = "ipf.conf"
            """, "neti.toml:7: instance[0].hook[0].rules: unknown key"),
    ])
    func unknownKeys(_ wrong: Case) throws {
        #expect(try complaints(about: wrong.text) == wrong.complaints)
    }

    @Test(arguments: [
        Case("daemon = 1", "neti.toml:1: daemon: expected a table, found an integer"),
        Case("instance = 1", "neti.toml:1: instance: expected an array, found an integer"),
        Case("[instance]\nname = \"global\"", "neti.toml:1: instance: expected an array, found a table"),
        Case("instance = [1]", "neti.toml:1: instance[0]: expected a table, found an integer"),
        Case("[daemon]\npumps = \"2\"", "neti.toml:2: daemon.pumps: expected an integer, found a string"),
        Case("[daemon]\npumps = 2.0", "neti.toml:2: daemon.pumps: expected an integer, found a floating-point number"),
        Case("[daemon]\nlog-level = true", "neti.toml:2: daemon.log-level: expected a string, found a boolean"),
        Case("[daemon]\nnap = 2026-11-21", "neti.toml:2: daemon.nap: expected an integer, found a date"),
        Case("[daemon]\nnap = 10:00:00", "neti.toml:2: daemon.nap: expected an integer, found a time"),
        Case("[daemon]\nnap = 2026-11-21T10:00:00Z", "neti.toml:2: daemon.nap: expected an integer, found a date-time"),
        Case(
            "[[instance]]\nname = \"global\"\ngso = \"yes\"",
            "neti.toml:3: instance[0].gso: expected a boolean, found a string"),
        Case("[[instance]]\nnetns = 3", "neti.toml:2: instance[0].netns: expected a string, found an integer"),
        .hook(
            """
            name = "f"
            module = "ipf"
            events = "PHYSICAL_IN"
            hint = 3
            rules = ["ipf.conf"]
            """,
            "neti.toml:6: instance[0].hook[0].events: expected an array, found a string",
            "neti.toml:7: instance[0].hook[0].hint: expected a string, found an integer",
            "neti.toml:8: instance[0].hook[0].rules: expected a string, found an array"),
        .hook(
            """
            name = "f"
            module = "trace"
            events = [
                "PHYSICAL_IN",
                7, # seven
            ]
            """, "neti.toml:8: instance[0].hook[0].events[1]: expected a string, found an integer"),
    ])
    func wrongTypes(_ wrong: Case) throws {
        #expect(try complaints(about: wrong.text) == wrong.complaints)
    }

    @Test(arguments: [
        Case(
            "\n[[instance]]\ngso = true",
            "neti.toml:2: instance[0].netns: missing; for the daemon's own namespace write name = \"global\""),
        .hook(
            "",
            "neti.toml:3: instance[0].hook[0].name: missing",
            "neti.toml:3: instance[0].hook[0].events: missing",
            "neti.toml:3: instance[0].hook[0].module: missing"),
        .hook(
            "name = \"f\"\nmodule = \"ipf\"\nevents = [\"PHYSICAL_IN\"]",
            "neti.toml:3: instance[0].hook[0].rules: missing"),
    ])
    func missingKeys(_ wrong: Case) throws {
        #expect(try complaints(about: wrong.text) == wrong.complaints)
    }

    @Test(arguments: [
        ("pumps", 0, "1 to 64"), ("pumps", 65, "1 to 64"), ("nap", -1, "0 to 1000"), ("nap", 1_001, "0 to 1000"),
        ("pumps", Int.min, "1 to 64"), ("pumps", Int.max, "1 to 64"),
    ])
    func daemonIntegersOutOfRange(key: String, value: Int, range: String) throws {
        #expect(
            try complaints(about: "[daemon]\n\(key) = \(value)")
                == ["neti.toml:2: daemon.\(key): expected \(range), found \(value)"])
    }

    @Test(arguments: [
        ("queue", -1, "0 to 65535"), ("queue", 65_536, "0 to 65535"),
        ("queues", 0, "1 to 64"), ("queues", 65, "1 to 64"),
        ("queue-length", 0, "1 to 1048576"), ("queue-length", 1_048_577, "1 to 1048576"),
        ("receive-buffer", 65_535, "65536 to 268435456"), ("receive-buffer", 268_435_457, "65536 to 268435456"),
        ("copy-range", 63, "64 to 65535"), ("copy-range", 65_536, "64 to 65535"),
        ("priority-in", -2_147_483_649, "-2147483648 to 2147483647"),
        ("priority-out", 2_147_483_648, "-2147483648 to 2147483647"),
        ("priority-forward", -2_147_483_649, "-2147483648 to 2147483647"),
        ("priority-loopback-out", 2_147_483_648, "-2147483648 to 2147483647"),
        ("priority-loopback-in", 2_147_483_648, "-2147483648 to 2147483647"),
        ("max-hooks", 0, "1 to 65535"), ("max-hooks", 65_536, "1 to 65535"),
        ("injection-packets", 0, "1 to 1048576"), ("injection-packets", 1_048_577, "1 to 1048576"),
        ("injection-bytes", 65_535, "65536 to 1073741824"), ("injection-bytes", 1_073_741_825, "65536 to 1073741824"),
        ("injection-limit", 0, "1 to 63"), ("injection-limit", 64, "1 to 63"),
    ])
    func instanceIntegersOutOfRange(key: String, value: Int, range: String) throws {
        #expect(
            try complaints(about: "[[instance]]\nname = \"global\"\n\(key) = \(value)")
                == ["neti.toml:3: instance[0].\(key): expected \(range), found \(value)"])
    }

    @Test(arguments: [
        Case(
            "[daemon]\nlog-level = \"loud\"",
            """
            neti.toml:2: daemon.log-level: expected one of "trace", "debug", "info", "notice", "warning", "error", \
            "critical", found "loud"
            """),
        Case(
            "[daemon]\ncontrol-socket = \"neti.sock\"",
            """
            neti.toml:2: daemon.control-socket: expected an absolute path of 2 to 107 bytes, found "neti.sock"
            """),
        Case(
            "[daemon]\ncontrol-group = \"\"",
            "neti.toml:2: daemon.control-group: expected the name of a group, found \"\""),
        Case(
            "[daemon]\nmetrics = \"0.0.0.0:9469\"",
            """
            neti.toml:2: daemon.metrics: expected "unix:" and an absolute path of at most 107 bytes, or a loopback \
            address and a port like "127.0.0.1:9469", found "0.0.0.0:9469"
            """),
        Case(
            "[[instance]]\nname = \"global\"\non-exit = \"Open\"",
            "neti.toml:3: instance[0].on-exit: expected one of \"open\", \"closed\", found \"Open\""),
        Case(
            "[[instance]]\nname = \"global\"\nordering = \"bsd\"",
            "neti.toml:3: instance[0].ordering: expected one of \"documented\", \"illumos\", found \"bsd\""),
        Case(
            "[[instance]]\nnetns = \"/run/netns/blue\"",
            """
            neti.toml:2: instance[0].netns: expected the name of a network namespace or a glob, without blanks and \
            slashes, found "/run/netns/blue"
            """),
        .hook(
            """
            name = "a"
            module = "trace"
            events = ["PHYSICAL_IN"]
            on-failure = "ignore"
            time-budget = "10"
            on-over-budget = "drop"
            """,
            "neti.toml:7: instance[0].hook[0].on-failure: expected one of \"skip\", \"drop\", \"remove\", found \"ignore\"",
            """
            neti.toml:8: instance[0].hook[0].time-budget: expected a time of up to an hour such as "50ms" (us, ms or s), \
            found "10"
            """,
            """
            neti.toml:9: instance[0].hook[0].on-over-budget: expected one of "report", "skip", "remove", found "drop"
            """),
        .hook(
            """
            name = "a"
            module = "trace"
            events = ["PHYSICAL_IN"]
            time-budget = "0"
            """,
            "neti.toml:7: instance[0].hook[0].time-budget: expected a time of a nanosecond or more, found \"0\""),
        .hook(
            """
            name = "a"
            module = "trace"
            events = ["PHYSICAL_IN"]
            on-over-budget = "skip"
            """,
            "neti.toml:7: instance[0].hook[0].on-over-budget: has no meaning without time-budget"),
        .hook(
            """
            name = "two words"
            module = "pf"
            events = []
            families = ["inet", "ether"]
            hint = "before"
            """,
            """
            neti.toml:4: instance[0].hook[0].name: expected a name of 1 to 30 bytes without blanks, found "two words"
            """,
            "neti.toml:5: instance[0].hook[0].module: expected one of \"ipf\", \"trace\", found \"pf\"",
            "neti.toml:6: instance[0].hook[0].events: expected at least one element, found none",
            "neti.toml:7: instance[0].hook[0].families[1]: expected one of \"inet\", \"inet6\", \"arp\", found \"ether\"",
            """
            neti.toml:8: instance[0].hook[0].hint: expected "none", "first", "last", "before NAME" or "after NAME", \
            found "before"
            """),
        .hook(
            "name = \"f\"\nmodule = \"trace\"\nevents = [\"PHYSICAL_IN\", \"PHYSICAL_IN\"]",
            "neti.toml:6: instance[0].hook[0].events[1]: \"PHYSICAL_IN\" is there twice"),
    ])
    func wrongValues(_ wrong: Case) throws {
        #expect(try complaints(about: wrong.text) == wrong.complaints)
    }

    @Test(arguments: [
        "", "befor x", "before  x", "before x y", "after", " first", "First",
        "before \(String(repeating: "n", count: 31))",
    ])
    func wrongHints(_ hint: String) throws {
        let complaints = try complaints(
            about: """
                [[instance]]
                name = "global"
                [[instance.hook]]
                name = "f"
                module = "trace"
                events = ["PHYSICAL_IN"]
                hint = "\(hint)"
                """)
        #expect(complaints.count == 1)
        #expect(complaints.first?.hasPrefix("neti.toml:7: instance[0].hook[0].hint: expected \"none\"") == true)
    }

    @Test func missingFileOfAKey() throws {
        let fixture = try ConfigurationFixture(
            """
            [[instance]]
            name = "global"
            [[instance.hook]]
            name = "f"
            module = "ipf"
            events = ["PHYSICAL_IN"]
            rules = "absent.conf"
            [[instance.hook]]
            name = "g"
            module = "ipf"
            events = ["PHYSICAL_IN"]
            rules = "/"
            """)
        #expect(
            fixture.complaints() == [
                "neti.toml:7: instance[0].hook[0].rules: can't read absent.conf: No such file or directory",
                "neti.toml:12: instance[0].hook[1].rules: can't read /: Is a directory",
            ])
    }

    /// What a module says about its files comes with the rest, once however many hooks name the file.
    @Test func modulesCheckTheirFiles() throws {
        #expect(
            try complaints(
                about: """
                    [[instance]]
                    name = "global"
                    [[instance.hook]]
                    name = "f"
                    module = "ipf"
                    events = ["PHYSICAL_IN"]
                    rules = "neti.toml"
                    hint = "second"
                    [[instance.hook]]
                    name = "g"
                    module = "ipf"
                    events = ["PHYSICAL_IN"]
                    rules = "neti.toml"
                    """) == [
                    """
                    neti.toml:8: instance[0].hook[0].hint: expected "none", "first", "last", "before NAME" or \
                    "after NAME", found "second"
                    """,
                    "neti.toml:1:2: not a rule",
                    "neti.toml:3:4: not a rule",
                ])
    }

    /// One run tells all mistakes, in the order of the file, each once.
    @Test func allAtOnce() throws {
        #expect(
            try complaints(
                about: """
                    surprise = 1

                    [[instance]]
                    netns = "blue"
                    gso = 1
                      [[instance.hook]]
                      hint = "middle"
                      module = "trace"
                      name = "f"
                      events = ["PHYSICAL_IN"]

                    [[instance]]
                    name = "blue"
                    netns = "green"
                    queue = -1

                    [daemon]
                    pumps = "all"
                    """) == [
                    "neti.toml:1: surprise: unknown key",
                    "neti.toml:5: instance[0].gso: expected a boolean, found an integer",
                    """
                    neti.toml:7: instance[0].hook[0].hint: expected "none", "first", "last", "before NAME" or \
                    "after NAME", found "middle"
                    """,
                    "neti.toml:13: instance[1].name: instance[0] is called \"blue\" already",
                    "neti.toml:15: instance[1].queue: expected 0 to 65535, found -1",
                    "neti.toml:18: daemon.pumps: expected an integer, found a string",
                ])
    }

    @Test func errorPrintsALineEach() throws {
        let fixture = try ConfigurationFixture("[daemon]\nnap = -1\npumps = 0")
        do throws(ConfigurationError) {
            _ = try fixture.load()
            Issue.record("a wrong configuration was accepted")
        } catch {
            #expect(
                error.description == """
                    \(fixture.path):2: daemon.nap: expected 0 to 1000, found -1
                    \(fixture.path):3: daemon.pumps: expected 1 to 64, found 0
                    """)
        }
    }
}
