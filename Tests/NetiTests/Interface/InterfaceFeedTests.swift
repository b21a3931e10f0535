// SPDX-License-Identifier: Apache-2.0

import Neti
import Packet
import Testing

/// How news and dumps become state and events, whatever goes wrong in between.
struct InterfaceFeedTests {
    private var feed = InterfaceFeed()

    private mutating func take(_ messages: InterfaceFeed.Message...) {
        for message in messages { feed.take(message, in: .global) }
    }

    private func news(_ change: InterfaceChange) -> InterfaceFeed.Message { .change(change, isAnswer: false) }
    private func answer(_ change: InterfaceChange) -> InterfaceFeed.Message { .change(change, isAnswer: true) }
    private let end = InterfaceFeed.Message.dumpEnded(isRefused: false)

    private mutating func lines() -> [String] {
        feed.takeNews().events.filter { $0.family == .inet }.map(\.line)
    }

    /// Answers what the feed asks for until it is content.
    private mutating func settle(
        _ interfaces: [InterfaceChange], _ addresses: [InterfaceChange], _ routes: [Route] = []
    ) {
        while let dump = feed.nextDump() {
            switch dump {
            case .interfaces, .settling: for change in interfaces { take(answer(change)) }
            case .addresses: for change in addresses { take(answer(change)) }
            case .routes: for route in routes { take(.route(route)) }
            }
            take(end)
        }
    }

    private let eth0 = EventScript.link("eth0", up: true)
    private let first = EventScript.address("192.0.2.1")

    @Test("It asks for interfaces, addresses and routes, one at a time, and then rests")
    mutating func firstLook() {
        var asked: [InterfaceFeed.Dump] = []
        while let dump = feed.nextDump() {
            #expect(feed.nextDump() == nil && !feed.isSettled)
            asked.append(dump)
            take(end)
        }
        #expect(asked == [.interfaces, .addresses, .routes])
        #expect(feed.isSettled && feed.nextDump() == nil)
    }

    @Test("News makes events at once, and asks for the routes after the kernel has settled")
    mutating func newsAtOnce() {
        settle([eth0], [])
        _ = feed.takeNews()
        take(news(first))
        #expect(lines() == ["inet 2.1 ADDRESS_CHANGE 192.0.2.1", "inet 2.1 LIF_UP"])
        #expect(feed.nextDump() == .settling)
        // What it answers is old news.
        take(answer(EventScript.link("eth9", index: 9)), end)
        #expect(feed.nextDump() == .routes)
        take(.route(Route(IPAddress(v4: 0), prefixLength: 0, interface: 2)), end)
        #expect(feed.nextDump() == nil)
        let news = feed.takeNews()
        #expect(news.routes?.count == 1 && news.state == nil && news.events == [])
        #expect(feed.state.interfaces.map(\.name) == ["eth0"])
    }

    @Test("Routes that change while they are dumped are dumped once more; news without effect is none")
    mutating func routesJoin() {
        settle([eth0], [])
        _ = feed.takeNews()
        take(.routesChanged, .routesChanged)
        #expect(feed.nextDump() == .routes)
        take(.routesChanged, .routesChanged, end)
        #expect(feed.nextDump() == .routes)
        take(end)
        #expect(feed.isSettled)
        #expect(feed.takeNews().state == nil)
    }

    @Test("News during each dump doesn't keep it from asking for the routes, and after the last one it asks once more")
    mutating func restlessNews() {
        settle([eth0], [])
        var asked: [InterfaceFeed.Dump?] = []
        take(news(first))
        for _ in 0..<4 {
            asked.append(feed.nextDump())
            take(news(first), end)
        }
        #expect(asked == [.settling, .routes, .settling, .routes])
        asked = []
        while let dump = feed.nextDump() {
            asked.append(dump)
            take(end)
        }
        #expect(asked == [.settling, .routes])
        #expect(feed.isSettled)
    }

    @Test("After a loss the difference makes the missed events; news in between is not lost")
    mutating func loss() {
        settle([eth0], [first])
        _ = feed.takeNews()
        take(.lost)
        #expect(feed.losses == 1)
        #expect(feed.nextDump() == .interfaces)
        take(answer(eth0), answer(EventScript.link("eth1", index: 3)), end)
        #expect(feed.nextDump() == .addresses)
        // Told before the answer that knows it, and after an answer that didn't.
        take(news(EventScript.gone(3)), answer(EventScript.address("192.0.2.9")))
        take(news(EventScript.address("192.0.2.10")))
        #expect(lines() == [])
        take(end)
        let missed = ["2.1 LIF_DOWN", "2.1 ADDRESS_CHANGE 192.0.2.9", "2.1 LIF_UP", "2.2 LIF_UP"]
        #expect(lines() == missed.map { "inet \($0)" })
    }

    @Test("A loss, or a change, in the course of a dump starts it over", arguments: [true, false])
    mutating func startOver(isLoss: Bool) {
        #expect(feed.nextDump() == .interfaces)
        take(answer(eth0), isLoss ? .lost : .disturbed, end)
        #expect(feed.nextDump() == .interfaces)
        take(end)
        #expect(feed.nextDump() == .addresses)
        take(isLoss ? .lost : .disturbed, end)
        #expect(feed.nextDump() == .interfaces)
        #expect(feed.state.interfaces == [])
        feed.take(end, in: .global)
        settle([], [])
        #expect(feed.isSettled && feed.state.interfaces == [])
    }

    @Test("A dump that is refused leaves what was known, is tried three times, and again with the next news")
    mutating func refused() {
        settle([eth0], [first])
        _ = feed.takeNews()
        take(.lost)
        for _ in 0..<3 {
            #expect(feed.nextDump() == .interfaces)
            take(.dumpEnded(isRefused: true))
        }
        #expect(feed.nextDump() == .routes)
        take(.dumpEnded(isRefused: true))
        #expect(feed.nextDump() == nil)
        #expect(feed.state.interfaces.map(\.name) == ["eth0"])
        take(news(EventScript.address("192.0.2.2")))
        #expect(lines() == ["inet 2.2 LIF_UP"])
        #expect(feed.nextDump() == .interfaces)
    }

    @Test("An end that nobody waits for, and routes out of turn, are nothing")
    mutating func outOfTurn() {
        take(end, .route(Route(IPAddress(v4: 0), prefixLength: 0)), .disturbed)
        #expect(feed.nextDump() == .interfaces)
        #expect(feed.takeNews().routes == nil)
    }
}
