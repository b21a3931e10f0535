// SPDX-License-Identifier: Apache-2.0

import Hooks

/// What the hooks of these tests get: a list to which each adds its name.
struct Trace: ~Copyable {
    var names: [String] = []
}

extension Hook<Trace> {
    /// A hook that adds its name and returns `result`.
    static func tracing(_ name: String, hint: Hint = .none, returning result: HookResult = .pass) -> Hook<Trace> {
        Hook(name: name, hint: hint) { trace in
            trace.names.append(name)
            return result
        }
    }
}

extension HookEvent<Trace> {
    /// An event like those of a protocol, with one family and a publication of its own unless given one.
    static func sample(
        name: String = "PHYSICAL_IN", ordering: Ordering = .documented, publication: Publication? = nil,
        limit: Int = 100, interest: @escaping Interest = { _ in }
    ) -> HookEvent<Trace> {
        HookEvent(
            family: "inet", name: name, ordering: ordering, publication: publication ?? Publication(readers: 4),
            limit: limit, interest: interest)
    }

    /// Runs the event once and returns who ran, in order.
    func trace(_ reader: borrowing Reader) -> [String] {
        var trace = Trace()
        reader.enter()
        _ = run(&trace, reader: reader)
        reader.leave()
        return trace.names
    }

    /// The hits of one hook, nil if it is not registered.
    func hits(of name: String) -> UInt64? {
        snapshot().first { $0.name == name }?.hits
    }
}
