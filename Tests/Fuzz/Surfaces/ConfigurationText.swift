// SPDX-License-Identifier: Apache-2.0

import Glibc
import IPFilter
import Neti
import NetiControl
import NetiDaemon
import SystemPackage

/// The daemon's configuration file.
struct ConfigurationText: Surface {
    private let directory: Directory

    init() throws { directory = try Directory() }

    var isText: Bool { true }

    static let words = """
        [ ] [[ ]] { } " ' \"\"\" ''' = . , # \\ \\u0000 \\UFFFFFFFF -1 0 1e9 true false 99999999999 9223372036854775808
        inf nan 0x10 0b2 1_000 1979-05-27 1979-05-27T 07:32 [daemon] [[instance]] [[instance.hook]] [instance] name netns
        "blue*" "[a-" "*" "global" "" on-exit ordering queue queues queue-length receive-buffer copy-range fail-open gso
        uid-gid conntrack priority-in priority-out priority-forward priority-loopback-out priority-loopback-in max-hooks injection-packets injection-bytes injection-limit module "ipf" "count" events families hint on-failure "skip" "drop" "remove" time-budget "10ms" "0" on-over-budget "report" "first" "last"
        "before" rules "ipf.conf" "bad.conf" "absent.conf" "." default-policy "block" control-socket "/" control-group
        pumps nap log-level netns-directories max-kstats state-directory state-interval metrics "unix:/m" "127.0.0.1:1" "[::1]:65535" \u{E9} \u{FEFF} \r
        """.split(whereSeparator: { $0 == " " || $0 == "\n" }).map { Array($0.utf8) }
        + [
            #""after filter""#, #"["PHYSICAL_IN"]"#, #"["PHYSICAL_IN", "PHYSICAL_OUT"]"#, #"["inet6"]"#,
            "\n[[instance]]\nnetns = \"*\"\n", "= 1979-05-27 1\n", "= [ }", "\n[=", "\r\n",
        ].map { Array($0.utf8) } + [[0], [0xFF], [0xC3, 0x28]]

    var words: [[UInt8]] { Self.words }

    func feed(_ input: [UInt8]) throws -> Bool {
        try directory.write(input)
        let result = load()
        guard case .failure(let error) = result else {
            try require(load() == result, "another configuration at the second reading")
            if case .success(let configuration) = result { try checkEdits(of: configuration) }
            return true
        }
        try check(error, of: input)
        return false
    }

    private func load() -> Result<Configuration, ConfigurationError> {
        Result { () throws(ConfigurationError) in
            try Configuration.load(
                path: directory.configuration.string, modules: Daemon.standardModules)
        }
    }

    /// Whatever a configuration looks like, a change is made or refused.
    private func checkEdits(of configuration: Configuration) throws {
        let table = configuration.instances.last
        var label = table?.name
        if case .matching(let glob)? = table?.netns { label = glob }
        var edits: [ConfigurationEditing] = [
            .addInstance(AddInstance(netns: "fuzz", values: ["queue": "9"])),
            .addHook(AddHook(instance: label, hook: "fuzz", module: "count", events: ["PHYSICAL_IN"], hint: .last)),
        ]
        if let label { edits.append(.removeInstance(RemoveInstance(instance: label))) }
        if let hook = table?.hooks.last {
            edits.append(.removeHook(RemoveHook(instance: label, hook: hook.name)))
            edits.append(.moveHook(MoveHook(instance: label, hook: hook.name, hint: .first)))
        }
        for edit in edits {
            let result = Result { () throws(ControlError) in
                try configuration.edited(by: edit, modules: Daemon.standardModules)
            }
            switch result {
            case .success(let edited):
                let count = { (configuration: Configuration) in
                    configuration.instances.count + configuration.instances.reduce(0) { $0 + $1.hooks.count }
                }
                let isMove = if case .moveHook = edit { true } else { false }
                try require(isMove || count(edited) != count(configuration), "nothing is changed: \(edit)")
            case .failure(let error):
                try require(!"\(error)".isEmpty, "refused without a reason: \(edit)")
            }
        }
    }

    private func check(_ error: ConfigurationError, of input: [UInt8]) throws {
        try require(!error.diagnostics.isEmpty, "refused without a diagnostic")
        let lines = input.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        var told: Set<String> = []
        var last = 0
        for diagnostic in error.diagnostics {
            try require(told.insert(diagnostic.description).inserted, "told twice: \(diagnostic)")
            try require(!diagnostic.message.isEmpty, "no message: \(diagnostic)")
            guard diagnostic.file == directory.configuration.string, let line = diagnostic.line else { continue }
            try require((1...lines.count).contains(line), "line \(line) of \(lines.count): \(diagnostic)")
            try require(line >= last, "out of order: \(diagnostic)")
            last = line
            guard let column = diagnostic.column else { continue }
            // The parser inside TOMLKit sees the end of the file behind the last line end, not in a line of its own.
            try require((1...(lines[line - 1].count + 2)).contains(column), "no such column: \(diagnostic)")
        }
    }
}

extension ConfigurationText {
    /// Where the configuration is, and the files that it may name; gone with the last user.
    private final class Directory {
        let path: FilePath
        let configuration: FilePath
        private let file: FileDescriptor
        private static let rules = ["ipf.conf": "pass in all\n", "bad.conf": "pass in all\npass sideways\n"]

        init() throws {
            var template = Array("/tmp/neti-fuzz-XXXXXX".utf8CString)
            guard unsafe mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
            path = FilePath(platformString: template)
            configuration = path.appending("neti.toml")
            file = try Self.create(configuration)
            for (name, text) in Self.rules {
                let file = try Self.create(path.appending(name))
                try file.closeAfter { _ = try file.writeAll(text.utf8) }
            }
        }

        deinit {
            try? file.close()
            for name in ["neti.toml"] + Self.rules.keys { _ = unsafe unlink(path.appending(name).string) }
            _ = unsafe rmdir(path.string)
        }

        func write(_ bytes: [UInt8]) throws {
            try file.resize(to: 0)
            try file.writeAll(toAbsoluteOffset: 0, bytes)
        }

        private static func create(_ path: FilePath) throws -> FileDescriptor {
            try FileDescriptor.open(
                path, .writeOnly, options: [.create, .truncate, .closeOnExec], permissions: .ownerReadWrite)
        }
    }
}
