// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import NetiControl

/// Which instance packets go to: by its own name or by that of its namespace.
struct InjectionTarget: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The instance, by its name in 'instance list'.", valueName: "name"))
    var instance: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The instance of this namespace, by its name in 'ip netns' or its path, instead.", valueName: "name"))
    var netns: String?

    func validate() throws {
        if (instance == nil) == (netns == nil) {
            throw ValidationError("name an instance with --instance, or a namespace with --netns")
        }
    }

    /// The name of the instance among those that there are.
    ///
    /// - Throws: a line for a person.
    func name(among instances: @autoclosure () throws(ControlClientError) -> [ListInstances.Instance])
        throws -> String
    {
        if let instance { return instance }
        let wanted = netns ?? ""
        let found = try instances().first { entry in
            ([entry.netns].compactMap(\.self) + entry.aliases).contains { path in
                path == wanted || path.split(separator: "/").last.map(String.init) == wanted
            }
        }
        guard let found else { throw InjectionFailure("no instance is that of namespace '\(wanted)'") }
        return found.name
    }
}

/// What keeps packets from being injected, in a line for a person.
struct InjectionFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
