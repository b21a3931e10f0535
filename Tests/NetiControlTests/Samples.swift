// SPDX-License-Identifier: Apache-2.0

import NetiControl

/// Answers in which every field holds something.
enum Samples {
    static let status = GetStatus.Status(
        version: "1.0", pid: 4711, startTime: 1_760_000_000, uptime: 93_784, configuration: "/etc/neti/neti.toml",
        pumps: 2, instances: 2, hooks: 3, takenOff: 1, queueMechanism: .compat,
        packets: GetStatus.PacketTotals(received: 9_007_199_254_740_993, passed: 1_234_567, dropped: 89),
        injection: GetStatus.InjectionStatus(
            styles: [
                .init(style: .queueIn, unavailable: "needs Linux 5.18, this is 5.10.0"),
                .init(style: .directOut, unavailable: nil),
            ], injected: 1000, refused: 20, lost: 3),
        unsaved: [Reload.Change(action: .added, instance: "blue", hook: "filter", details: [])])

    static let instances = [
        ListInstances.Instance(
            netid: 0, name: "global", netns: nil, state: .up, reason: nil, onExit: .open, ordering: .documented,
            hooks: 2,
            queues: [
                ListInstances.Queue(
                    number: 100, received: 1000, accepted: 900, dropped: 98, queueFullDrops: 3, socketFullDrops: 4,
                    overruns: 1, waiting: 2,
                    latency: [.init(below: 5120, count: 990), .init(below: nil, count: 10)])
            ], passedUnseen: 9, held: ListInstances.HeldPackets(packets: 12, bytes: 18_000, oldest: 1500)),
        ListInstances.Instance(
            netid: 1, name: "blue", netns: "/run/netns/blue", state: .failed, reason: "queue 100 belongs to process 7",
            onExit: .closed, ordering: .illumos, hooks: 1, queues: [], aliases: ["/run/docker/netns/cyan"],
            shadowed: ["/run/docker/netns/blue"]),
    ]

    static let hooks = [
        ListHooks.Hook(
            instance: "global", netid: 0, family: "inet", event: "PHYSICAL_IN", position: 1, name: "filter",
            hint: .first,
            hintValue: nil, hits: 1000, drops: 98, module: "ipf"),
        ListHooks.Hook(
            instance: "global", netid: 0, family: "inet", event: "PHYSICAL_IN", position: 2, name: "count",
            hint: .after,
            hintValue: "filter", hits: 902, drops: 0, module: nil),
        ListHooks.Hook(
            instance: "blue", netid: 1, family: "inet6", event: "PHYSICAL_OUT", position: 1, name: "filter",
            hint: .none,
            hintValue: nil, hits: 0, drops: 0, failures: 7, overBudget: 1, skipped: 20, state: .skipped, module: "ipf"),
        ListHooks.Hook(
            instance: "blue", netid: 1, family: "inet6", event: "PHYSICAL_OUT", position: 0, name: "count",
            hint: .none,
            hintValue: nil, hits: 3, drops: 0, failures: 1, state: .takenOff, reason: "it failed", module: "count"),
    ]

    static let kstats = [
        ListKstats.Kstat(
            module: "inet", instance: 0, name: "PHYSICAL_IN", class: "hook_event", netid: 0, crtime: 33_006_142_325,
            snaptime: 1_200_000_000_005,
            statistics: [
                ListKstats.Statistic(name: "hooksAdded", type: .uint64, value: "2"),
                ListKstats.Statistic(name: "hooksRemoved", type: .uint64, value: "0"),
                ListKstats.Statistic(name: "events", type: .uint64, value: "18446744073709551615"),
            ]),
        ListKstats.Kstat(
            module: "inet/PHYSICAL_IN", instance: 0, name: "filter", class: "hook", netid: 0, crtime: 33_006_200_000,
            snaptime: 1_200_000_000_005,
            statistics: [
                ListKstats.Statistic(name: "hint", type: .int32, value: "1"),
                ListKstats.Statistic(name: "hint_value", type: .string, value: "<none>"),
                ListKstats.Statistic(name: "hook_hits", type: .uint64, value: "1000"),
            ]),
        ListKstats.Kstat(
            module: "inet6", instance: 0, name: "PHYSICAL_OUT", class: "hook_event", netid: 1, crtime: 40_000_000_001,
            snaptime: 1_200_000_000_005,
            statistics: [ListKstats.Statistic(name: "hooksAdded", type: .uint64, value: "1")]),
    ]

    static let metrics = """
        # HELP neti_instance_up Whether packets of the IP instance are served.
        # TYPE neti_instance_up gauge
        neti_instance_up{ip_instance="global",netid="0"} 1

        """

