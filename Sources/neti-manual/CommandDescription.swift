// SPDX-License-Identifier: Apache-2.0

/// What a program of ArgumentParser tells about a command with `--experimental-dump-help`, as far as a manual needs it.
struct CommandDescription: Codable, Equatable {
    var commandName: String
    /// The commands above it, the program first.
    var superCommands: [String]?
    var abstract: String?
    var discussion: String?
    var aliases: [String]?
    /// What runs when no subcommand is named.
    var defaultSubcommand: String?
    var shouldDisplay: Bool
    var subcommands: [CommandDescription]?
    var arguments: [Argument]?

    /// The whole output.
    struct Dump: Codable {
        var command: CommandDescription
    }

    /// An option, a flag or an argument without a name.
    struct Argument: Codable, Equatable {
        enum Kind: String, Codable { case positional, option, flag }

        struct Name: Codable, Equatable {
            enum Kind: String, Codable { case long, short, longWithSingleDash }

            var kind: Kind
            var name: String
        }

        var kind: Kind
        var names: [Name]?
        var valueName: String?
        var abstract: String?
        var discussion: String?
        var defaultValue: String?
        var allValues: [String]?
        var isOptional: Bool
        var isRepeating: Bool
        var shouldDisplay: Bool
    }

    /// The command as it is typed: `neti-ctl`, `hook`, `list`.
    var words: [String] { (superCommands ?? []) + [commandName] }

    /// The name of its page: `neti-ctl-hook-list`, which man(1) also finds by `man neti-ctl hook`.
    var pageName: String { words.joined(separator: "-") }

    /// The subcommands that have pages.
    var shownSubcommands: [CommandDescription] {
        // ArgumentParser adds "help" to each program; --help is among the options.
        (subcommands ?? []).filter { $0.shouldDisplay && $0.commandName != "help" }
    }

    var shownArguments: [Argument] { (arguments ?? []).filter(\.shouldDisplay) }
}
