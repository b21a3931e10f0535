// SPDX-License-Identifier: Apache-2.0

import NetiControl

@testable import neti_ctl

/// Two looks at a daemon, two seconds apart.
enum TopSamples {
    static func queue(
        received: Int, dropped: Int, lost: Int = 0, latency: [ListInstances.LatencyBucket] = []
    ) -> ListInstances.Queue {
        ListInstances.Queue(
            number: 100, received: received, accepted: received - dropped, dropped: dropped, queueFullDrops: lost,
            socketFullDrops: 0, overruns: 0, waiting: 0, latency: latency)
    }

    static func instance(_ netid: Int, _ name: String, _ queues: ListInstances.Queue...) -> ListInstances.Instance {
        ListInstances.Instance(
            netid: netid, name: name, netns: nil, state: .up, reason: nil, onExit: .open, ordering: .documented,
            hooks: 1, queues: queues)
    }

    static func hook(
        _ instance: String, _ event: String, _ position: Int, _ name: String, hits: Int, drops: Int
    ) -> ListHooks.Hook {
        ListHooks.Hook(
            instance: instance, netid: instance == "global" ? 0 : 1, family: "inet", event: event, position: position,
            name: name, hint: .none, hintValue: nil, hits: hits, drops: drops, module: "ipf")
    }

    static let before = TopSample(
        time: 1_000_000_000,
        instances: [
            instance(0, "global", queue(received: 1000, dropped: 100, latency: [.init(below: 2048, count: 500)])),
            instance(1, "blue", queue(received: 50, dropped: 0, lost: 4)),
        ],
        hooks: [
            hook("global", "PHYSICAL_IN", 1, "filter", hits: 900, drops: 100),
            hook("global", "PHYSICAL_IN", 2, "count", hits: 800, drops: 0),
            hook("blue", "PHYSICAL_OUT", 1, "filter", hits: 50, drops: 0),
        ])

    static let now: TopSample = {
        var held = instance(1, "blue", queue(received: 70, dropped: 5, lost: 10))
        held.held = .init(packets: 3, bytes: 300, oldest: 1500)
        return TopSample(
            time: 3_000_000_000,
            instances: [
                instance(
                    0, "global",
                    queue(
                        received: 3000, dropped: 500,
                        latency: [
                            .init(below: 2048, count: 600), .init(below: 16_384, count: 80),
                            .init(below: 1_048_576, count: 20),
                        ])),
                held, instance(7, "new", queue(received: 9, dropped: 0)),
            ],
            hooks: [
                hook("global", "PHYSICAL_IN", 1, "filter", hits: 2700, drops: 500),
                hook("global", "PHYSICAL_IN", 2, "count", hits: 2200, drops: 0),
                hook("blue", "PHYSICAL_OUT", 1, "filter", hits: 70, drops: 5),
                hook("blue", "PHYSICAL_OUT", 2, "late", hits: 1, drops: 0),
            ])
    }()

    static var rates: TopRates { TopRates(now, since: before) }
}
