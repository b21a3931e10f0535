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
}
