// SPDX-License-Identifier: Apache-2.0

/// One difference between the configuration that runs and another one.
struct ConfigurationChange: Sendable, Equatable, CustomStringConvertible {
    /// What becomes of it.
    enum Action: String, Sendable {
        /// It is new.
        case added
        /// It goes.
        case removed
        /// It goes on, as ``details`` say. A hook's module is made anew unless only its place changes.
        case changed
        /// An instance's queues and hooks are made anew, for its namespace has another name now.
        case remade
    }

    var action: Action

    /// The instance's name or glob; nil for table `[daemon]`.
    var instance: String?

    /// The hook's name; nil for the instance itself.
    var hook: String?

    /// The keys that change, each with both values.
    var details: [String] = []

    /// Whether both are about the same.
    func covers(_ other: Self) -> Bool {
        (action, instance, hook) == (other.action, other.instance, other.hook)
    }

    /// `instance 'blue': hook 'ipf' changed: hint "none" -> "first"`.
    var description: String {
        let subject =
            switch (instance, hook) {
            case (let instance?, let hook?): "instance '\(instance)': hook '\(hook)'"
            case (let instance?, nil): "instance '\(instance)'"
            case (nil, _): "daemon"
            }
        return "\(subject) \(action)" + (details.isEmpty ? "" : ": " + details.joined(separator: ", "))
    }
}
