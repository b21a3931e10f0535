// SPDX-License-Identifier: Apache-2.0

import Logging
import Neti
import NetiLinux
import Testing

@testable import NetiDaemon

/// What is different between two configurations, in the words of the file.
struct ConfigurationDifferenceTests {
    private func changes(_ before: String, _ after: String) throws -> [String] {
        try ConfigurationFixture(before).load().changes(to: ConfigurationFixture(after).load()).map(\.description)
    }

    /// `controlSocket` as `control-socket`.
    private func key(_ property: String) -> String {
        property.reduce(into: "") { key, character in
            key += character.isUppercase ? "-\(character.lowercased())" : "\(character)"
        }
    }

    @Test func everyKeyOfTheProcessIsTold() {
        let properties = Mirror(reflecting: Configuration.Daemon()).children.compactMap(\.label).map(key)
        #expect(Set(Configuration.Daemon.values.map(\.name)) == Set(properties))
    }

    @Test func everyKeyOfAnInstanceIsTold() {
        let queueing = Mirror(reflecting: InstanceConfiguration()).children.compactMap(\.label).map(key)
        let told = Set(Configuration.Instance.values.map(\.name))
        #expect(Set(queueing).subtracting(told) == [])
    }

    @Test func nothingIsDifferentInTheSame() throws {
        let text = """
            [[instance]]
            netns = "blue"
            [[instance.hook]]
            name = "a"
            module = "trace"
            label = "x"
            events = ["PHYSICAL_IN"]
            """
        let configuration = try ConfigurationFixture(text).load()
        #expect(configuration.changes(to: configuration).isEmpty)
    }

    @Test func eachChangeIsOneLine() throws {
        let before = """
            [[instance]]
            netns = "blue"
            [[instance.hook]]
            name = "a"
            module = "trace"
            label = "x"
            events = ["PHYSICAL_IN"]
            [[instance.hook]]
            name = "b"
            module = "trace"
            events = ["PHYSICAL_IN"]
            [[instance]]
            netns = "red*"
            """
        let after = """
            [daemon]
            log-level = "debug"
            [[instance]]
            netns = "green"
            [[instance]]
            netns = "blue"
            queues = 2
            [[instance.hook]]
            name = "c"
            module = "trace"
            events = ["PHYSICAL_IN"]
            [[instance.hook]]
            name = "a"
            module = "trace"
            events = ["PHYSICAL_IN", "PHYSICAL_OUT"]
            hint = "first"
            """
        #expect(
            try changes(before, after) == [
                #"daemon changed: log-level "info" -> "debug""#, "instance 'green' added",
                "instance 'blue' changed: queues 1 -> 2", "instance 'blue': hook 'c' added",
                "instance 'blue': hook 'a' changed: "
                    + #"events ["PHYSICAL_IN"] -> ["PHYSICAL_IN", "PHYSICAL_OUT"], hint "none" -> "first", label "x" -> none"#,
                "instance 'blue': hook 'b' removed", "instance 'red*' removed",
            ])
    }

    @Test func whatBecomesOfAFailingHookIsAChange() throws {
        let hook = """
            [[instance]]
            netns = "blue"
            [[instance.hook]]
            name = "a"
            module = "trace"
            events = ["PHYSICAL_IN"]
            """
        let policy = """

            on-failure = "drop"
            time-budget = "1500us"
            on-over-budget = "remove"
            """
        #expect(
            try changes(hook, hook + policy) == [
                #"instance 'blue': hook 'a' changed: on-failure "skip" -> "drop", time-budget none -> 1.5 ms, "#
                    + #"on-over-budget "report" -> "remove""#
            ])
    }

    @Test(arguments: [
        ("10.2ms", "10.8ms", "10.2 ms -> 10.8 ms"), ("1.000001ms", "1s", "1.000001 ms -> 1 s"),
        ("0.999us", "3600s", "999 ns -> 3600 s"), ("50us", "50.005us", "50 us -> 50.005 us"),
    ])
    func timesAreToldToTheLastDigit(before: String, after: String, told: String) throws {
        func hook(_ budget: String) -> String {
            """
            [[instance]]
            netns = "blue"
            [[instance.hook]]
            name = "a"
            module = "trace"
            label = "x"
            events = ["PHYSICAL_IN"]
            time-budget = "\(budget)"
            """
        }
        #expect(
            try changes(hook(before), hook(after)) == ["instance 'blue': hook 'a' changed: time-budget \(told)"])
    }

    @Test func anInstanceGoesOnWithEveryOtherValue() throws {
        for line in [#"on-exit = "closed""#, "priority-in = 3", "injection-packets = 7"] {
            let told = try changes("[[instance]]\nnetns = \"blue\"\n", "[[instance]]\nnetns = \"blue\"\n\(line)\n")
            #expect(told.count == 1 && told[0].hasPrefix("instance 'blue' changed: "), "\(told)")
        }
    }

    @Test func theProcessKeepsWhatItWasStartedWith() throws {
        let before = Configuration.Daemon()
        var after = before
        after.logLevel = .trace
        after.stateInterval = 17
        #expect(before.refusals(of: after).isEmpty)
        after.nap = 1
        after.controlGroup = "wheel"
        #expect(before.refusals(of: after).map(\.key) == ["control-group", "nap"])
    }
}
