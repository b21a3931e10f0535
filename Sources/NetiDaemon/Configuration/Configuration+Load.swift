// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Neti
import SystemPackage

extension Configuration {
    /// Reads and checks a configuration file.
    ///
    /// - Parameters:
    ///   - path: the file; messages show it as given.
    ///   - modules: the modules that hooks may name.
    /// - Throws: everything that is wrong with the file and with those that it names; of a file that isn't TOML only the
    ///   place where it ceases to be.
    public static func load(
        path: String, modules: [any HookModule.Type]
    ) throws(ConfigurationError) -> Configuration {
        try load(ConfigurationDocument(path: path), path: path, modules: modules)
    }

    /// Reads and checks a document as if it were that of a file.
    ///
    /// - Parameter running: what is in force; the files of hooks that are the same there are not read again.
    static func load(
        _ document: ConfigurationDocument, path: String, modules: [any HookModule.Type], running: Configuration? = nil
    ) throws(ConfigurationError) -> Configuration {
        let file = absolutePath(path)
        let diagnostics = ConfigurationDiagnostics(file: path, location: document.location)
        let table = ConfigurationTable(document.table, diagnostics: diagnostics)
        let schema = HookModules(
            keys: Dictionary(modules.map { ($0.moduleName, $0.keys) }) { first, _ in first },
            holding: Set(modules.filter { $0.holdsPackets }.map { $0.moduleName }),
            directory: file.removingLastComponent())
        var configuration = Configuration(reading: table, modules: schema)
        table.refuseUnknownKeys()
        configuration.checkCombinations(modules: modules) { diagnostics.report($1, at: $0) }
        let problems = configuration.problems(with: modules, except: running) { diagnostics.report($1, at: $0) }
        let found = diagnostics.sorted + problems
        if !found.isEmpty { throw ConfigurationError(diagnostics: found) }
        configuration.source = ConfigurationSource(
            path: file.string, version: .init(text: document.bytes, instances: configuration.instances))
        return configuration
    }

    /// What modules say of their own values, which is reported, and of their own files, each file's mistakes once however
    /// many hooks name it.
    private func problems(
        with modules: [any HookModule.Type], except running: Configuration?,
        report: (ConfigurationPath, String) -> Void
    ) -> [ConfigurationError.Diagnostic] {
        let checked = running?.instances.flatMap(\.hooks) ?? []
        var found: [ConfigurationError.Diagnostic] = []
        for (path, hook) in hooksWithPaths
        where !checked.contains(where: { $0.module == hook.module && $0.settings == hook.settings }) {
            guard let module = modules.first(where: { $0.moduleName == hook.module }) else { continue }
            for problem in module.problems(in: hook.settings) {
                if let key = problem.key { report(path.appending(key), problem.message) }
                guard let file = problem.file else { continue }
                let diagnostic = ConfigurationError.Diagnostic(
                    file: file, line: problem.line, column: problem.column, key: "", message: problem.message)
                if !found.contains(diagnostic) { found.append(diagnostic) }
            }
        }
        return found
    }

    private var hooksWithPaths: [(path: ConfigurationPath, hook: Hook)] {
        instances.enumerated().flatMap { number, instance in
            let path = ConfigurationPath().appending("instance").appending(number).appending("hook")
            return instance.hooks.enumerated().map { (path.appending($0.offset), $0.element) }
        }
    }

    private static func absolutePath(_ path: String) -> FilePath {
        var file = FilePath(path)
        if file.isRelative, let current = unsafe getcwd(nil, 0) {
            file = unsafe FilePath(platformString: current).pushing(file)
            unsafe free(current)
        }
        return file
    }
}
