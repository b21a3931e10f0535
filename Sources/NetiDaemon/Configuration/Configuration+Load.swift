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
        let document = try ConfigurationDocument(path: path)
        let diagnostics = ConfigurationDiagnostics(file: path, location: document.location)
        let table = ConfigurationTable(document.table, diagnostics: diagnostics)
        let schema = HookModules(
            keys: Dictionary(modules.map { ($0.moduleName, $0.keys) }) { first, _ in first },
            directory: directory(of: path))
        let configuration = Configuration(reading: table, modules: schema)
        table.refuseUnknownKeys()
        configuration.checkCombinations(modules: modules) { diagnostics.report($1, at: $0) }
        let found = diagnostics.sorted + configuration.problems(with: modules)
        if !found.isEmpty { throw ConfigurationError(diagnostics: found) }
        return configuration
    }

    /// What modules say of their own files, each file's mistakes once however many hooks name it.
    private func problems(with modules: [any HookModule.Type]) -> [ConfigurationError.Diagnostic] {
        var found: [ConfigurationError.Diagnostic] = []
        for hook in instances.flatMap(\.hooks) {
            guard let module = modules.first(where: { $0.moduleName == hook.module }) else { continue }
            for problem in module.problems(in: hook.settings) {
                let diagnostic = ConfigurationError.Diagnostic(
                    file: problem.file, line: problem.line, column: problem.column, key: "", message: problem.message)
                if !found.contains(diagnostic) { found.append(diagnostic) }
            }
        }
        return found
    }

    /// The absolute path of the file's directory.
    private static func directory(of path: String) -> FilePath {
        var file = FilePath(path)
        if file.isRelative, let current = unsafe getcwd(nil, 0) {
            file = unsafe FilePath(platformString: current).pushing(file)
            unsafe free(current)
        }
        return file.removingLastComponent()
    }
}
