// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Logging

/// What the configuration file says, with the defaults filled in.
///
/// The properties stand for the keys of the file and are named like them: `controlSocket` is `control-socket`.
public struct Configuration: Sendable {
    /// Table `[daemon]`: settings of the process.
    public var daemon = Daemon()

    /// Tables `[[instance]]`, in the order of the file.
    public var instances: [Instance] = []

    /// The text that says so; nil for a configuration that a program made.
    var source: ConfigurationSource?

    /// Only defaults, no instance.
    public init() {}

    /// What is in it, for a person: `2 instances, 3 hooks`.
    public var summary: String {
        func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
        return "\(count(instances.count, "instance")), \(count(instances.reduce(0) { $0 + $1.hooks.count }, "hook"))"
    }
}

extension Configuration: Equatable {
    /// Whether both say the same, in whatever words.
    public static func == (left: Self, right: Self) -> Bool {
        left.daemon == right.daemon && left.instances == right.instances
    }
}

extension Configuration {
    /// Settings of the process: table `[daemon]`.
    public struct Daemon: Sendable, Equatable {
        /// Unix socket of the control interface: an absolute path of at most 107 bytes (unix(7)). Default
        /// `/run/neti/neti.sock`.
        public var controlSocket = "/run/neti/neti.sock"

        /// Group whose members may use the control socket, by name; nil, the default, leaves the daemon's own group.
        public var controlGroup: String?

        /// Threads that turn queues, 1 to 64. Default: one for each processor.
        public var pumps = Self.processors

        /// Microseconds that a pump lets a busy queue fill, 0 to 1,000; 0 never waits. Longer naps save more processor
        /// time, shorter ones delay packets less; a queue with little traffic is served at once whatever stands here.
        /// Default 80.
        public var nap = 80

        /// Least severe level that is logged. Default `info`.
        public var logLevel = Logger.Level.info

        /// Absolute paths of the directories whose entries are the named namespaces, whether or not they are there yet.
        /// A name that is in several counts where it comes first. Default `/run/netns`, as iproute2 has it, and
        /// `/run/docker/netns`, as Docker has it.
        public var netnsDirectories = ["/run/netns", "/run/docker/netns"]

        /// kstats of all instances together, 1 to 16,777,216; one more isn't created. Default 1,048,576.
        public var maxKstats = 1 << 20

        /// Absolute path of the directory for what outlives the daemon: the values of persistent kstats. Default: what
        /// systemd made (`STATE_DIRECTORY`), else `/var/lib/neti`.
        public var stateDirectory = Self.givenStateDirectory

        /// Seconds after which changed values are written there, 1 to 3,600; a daemon that is killed loses no more.
        /// Default 5.
        public var stateInterval = 5

        /// Where Prometheus fetches metrics; nil, the default, for nowhere.
        public var metrics: MetricsAddress?

        /// Only defaults.
        public init() {}

        /// systemd separates several by colons (systemd.exec(5)); ours has one.
        private static var givenStateDirectory: String {
            environment("STATE_DIRECTORY")?.split(separator: ":").first.map(String.init) ?? "/var/lib/neti"
        }

        private static var processors: Int {
            min(max(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 1), 64)
        }
    }
}
