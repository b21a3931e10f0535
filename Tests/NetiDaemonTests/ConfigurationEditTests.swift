// SPDX-License-Identifier: Apache-2.0

import NetiControl
import Testing

@testable import NetiDaemon

/// What a change makes of a text, byte for byte.
struct ConfigurationEditTests {
    private static let text = """
        # Ours.
        [daemon]
        log-level = "debug"

        # Who comes first.
        [[instance]]
        name = "global"
        on-exit = "open"  # for now
        # queue = 0
        # queues = 1

          # Counts what arrives.
          [[instance.hook]]
          name = "count"
          module = "trace"
          # label = "x"
          events = [
              "PHYSICAL_IN",  # from outside
          ]

          [[instance.hook]]
          name = "last"
          module = "trace"
          events = ["PHYSICAL_IN"]
          hint = "last"  # behind count
          # The end.

        # All others.
        [[instance]]
        netns = "b*"

        # EOF
        """ + "\n"

    private func edited(_ edit: ConfigurationEdit, _ text: String = text) throws -> String {
        let configuration = try ConfigurationFixture(text).load()
        let edited = try configuration.edited(by: edit, modules: testModules)
        return String(decoding: try #require(edited.source).text, as: UTF8.self)
    }

    private static func hook(
        _ name: String, hint: String? = nil, values: [String: String] = [:]
    ) -> ConfigurationEdit.Hook {
        .init(name: name, module: "trace", events: ["PHYSICAL_IN"], hint: hint, values: values)
    }

    @Test func aHookComesBehindTheOthersAndLooksLikeThem() throws {
        let hook = Self.hook("new", hint: "after count", values: ["label": "a \"b\""])
        let expected = Self.text.replacing(
            "  # The end.\n",
            with: """
                  # The end.

                  [[instance.hook]]
                  name = "new"
                  module = "trace"
                  events = ["PHYSICAL_IN"]
                  hint = "after count"
                  label = "a \\"b\\""

                """)
        #expect(try edited(.addHook(hook, instance: "global")) == expected)
    }

    @Test func theFirstHookComesBehindWhatIsThere() throws {
        let expected = Self.text.replacing(
            "netns = \"b*\"\n",
            with: """
                netns = "b*"

                  [[instance.hook]]
                  name = "new"
                  module = "trace"
                  events = ["PHYSICAL_IN"]

                """)
        #expect(try edited(.addHook(Self.hook("new"), instance: "b*")) == expected)
    }

    @Test func aCommentAboveTheNextHeaderStaysThere() throws {
        let text = """
            [[instance]]
            name = "global"
            # next
            [[instance]]
            netns = "blue"
            """
        let expected = """
            [[instance]]
            name = "global"

            [[instance.hook]]
            name = "new"
            module = "trace"
            events = ["PHYSICAL_IN"]
            # next
            [[instance]]
            netns = "blue"
            """
        #expect(try edited(.addHook(Self.hook("new"), instance: "global"), text) == expected)
    }

    @Test func whatIsRemovedLeavesItsComments() throws {
        let expected = Self.text.replacing(
            """
              # Counts what arrives.
              [[instance.hook]]
              name = "count"
              module = "trace"
              # label = "x"
              events = [
                  "PHYSICAL_IN",  # from outside
              ]

            """, with: "  # Counts what arrives.\n  # label = \"x\"\n")
        #expect(try edited(.removeHook("count", instance: nil)) == expected)
    }

    @Test func anInstanceGoesWithItsHooks() throws {
        let expected = """
            # Ours.
            [daemon]
            log-level = "debug"

            # Who comes first.
            # queue = 0
            # queues = 1

              # Counts what arrives.
              # label = "x"

              # The end.

            # All others.
            [[instance]]
            netns = "b*"

            # EOF

            """
        #expect(try edited(.removeInstance("global")) == expected)
    }

    @Test func anInstanceIsAddedAtTheEnd() throws {
        let instance = ConfigurationEdit.Instance(
            name: "new", netns: "ns-1", values: ["queue": "7", "fail-open": "true", "on-exit": "closed"])
        let table = """

            [[instance]]
            name = "new"
            netns = "ns-1"
            fail-open = true
            on-exit = "closed"
            queue = 7

            """
        #expect(try edited(.addInstance(instance)) == Self.text + table)
        let first = try edited(.addInstance(.init(name: "global", values: [:])), "")
        #expect(first == "[[instance]]\nname = \"global\"\n")
    }

    @Test func aHookThatIsMovedTakesItsCommentAlong() throws {
        let expected = Self.text.replacing(
            """

              # Counts what arrives.
              [[instance.hook]]
              name = "count"
              module = "trace"
              # label = "x"
              events = [
                  "PHYSICAL_IN",  # from outside
              ]

              [[instance.hook]]
              name = "last"
              module = "trace"
              events = ["PHYSICAL_IN"]
              hint = "last"  # behind count
              # The end.

            """,
            with: """

                  [[instance.hook]]
                  name = "last"
                  module = "trace"
                  events = ["PHYSICAL_IN"]
                  hint = "last"  # behind count
                  # The end.

                  # Counts what arrives.
                  [[instance.hook]]
                  name = "count"
                  module = "trace"
                  # label = "x"
                  events = [
                      "PHYSICAL_IN",  # from outside
                  ]
                  hint = "before last"

                """)
        #expect(try edited(.moveHook("count", hint: "before last", instance: nil)) == expected)
    }

    @Test func onlyTheHintChangesWhereTheOrderServes() throws {
        let expected = Self.text.replacing("\"last\"  # behind", with: "\"after count\"  # behind")
        #expect(try edited(.moveHook("last", hint: "after count", instance: "global")) == expected)
    }

    @Test("Line ends stay what they are, and a last line gets one")
    func lineEnds() throws {
        let text =
            "[[instance]]\r\nname = \"global\"\r\n[[instance.hook]]\r\nname = 'a'\r\nmodule = 'trace'\r\nevents = ['PHYSICAL_IN']"
        let added = try edited(.addHook(Self.hook("b"), instance: nil), text)
        #expect(added.hasPrefix(text + "\r\n\r\n[[instance.hook]]\r\nname = \"b\"\r\n"))
        #expect(added.utf8.count { $0 == 10 } == added.utf8.count { $0 == 13 })
    }

    @Test(arguments: [
        (
            ConfigurationEdit.removeHook("absent", instance: nil),
            "hook: the configuration has no instance with a hook 'absent'"
        ),
        (.removeHook("absent", instance: "global"), "hook: instance 'global' has no hook 'absent'"),
        (.removeHook("count", instance: "red"), "no instance is named 'red'"),
        (
            .removeHook("count", instance: "blue"),
            "instance: 'blue' has no table of its own in the configuration but shares that of 'b*'"
        ),
        (.addHook(hook("x"), instance: nil), "instance: there are several: 'global', 'b*'"),
        (
            .addHook(hook("count"), instance: "global"),
            "name: another hook of this instance is called \"count\" already"
        ),
        (.addHook(hook("x", values: ["lable": "1"]), instance: "global"), "lable: unknown key; did you mean 'label'?"),
        (
            .addHook(hook("a b", hint: "sideways"), instance: "global"),
            """
            name: expected a name of 1 to 30 bytes without blanks, found "a b"; hint: expected "none", "first", "last", \
            "before NAME" or "after NAME", found "sideways"
            """
        ),
        (.addInstance(.init(netns: "blue", values: [:])), "netns: instance[1] has this namespace already"),
        (.addInstance(.init(netns: "red", values: ["queue": "x"])), "queue: expected an integer, found a string"),
        (.addInstance(.init(values: [:])), "netns: missing; for the daemon's own namespace write name = \"global\""),
    ])
    func whatIsWrongIsToldInTheCallersTerms(edit: ConfigurationEdit, message: String) throws {
        let configuration = try ConfigurationFixture(Self.text).load()
        do throws(ControlError) {
            _ = try configuration.edited(by: edit, modules: testModules)
            Issue.record("accepted")
        } catch {
            #expect("\(error)" == message)
        }
    }

    @Test func aHookThatOthersReferToIsKept() throws {
        let text = Self.text.replacing("\"last\"  #", with: "\"after count\"  #")
        let configuration = try ConfigurationFixture(text).load()
        #expect(throws: ControlError.self) {
            try configuration.edited(by: .removeHook("count", instance: nil), modules: testModules)
        }
    }

    @Test(arguments: [
        "instance = [{ name = \"global\" }]\n",
        "[[instance]]\nname = \"global\"\nhook = [{ name = \"a\", module = \"trace\", events = [\"PHYSICAL_IN\"] }]\n",
    ])
    func tablesWithoutHeadersAreLeftAlone(text: String) throws {
        let configuration = try ConfigurationFixture(text).load()
        for edit in [ConfigurationEdit.addHook(Self.hook("x"), instance: nil), .removeHook("a", instance: nil)] {
            #expect(throws: ControlError.self) { try configuration.edited(by: edit, modules: testModules) }
        }
    }
}
