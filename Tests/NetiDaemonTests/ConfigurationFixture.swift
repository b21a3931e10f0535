// SPDX-License-Identifier: Apache-2.0

import Hooks
import Neti
import NetiDaemon
import SystemPackage
import Testing

/// The modules that the tests let hooks name.
let testModules: [any HookModule.Type] = [RulesModule.self, TraceModule.self]

/// Takes a file, like the filter.
final class RulesModule: HookModule {
    static let moduleName = "ipf"
    static let keys = [HookModuleKey("rules", .file, isRequired: true)]

    /// Any file will do, except a configuration.
    static func problems(in values: [String: String]) -> [HookModuleProblem] {
        guard let rules = values["rules"], rules.hasSuffix("/neti.toml") else { return [] }
        return [
            HookModuleProblem(file: rules, line: 1, column: 2, message: "not a rule"),
            HookModuleProblem(file: rules, line: 3, column: 4, message: "not a rule"),
        ]
    }

    init(_ settings: HookModuleSettings) {}

    func function(family: NetworkFamily, event: NetworkEvent) -> Hook<PacketEvent>.Function { { _ in .pass } }
}

/// Takes a text that may be missing, and stays away from one event.
final class TraceModule: HookModule {
    static let moduleName = "trace"
    static let keys = [HookModuleKey("label", .string, isRequired: false)]

    static func refusal(family: NetworkFamily, event: NetworkEvent) -> (key: HookPlaceKey, reason: String)? {
        event == .observing ? (.events, "not there") : nil
    }

    init(_ settings: HookModuleSettings) {}

    func function(family: NetworkFamily, event: NetworkEvent) -> Hook<PacketEvent>.Function { { _ in .pass } }
}

/// A directory of its own for one test, with a configuration `neti.toml` and an empty `ipf.conf`.
struct ConfigurationFixture: ~Copyable {
    private var temporary: TemporaryDirectory

    var directory: FilePath { temporary.path }

    /// Path of the configuration.
    var path: String { directory.appending("neti.toml").string }

    init(_ text: String) throws {
        try self.init(bytes: Array(text.utf8))
    }

    init(bytes: [UInt8]) throws {
        var temporary = try TemporaryDirectory()
        try temporary.write(bytes, to: "neti.toml")
        try temporary.write([], to: "ipf.conf")
        self.temporary = temporary
    }

    func load() throws(ConfigurationError) -> Configuration {
        try Configuration.load(path: path, modules: testModules)
    }

    /// What is wrong with it, a line each, without the directory.
    func complaints() -> [String] {
        do throws(ConfigurationError) {
            _ = try load()
            return []
        } catch {
            return error.diagnostics.map { $0.description.replacing(directory.string + "/", with: "") }
        }
    }
}

/// What is wrong with a configuration, a line each.
func complaints(about text: String) throws -> [String] {
    try ConfigurationFixture(text).complaints()
}
