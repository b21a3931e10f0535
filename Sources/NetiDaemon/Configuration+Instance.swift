// SPDX-License-Identifier: Apache-2.0

import Glibc

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

            /// Whether the namespace of this name is one of them.
            public func contains(_ name: String) -> Bool {
                switch self {
                case .own: false
                case .named(let own): own == name
                case .matching(let glob): unsafe fnmatch(glob, name, FNM_NOESCAPE) == 0
                }
            }
        }

        /// What becomes of packets when the daemon is gone: key `on-exit`.
        public enum OnExit: String, CaseIterable, Sendable {
            /// They pass.
            case open
            /// They stop until a daemon is back.
            case closed
        }

        /// How hints are read: key `ordering`.
        public enum Ordering: String, CaseIterable, Sendable {
            /// As the manual pages promise.
            case documented
            /// As illumos does (R67 to R80).
            case illumos
        }

        /// The instance's name, `global` for the daemon's own namespace; nil with a glob, where each namespace lends
        /// its own.
        public var name: String?

        /// The namespaces it is for.
        public var netns: Netns

        /// What becomes of packets when the daemon is gone. Default `open`.
        public var onExit = OnExit.open

        /// How hints are read. Default `documented`.
        public var ordering = Ordering.documented

        /// First queue number, 0 to 65,535. Default 0. The instance uses ``queueNumbers``.
        public var queue: UInt16 = 0

        /// Queues over which flows are balanced, 1 to 64. Default 1.
        public var queues = 1

        /// Packets that the kernel keeps waiting in each queue, 1 to 1,048,576. Default 4,096.
        public var queueLength: UInt32 = 4_096

        /// Receive buffer of each queue's socket in bytes, 65,536 to 268,435,456. Default 4,194,304.
        public var receiveBuffer: Int32 = 4_194_304

        /// Bytes of each packet that are copied to the hooks, 64 to 65,535. Default 65,535.
        public var copyRange: UInt32 = 65_535

        /// Whether packets pass unseen when the kernel's queue is full; else they are dropped. Default false.
        public var failOpen = false

        /// Whether packets with segmentation offload come whole. Default true.
        public var gso = true

        /// Whether the kernel tells the sending socket's user and group. Default false.
        public var uidGid = false

        /// Whether the kernel tells the connection that a packet belongs to. Default false.
        public var conntrack = false

        /// Priority of the base chain at prerouting, where PHYSICAL_IN hangs. Default -450: before reassembly.
        public var priorityIn: Int32 = -450

        /// Priority of the base chain at postrouting, where PHYSICAL_OUT hangs. Default: last.
        public var priorityOut = Int32.max

        /// Hooks that one event takes, 1 to 65,535; one more fails with `ENOMEM`. Default 64.
        public var maxHooks = 64

        /// Tables `[[instance.hook]]`, in the order in which they are registered.
        public var hooks: [Hook] = []

        /// An instance without hooks, everything else by default.
        public init(name: String?, netns: Netns) {
            self.name = name
            self.netns = netns
        }

        /// The queue numbers that the instance uses in its namespace: ``queues`` for unicast, then one for link-layer
        /// multicast and one for broadcast.
        public var queueNumbers: Range<Int> { Int(queue)..<Int(queue) + queues + 2 }
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
