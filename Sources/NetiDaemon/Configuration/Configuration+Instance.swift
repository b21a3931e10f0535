// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Hooks
public import Neti
public import NetiLinux

extension Configuration {
    /// One IP instance, or with a glob one for each namespace that matches: table `[[instance]]`.
    public struct Instance: Sendable, Equatable {
        /// The network namespaces that an instance is for: key `netns`.
        public enum Netns: Sendable, Equatable {
            /// No `netns`: the namespace in which the daemon runs, netid 0.
            case own
            /// The namespace of this name.
            case named(String)
            /// Every namespace whose name matches, now or later (glob(7): `*`, `?`, `[...]`).
            case matching(String)

            /// Whether it is a single one.
            var isOne: Bool {
                if case .matching = self { false } else { true }
            }

            /// Whether the namespace of this name is one of them.
            public func contains(_ name: String) -> Bool {
                switch self {
                case .own: false
                case .named(let own): own == name
                case .matching(let glob): unsafe fnmatch(glob, name, FNM_NOESCAPE) == 0
                }
            }
        }

        /// The instance's name, `global` for the daemon's own namespace; nil with a glob, where each namespace lends
        /// its own.
        public var name: String?

        /// The namespaces it is for.
        public var netns: Netns

        /// How hints are read: key `ordering`. Default `documented`.
        public var ordering = Ordering.documented

        /// How packets are queued and steered: the keys `on-exit` to `priority-loopback-in`.
        public var queueing = InstanceConfiguration()

        /// Hooks that one event takes, 1 to 65,535; one more fails with `ENOMEM`. Default 64.
        public var maxHooks = 64

        /// What the packets that its hooks hold and inject may take: the keys `injection-packets`, `injection-bytes` and
        /// `injection-limit`.
        public var injection = InjectionLimits()

        /// Whether the file has a table for it. The daemon's own namespace is an instance in any case; without a table
        /// nothing is changed there, whatever another daemon has left.
        public var isConfigured = true

        /// Tables `[[instance.hook]]`, in the order in which they are registered.
        public var hooks: [Hook] = []

        /// An instance without hooks, everything else by default.
        public init(name: String?, netns: Netns) {
            self.name = name
            self.netns = netns
        }
    }
}

extension Configuration.Instance {
    /// The name of the daemon's own namespace.
    static let ownName = "global"

    /// Whether a text can name a namespace, which is a file in a directory, or an instance.
    static func isName(_ text: String) -> Bool {
        (1...255).contains(text.utf8.count) && text.isWord && !text.utf8.contains(UInt8(ascii: "/"))
            && text != "." && text != ".."
    }
}

extension Configuration {
    /// The table of the daemon's own namespace, or what holds without one.
    var ownInstance: Instance {
        var own = Instance(name: Instance.ownName, netns: .own)
        own.isConfigured = false
        return instances.first { $0.netns == .own } ?? own
    }

    /// The table for a namespace of that name: the first one that fits.
    func instance(for netns: String) -> Instance? {
        instances.first { $0.netns.contains(netns) }
    }
}

extension Configuration.Instance {
    /// How messages call the table: by the name of its instance, or by its glob.
    var label: String {
        switch netns {
        case .own: name ?? Self.ownName
        case .named(let netns): name ?? netns
        case .matching(let glob): glob
        }
    }
}
