// SPDX-License-Identifier: Apache-2.0

package import Hooks
package import SystemPackage

/// An event on which an ordering script is played, seen through one of its interfaces.
package protocol OrderedHooks {
    /// Registers a hook; nil for success.
    func register(_ name: String, hint: Hint) -> Errno?

    /// Takes a hook off; nil for success.
    func unregister(_ name: String) -> Errno?

    /// Runs the event once: the hooks that ran, in order.
    func trace() throws -> [String]

    /// The registered hooks in the order in which they are listed.
    var listing: [String] { get }

    /// The position that each registered hook shows.
    var positions: [String: Int] { get }
}

extension OrderingScript {
    /// Plays the script and compares after each step: the error, the order of a run and of the list, the positions.
    ///
    /// Positions follow from the order: all are numbered anew by each successful registration, and an unregistration
    /// takes the hook's own away and leaves the others as they were (R186).
    /// - Returns: what was otherwise than the script says; nothing when all is well.
    package func differences(on hooks: some OrderedHooks) throws -> [String] {
        var differences: [String] = []
        var positions: [String: Int] = [:]
        for step in try steps() {
            func compare<Value: Equatable>(_ what: String, _ found: Value, _ expected: Value) {
                if found != expected {
                    differences.append("\(step.text): \(what) \(found), expected \(expected)")
                }
            }
            let errno: Errno?
            switch step.operation {
            case .register(let name, let hint): errno = hooks.register(name, hint: hint)
            case .unregister(let name): errno = hooks.unregister(name)
            }
            compare("error", errno, step.errno)
            let order = try hooks.trace()
            if let expected = step.order { compare("order", order, expected) }
            compare("list", hooks.listing, order)
            if errno == nil {
                switch step.operation {
                case .register:
                    positions = Dictionary(order.enumerated().map { ($1, $0 + 1) }, uniquingKeysWith: max)
                case .unregister(let name): positions[name] = nil
                }
            }
            compare("positions", hooks.positions, positions)
        }
        return differences
    }
}
