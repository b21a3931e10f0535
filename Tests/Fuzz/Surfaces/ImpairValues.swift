// SPDX-License-Identifier: Apache-2.0

import Impair
import Neti

/// Values of the module `impair`, as `neti-ctl hook set` sends them: one `key=value` a line.
struct ImpairValues: Surface {
    var isText: Bool { true }

    var words: [[UInt8]] {
        """
        delay= jitter= distribution= loss= duplicate= reorder= corrupt= rate= limit= seed= match= 0 1 50 0.5 10. .5 1e9 \
        99999999999999999999 3600 65536 65537 18446744073709551615 18446744073709551616 ns us ms s % bit kbit mbit gbit \
        uniform normal nan inf -1 +1 0x10 \u{661} all proto udp tcp on eth0 from any to 192.0.2.0/24 port = 53 quick { }
        """.split(separator: " ").map { Array($0.utf8) } + RuleText.words
    }

    func feed(_ input: [UInt8]) throws -> Bool {
        let values = Self.values(input)
        let problems = ImpairModule.problems(in: values)
        for problem in problems {
            try require(
                ImpairModule.keys.contains { $0.name == problem.key }, "a problem with \(problem.key ?? "none")")
            try require(!problem.message.isEmpty && !problem.message.contains("\n"), "no line: \(problem.message)")
        }
        // The same texts, whether they come with the configuration or while packets flow.
        let made = Self.outcome { () throws(NetiError) in _ = try Self.module(values) }
        try require((made == nil) == problems.isEmpty, "made of values with \(problems.count) problems: \(values)")
        let module = try Self.module([:])
        let changed = Self.outcome { () throws(NetiError) in try module.change(values) }
        try require(made == changed, "as configured: \(made ?? "right"), as changed: \(changed ?? "right")")
        return problems.isEmpty
    }

    private static func module(_ values: [String: String]) throws(NetiError) -> ImpairModule {
        try ImpairModule(HookModuleSettings(hookName: "slow", instanceName: "blue", lanes: 1, values: values))
    }

    private static func values(_ input: [UInt8]) -> [String: String] {
        var values: [String: String] = [:]
        for line in String(decoding: input, as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { values[String(parts[0])] = String(parts[1]) }
        }
        return values
    }

    /// Why it failed; nil if it didn't.
    private static func outcome(_ body: () throws(NetiError) -> Void) -> String? {
        do throws(NetiError) {
            try body()
            return nil
        } catch {
            return error.reason
        }
    }
}
