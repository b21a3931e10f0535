// SPDX-License-Identifier: Apache-2.0

import NetiLinux

/// Which name of which namespace became which instance, so that no namespace has two and no instance name is given
/// twice.
///
/// Who comes first keeps what it has. A plain value: it looks at nothing and starts nothing.
struct NamespaceAssignment {
    /// The name of a namespace that matches the configuration and is no instance.
    struct PassedOver: Equatable {
        enum Reason: Equatable {
            /// The namespace has another name, which became the instance.
            case alias
            /// Another namespace became the instance that this one would be.
            case shadowed
        }

        var name: NamespaceDirectories.Name
        var reason: Reason
        /// The instance that is the reason.
        var instance: String
    }

    /// The answer to a claim.
    enum Claim: Equatable {
        case granted
        case passedOver(PassedOver.Reason, instance: String)
    }

    private(set) var passedOver: [String: PassedOver] = [:]
    private var owners: [String: Owner] = [:]
    private var instanceByIdentity: [NamespaceIdentity: String] = [:]
    private var instanceByPath: [String: String] = [:]

    private struct Owner {
        var path: String?
        var identity: NamespaceIdentity
    }

    /// Gives a namespace to an instance unless one of them is given away already.
    mutating func claim(_ name: NamespaceDirectories.Name, for instance: String) -> Claim {
        let refusal: (PassedOver.Reason, String)? =
            if let other = instanceByIdentity[name.identity] {
                (.alias, other)
            } else if owners[instance] != nil {
                (.shadowed, instance)
            } else {
                nil
            }
        if let (reason, other) = refusal {
            passedOver[name.path] = PassedOver(name: name, reason: reason, instance: other)
            return .passedOver(reason, instance: other)
        }
        passedOver[name.path] = nil
        give(instance, name.path, name.identity)
        return .granted
    }

    /// Gives the daemon's own namespace to its instance, before anybody else can claim it.
    mutating func claimOwn(_ identity: NamespaceIdentity, for instance: String) {
        give(instance, nil, identity)
    }

    private mutating func give(_ instance: String, _ path: String?, _ identity: NamespaceIdentity) {
        owners[instance] = Owner(path: path, identity: identity)
        instanceByIdentity[identity] = instance
        if let path { instanceByPath[path] = instance }
    }

    /// Takes back what was given by a name that is gone or stands for another namespace now; the instance that ends.
    mutating func release(path: String) -> String? {
        passedOver[path] = nil
        guard let instance = instanceByPath.removeValue(forKey: path), let owner = owners.removeValue(forKey: instance)
        else { return nil }
        instanceByIdentity[owner.identity] = nil
        return instance
    }

    /// The instance to which a name was given.
    func instance(ofPath path: String) -> String? { instanceByPath[path] }

    /// Calls the instance that has a name of a namespace differently.
    mutating func rename(path: String, to instance: String) {
        guard let former = instanceByPath[path], let owner = owners.removeValue(forKey: former) else { return }
        give(instance, path, owner.identity)
    }

    /// The names that may claim again because these instances have ended.
    func candidates(after ended: Set<String>) -> [NamespaceDirectories.Name] {
        ended.isEmpty ? [] : passedOver.values.filter { ended.contains($0.instance) }.map(\.name)
    }
}
