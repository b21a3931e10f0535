// SPDX-License-Identifier: Apache-2.0

import Glibc
import NetiDaemon
import SystemPackage

/// `neti-daemon --config FILE` with the module `trouble` besides.
@main
enum TroubledDaemon {
    static func main() async {
        do {
            let path = CommandLine.arguments.last ?? ""
            let modules = Daemon.standardModules + [TroubleModule.self]
            let configuration = try Daemon.load(path, modules: modules)
            try await Daemon(configuration, path: path, modules: modules).run()
        } catch {
            _ = try? FileDescriptor.standardError.writeAll("\(error)\n".utf8)
            exit(EXIT_FAILURE)
        }
    }
}
