// SPDX-License-Identifier: Apache-2.0

/// One `[[instance]]` of a configuration file.
struct InstanceText {
    /// A `[[instance.hook]]`; on all events of both families unless told otherwise.
    struct Hook {
        var name: String
        var module = "count"
        var events = ["PHYSICAL_IN", "PHYSICAL_OUT"]
        var families = ["inet", "inet6"]
        var hint = "none"
        var rules: String?
        /// Further keys with their values.
        var values: [String: String] = [:]

        /// Counts packets.
        static let counter = Hook(name: "counter")

        /// Filters by the rules of the file `ipf.conf`.
        static let filter = Hook(name: "filter", module: "ipf", rules: "ipf.conf")

        fileprivate var text: String {
            """

              [[instance.hook]]
              name = "\(name)"
              module = "\(module)"
              events = \(events)
              families = \(families)
              hint = "\(hint)"
              \(rules.map { "rules = \"\($0)\"" } ?? "")
              \(values.map { "\($0.key) = \"\($0.value)\"" }.sorted().joined(separator: "\n  "))

            """
        }
    }

    /// The namespace; nil for the one in which the daemon runs.
    var netns: String?
    var onExit = "open"
    var queue = 0
    /// Further keys of the instance, as they stand in the file.
    var settings = ""
    var hooks: [Hook] = [.counter]

    var text: String {
        """
        [[instance]]
        \(netns.map { "netns = \"\($0)\"" } ?? "name = \"global\"")
        on-exit = "\(onExit)"
        queue = \(queue)
        \(settings)

        """ + hooks.map(\.text).joined() + "\n"
    }
}
