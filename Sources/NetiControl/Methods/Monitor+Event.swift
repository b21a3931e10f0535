// SPDX-License-Identifier: Apache-2.0

import Glibc

extension Monitor {
    /// One thing that happened. One of the fields from ``ready`` to ``lost`` is there and says what it is; none if the
    /// daemon is newer and tells of something unknown here.
    public struct Event: Codable, Equatable, Sendable {
        /// When it was noticed, in microseconds since 1970-01-01 00:00 UTC.
        public var time: Int
        /// Number of the IP instance; nil beside ``ready`` and ``lost``.
        public var netid: Int?
        /// Name of the IP instance; nil beside ``ready`` and ``lost``.
        public var instance: String?
        /// True in the first event: what happens from now on is told.
        public var ready: Bool?
        /// The state that the instance has from now on.
        public var state: ListInstances.State?
        /// Why the instance has failed.
        public var reason: String?
        /// What notify callbacks are called with.
        public var notification: Notification?
        /// An interface event.
        public var nic: NICEvent?
        /// What became of a kstat.
        public var kstat: KstatChange?
        /// How many events are missing here because the client read too slowly.
        public var lost: Int?

        private init(time: Int, netid: Int? = nil, instance: String? = nil) {
            self.time = time
            self.netid = netid
            self.instance = instance
        }

        /// The first event of a stream.
        public static func ready(time: Int = now) -> Event {
            var event = Event(time: time)
            event.ready = true
            return event
        }

        /// So many events are missing.
        public static func lost(_ count: Int, time: Int = now) -> Event {
            var event = Event(time: time)
            event.lost = count
            return event
        }

        /// An instance has another state.
        public static func state(
            _ state: ListInstances.State, reason: String? = nil, netid: Int, instance: String, time: Int = now
        ) -> Event {
            var event = Event(time: time, netid: netid, instance: instance)
            event.state = state
            event.reason = reason
            return event
        }

        /// A family, an event or a hook has come or is going.
        public static func notification(
            _ notification: Notification, netid: Int, instance: String, time: Int = now
        ) -> Event {
            var event = Event(time: time, netid: netid, instance: instance)
            event.notification = notification
            return event
        }

        /// Something happened to an interface.
        public static func nic(_ nic: NICEvent, netid: Int, instance: String, time: Int = now) -> Event {
            var event = Event(time: time, netid: netid, instance: instance)
            event.nic = nic
            return event
        }

        /// A kstat was created or deleted, or one of its statistics has changed.
        public static func kstat(_ change: KstatChange, netid: Int, instance: String, time: Int = now) -> Event {
            var event = Event(time: time, netid: netid, instance: instance)
            event.kstat = change
            return event
        }

        /// The present time in microseconds since 1970-01-01 00:00 UTC.
        public static var now: Int {
            var time = timespec()
            unsafe clock_gettime(CLOCK_REALTIME, &time)
            return time.tv_sec * 1_000_000 + time.tv_nsec / 1000
        }
    }

    /// What a notify callback is called with (R130 to R143).
    public struct Notification: Codable, Equatable, Sendable {
        /// Whether it has come or is going.
        public var command: Command
        /// The family that kstats show: `inet`, `inet6`, `arp` or that of another provider.
        public var family: String
        /// The event in the manual's spelling: `PHYSICAL_IN`; nil where the family itself comes or goes.
        public var event: String?
        /// The hook's name; nil where the family or the event itself comes or goes.
        public var hook: String?

        /// Fills in every field.
        public init(command: Command, family: String, event: String?, hook: String?) {
            self.command = command
            self.family = family
            self.event = event
            self.hook = hook
        }

        /// `hook_notify_cmd_t`.
        public enum Command: String, Codable, CaseIterable, Sendable {
            /// `HN_REGISTER`.
            case register
            /// `HN_UNREGISTER`.
            case unregister
        }
    }

    /// One event of `NIC_EVENTS` (`hook_nic_event_t`, R190 to R197).
    public struct NICEvent: Codable, Equatable, Sendable {
        /// The family that kstats show: `inet`, `inet6`.
        public var family: String
        /// `hne_event` in the manual's spelling: `NE_PLUMB`.
        public var event: String
        /// `hne_nic`: the interface's index, for `NE_IFINDEX_CHANGE` the old one.
        public var index: Int
        /// The interface's name; nil where it is not known any more.
        public var name: String?
        /// `hne_lif`: the logical interface, counted from 1; 0 for the interface as a whole.
        public var logicalInterface: Int
        /// The new address of `NE_ADDRESS_CHANGE`, else nil.
        public var address: String?
        /// The new index of `NE_IFINDEX_CHANGE`, else nil.
        public var newIndex: Int?

        /// Fills in every field.
        public init(
            family: String, event: String, index: Int, name: String?, logicalInterface: Int, address: String?,
            newIndex: Int?
        ) {
            self.family = family
            self.event = event
            self.index = index
            self.name = name
            self.logicalInterface = logicalInterface
            self.address = address
            self.newIndex = newIndex
        }
    }

    /// What became of a kstat between two looks.
    public struct KstatChange: Codable, Equatable, Sendable {
        /// What became of it.
        public var action: Action
        /// The module: `inet`, `inet/PHYSICAL_IN`.
        public var module: String
        /// The instance number of the kstat, which is not the netid.
        public var instance: Int
        /// The name: `PHYSICAL_IN`.
        public var name: String
        /// The class: `hook_event`, `hook`.
        public var `class`: String
        /// The statistic that has ``Action/changed``, else nil.
        public var statistic: String?
        /// Its value before, as ``ListKstats`` gives it; nil if it was not there.
        public var old: String?
        /// Its value now; nil if it is not there any more.
        public var new: String?

        /// Fills in every field.
        public init(
            action: Action, module: String, instance: Int, name: String, class: String, statistic: String? = nil,
            old: String? = nil, new: String? = nil
        ) {
            self.action = action
            self.module = module
            self.instance = instance
            self.name = name
            self.class = `class`
            self.statistic = statistic
            self.old = old
            self.new = new
        }

        /// What can become of a kstat.
        public enum Action: String, Codable, CaseIterable, Sendable {
            /// It can be read from now on.
            case created
            /// It cannot be read any more.
            case deleted
            /// One of its statistics has another value.
            case changed
        }
    }
}
