// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import NetiControl

/// Where a hook wants to be in the chains of its events.
struct HintOptions: ParsableArguments {
    @Flag(name: .long, help: "Before all others.")
    var first = false

    @Flag(name: .long, help: "Behind all others.")
    var last = false

    @Option(name: .long, help: ArgumentHelp("Before this hook.", valueName: "hook"))
    var before: String?

    @Option(name: .long, help: ArgumentHelp("Behind this hook.", valueName: "hook"))
    var after: String?

    @Flag(name: .long, help: "Anywhere.")
    var anywhere = false

    /// What was asked for; nil for nothing.
    var hint: (ListHooks.Hint, value: String?)? { hints.first }

    func validate() throws {
        if hints.count > 1 {
            throw ValidationError("'--first', '--last', '--before', '--after' and '--anywhere' exclude each other")
        }
    }

    private var hints: [(ListHooks.Hint, value: String?)] {
        let flags: [(ListHooks.Hint, value: String?)?] = [
            first ? (.first, nil) : nil, last ? (.last, nil) : nil, before.map { (.before, $0) },
            after.map { (.after, $0) }, anywhere ? (.none, nil) : nil,
        ]
        return flags.compactMap(\.self)
    }
}
