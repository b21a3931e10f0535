// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Neti
import SystemPackage

extension Configuration {
    /// Reads and checks a configuration file.
    ///
    /// - Parameters:
    ///   - path: the file; messages show it as given.
    ///   - modules: the modules that hooks may name, each with the keys it takes beside those of every hook.
    /// - Throws: everything that is wrong with the file; of a file that isn't TOML only the place where it ceases to be.
    public static func load(
        path: String, modules: [String: [HookModuleKey]]
    ) throws(ConfigurationError) -> Configuration {
        let document = try ConfigurationDocument(path: path)
        let diagnostics = ConfigurationDiagnostics(file: path, location: document.location)
        let table = ConfigurationTable(document.table, diagnostics: diagnostics)
        let modules = HookModules(keys: modules, directory: directory(of: path))
        let configuration = Configuration(reading: table, modules: modules)
        table.refuseUnknownKeys()
        configuration.checkCombinations { diagnostics.report($1, at: $0) }
        if !diagnostics.found.isEmpty { throw ConfigurationError(diagnostics: diagnostics.sorted) }
        return configuration
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