    static let injection = Inject(
        instance: "blue", style: .directOut, interface: "veth0", nextHop: "192.0.2.1",
        packets: [HexadecimalBytes([0x45, 0, 0xFF]), HexadecimalBytes([])])

    static let injectionReply = Inject.Reply(
        accepted: 1, refusals: [Inject.Refusal(reason: .badHeader, returnValue: 1, count: 1)])

    static let changes = [
        Reload.Change(action: .changed, instance: nil, hook: nil, details: [#"log-level "info" -> "debug""#]),
        Reload.Change(action: .remade, instance: "blue", hook: nil, details: ["queues 1 -> 2", "queue 0 -> 10"]),
        Reload.Change(action: .added, instance: "docker-*", hook: "filter", details: []),
    ]

    /// A datagram of 31 bytes to port 9.
    private static let datagram = HexadecimalBytes(
        SamplePackets.inet([0x12, 0x67, 0, 9, 0, 11, 0, 0, 1, 2, 3]))

    /// One of each verdict, and one whose hook is gone.
    static let captured = [
        Capture.Packet(
            seconds: 1_760_000_000, nanoseconds: 123_456_789, netid: 1, instance: "blue", family: "inet",
            event: "PHYSICAL_IN", inInterface: "veth0", outInterface: nil, verdict: .drop, hook: "filter",
            edited: false,
            mark: 0, injections: 0, length: 31, bytes: datagram),
        Capture.Packet(
            seconds: 1_760_000_001, nanoseconds: 0, netid: 0, instance: "global", family: "inet",
            event: "PHYSICAL_OUT", inInterface: nil, outInterface: "eth0", verdict: .pass, hook: nil, edited: true,
            mark: 16, injections: 2, length: 1400, bytes: datagram),
        Capture.Packet(
            seconds: 1_760_000_002, nanoseconds: 999_999_999, netid: 1, instance: "blue", family: "inet",
            event: "FORWARDING", inInterface: "veth0", outInterface: "veth1", verdict: .consume, hook: "hold \u{e9}",
            edited: false, mark: 0, injections: 1, length: 31, bytes: datagram),
        Capture.Packet(
            seconds: 1_760_000_003, nanoseconds: 0, netid: 1, instance: "blue", family: "inet", event: "PHYSICAL_IN",
            inInterface: "veth0", outInterface: nil, verdict: .drop, hook: nil, edited: false, mark: 0, injections: 0,
            length: 31, bytes: datagram),
    ]

    /// One of each kind.
    static let events = [
        Monitor.Event.ready(time: 1_760_000_000_000_001),
        .state(.up, netid: 1, instance: "blue", time: 1_760_000_000_123_456),
        .state(
            .failed, reason: "queue 100 belongs to process 7", netid: 12, instance: "green", time: 1_760_000_001_000_000
        ),
        .notification(
            .init(command: .register, family: "inet", event: nil, hook: nil), netid: 1, instance: "blue",
            time: 1_760_000_002_000_000),
        .notification(
            .init(command: .unregister, family: "inet", event: "PHYSICAL_IN", hook: nil), netid: 1, instance: "blue",
            time: 1_760_000_003_000_000),
        .notification(
            .init(command: .register, family: "inet6", event: "PHYSICAL_IN", hook: "filter"), netid: 1,
            instance: "blue", time: 1_760_000_004_000_000),
        .nic(
            .init(
                family: "inet", event: "NE_PLUMB", index: 2, name: "veth0", logicalInterface: 0, address: nil,
                newIndex: nil),
            netid: 0, instance: "global", time: 1_760_000_005_000_000),
        .nic(
            .init(
                family: "inet6", event: "NE_ADDRESS_CHANGE", index: 2, name: "veth0", logicalInterface: 1,
                address: "2001:db8::1", newIndex: nil),
            netid: 0, instance: "global", time: 1_760_000_006_000_000),
        .nic(
            .init(
                family: "inet", event: "NE_IFINDEX_CHANGE", index: 2, name: nil, logicalInterface: 0, address: nil,
                newIndex: 7),
            netid: 0, instance: "global", time: 1_760_000_007_000_000),
        .kstat(
            .init(action: .created, module: "inet", instance: 0, name: "PHYSICAL_IN", class: "hook_event"), netid: 1,
            instance: "blue", time: 1_760_000_008_000_000),
        .kstat(
            .init(
                action: .changed, module: "inet", instance: 0, name: "PHYSICAL_IN", class: "hook_event",
                statistic: "events", old: "9", new: "18446744073709551615"),
            netid: 1, instance: "blue", time: 1_760_000_009_000_000),
        .kstat(
            .init(action: .deleted, module: "inet", instance: 0, name: "PHYSICAL_IN", class: "hook_event"), netid: 1,
            instance: "blue", time: 1_760_000_010_000_000),
        .lost(17, time: 1_760_000_011_000_000),
    ]
}
