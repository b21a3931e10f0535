// SPDX-License-Identifier: Apache-2.0

import Neti
import NetiLinux

/// An instance as an administrator sees it, whether or not it is up.
struct InstanceEntry: Sendable {
    /// Where it stands.
    enum State: Sendable {
        /// Its namespace isn't there yet.
        case waiting
        case up(RunningInstance)
        /// Its namespace was there once.
        case gone
        case failed(NetiError)
    }

    var netid: NetID
    var name: String
    var namespace: Namespace
    var configuration: Configuration.Instance
    var state: State
    /// Further names of its namespace that would have become instances, sorted.
    var aliases: [String] = []
    /// Other namespaces that would be the instance if this one weren't, sorted.
    var shadowed: [String] = []

    /// The instance, when it is up.
    var running: RunningInstance? {
        if case .up(let running) = state { running } else { nil }
    }

    /// Whether its namespace has yet to appear.
    var isWaiting: Bool {
        if case .waiting = state { true } else { false }
    }
}

extension Configuration {
    /// The table for the namespace of an instance.
    func instance(for entry: InstanceEntry) -> Instance? {
        guard let netns = entry.namespace.lastComponent else { return ownInstance }
        return instance(for: netns)
    }

    /// The table for the namespace of that path.
    func instance(forPath path: String) -> Instance? {
        Namespace.path(path).lastComponent.flatMap { instance(for: $0) }
    }
}

extension Configuration.Instance {
    /// The name of the instance that a namespace becomes.
    func name(in namespace: Namespace) -> String {
        name ?? namespace.lastComponent ?? Self.ownName
    }
}

extension Namespace {
    /// The last part of its path; nil for the daemon's own.
    var lastComponent: String? {
        guard case .path(let path) = self else { return nil }
        return path.lastIndex(of: "/").map { String(path[$0...].dropFirst()) } ?? path
    }
}
