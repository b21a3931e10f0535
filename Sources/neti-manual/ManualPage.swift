// SPDX-License-Identifier: Apache-2.0

/// One command's manual page in section 8, made of what the command says of itself.
struct ManualPage {
    let command: CommandDescription
    /// As in `November 21, 2026`.
    let date: String
    /// Pages that each page refers to, of other sections too: `neti-daemon(8)` as name and section.
    let related: [(name: String, section: Int)]

    static let section = 8

    var fileName: String { "\(command.pageName).\(Self.section)" }

    var text: String {
        var page = Mdoc()
        page.macro("Dd", date)
        page.macro("Dt", command.pageName.uppercased(), String(Self.section))
        page.macro("Os")
        page.macro("Sh", "NAME")
        page.macro("Nm", command.pageName)
        page.macro("Nd", Mdoc.summary(command.abstract ?? command.words.joined(separator: " ")))
        synopsis(into: &page)
        let prose = Mdoc.parts(of: command.discussion ?? "")
        page.macro("Sh", "DESCRIPTION")
        page.paragraph(command.abstract ?? "")
        if let aliases = command.aliases, !aliases.isEmpty {
            page.paragraph("Also spelled \(aliases.map { "'\($0)'" }.joined(separator: ", ")).")
        }
        if prose.body.contains(where: { !$0.isWhitespace }) {
            page.macro("Pp")
            page.prose(prose.body)
        }
        arguments(into: &page)
        subcommands(into: &page)
        page.prose(prose.sections)
        page.macro("Sh", "SEE ALSO")
        references(into: &page)
        return page.text
    }

    private func synopsis(into page: inout Mdoc) {
        page.macro("Sh", "SYNOPSIS")
        page.macro("Nm", command.words[0])
        if command.words.count > 1 {
            page.macro("Cm", command.words.dropFirst().map(Mdoc.word).joined(separator: " "))
        }
        for argument in command.shownArguments where argument.names?.contains(where: { $0.name == "help" }) != true {
            let isNeeded = !argument.isOptional
            page.macro(isNeeded ? argument.usage.macro : "Op", isNeeded ? argument.usage.rest : argument.usage.whole)
        }
        if !command.shownSubcommands.isEmpty {
            let isNeeded = command.defaultSubcommand == nil
            page.macro(isNeeded ? "Ar" : "Op", isNeeded ? "command ..." : "Ar command ...")
        }
    }

    private func arguments(into page: inout Mdoc) {
        if command.shownArguments.isEmpty { return }
        page.macro("Bl", "-tag", "-width", "Ds")
        for argument in command.shownArguments {
            page.macro("It", argument.title)
            var says = argument.abstract ?? ""
            if let values = argument.allValues, !values.isEmpty, !says.contains("values:") {
                says += " One of: \(values.joined(separator: ", "))."
            }
            if let value = argument.defaultValue, !says.contains("default:") { says += " The default is \(value)." }
            if !says.isEmpty { page.paragraph(says) }
            if let discussion = argument.discussion {
                page.macro("Pp")
                page.prose(discussion)
            }
        }
        page.macro("El")
    }

    private func subcommands(into page: inout Mdoc) {
        if command.shownSubcommands.isEmpty { return }
        page.macro("Pp")
        page.paragraph("Commands:")
        page.macro("Bl", "-tag", "-width", "Ds")
        for subcommand in command.shownSubcommands {
            page.macro("It", "Cm", Mdoc.word(subcommand.commandName))
            page.paragraph(subcommand.abstract ?? "")
            if subcommand.commandName == command.defaultSubcommand { page.paragraph("Runs when no command is named.") }
            page.paragraph("See")
            page.macro("Xr", subcommand.pageName, "\(Self.section)", ".")
        }
        page.macro("El")
    }

    private func references(into page: inout Mdoc) {
        let above = command.superCommands.map { [($0.joined(separator: "-"), Self.section)] } ?? []
        let below = command.shownSubcommands.map { ($0.pageName, Self.section) }
        // By section, then by name, as mdoc(7) has them.
        let pages = (above + below + related.map { ($0.name, $0.section) }).filter { $0.0 != command.pageName }
            .sorted { ($0.1, $0.0) < ($1.1, $1.0) }
        for (index, reference) in pages.enumerated() {
            if index == pages.count - 1 {
                page.macro("Xr", reference.0, "\(reference.1)")
            } else {
                page.macro("Xr", reference.0, "\(reference.1)", ",")
            }
        }
    }
}

extension CommandDescription.Argument {
    /// As the list of arguments has it: `Fl i , \-instance Ar name`.
    fileprivate var title: String {
        if kind == .positional { return "Ar \(value)" }
        let spellings = sortedNames.map { "Fl \($0.flag)" }.joined(separator: " , ")
        return kind == .option ? "\(spellings) Ar \(value)" : spellings
    }

    /// As the synopsis has it: a macro and what follows it.
    fileprivate var usage: (macro: String, rest: String, whole: String) {
        guard kind != .positional, let name = sortedNames.first?.flag else { return ("Ar", value, "Ar \(value)") }
        let rest = kind == .option ? "\(name) Ar \(value)" : name
        return ("Fl", rest, "Fl \(rest)")
    }

    /// Short ones first.
    private var sortedNames: [Name] {
        (names ?? []).filter { $0.kind == .short } + (names ?? []).filter { $0.kind != .short }
    }

    private var value: String {
        (valueName ?? "value").split(separator: " ").map(Mdoc.word).joined(separator: " ") + (isRepeating ? " ..." : "")
    }
}

extension CommandDescription.Argument.Name {
    /// Behind `Fl`, which prints a hyphen.
    fileprivate var flag: String { Mdoc.word(kind == .long ? "-\(name)" : name) }
}

extension Mdoc {
    /// A sentence as the line that whatis(1) shows: without its full stop and its capital.
    fileprivate static func summary(_ sentence: String) -> String {
        let rest = sentence.hasSuffix(".") ? sentence.dropLast() : sentence[...]
        let second = rest.dropFirst().first
        // An abbreviation keeps its capitals.
        return second?.isUppercase == true ? String(rest) : rest.prefix(1).lowercased() + rest.dropFirst()
    }
}
