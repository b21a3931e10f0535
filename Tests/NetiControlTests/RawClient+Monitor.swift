// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import NetiControl

extension RawClient {
    /// Asks for everything that happens.
    static let monitorCall = #"{"method":"io.neti.Control.Monitor","more":true}"#

    /// Asks for something else.
    static let otherCall = #"{"method":"io.neti.Control.ListHooks","parameters":{"instance":"x"}}"#

    /// A client whose stream has begun.
    static func monitoring(_ path: String) throws -> RawClient {
        let client = try RawClient(path)
        try client.send(monitorCall)
        let first = try #require(try client.receive())
        #expect(first.hasPrefix(#"{"continues":true,"parameters":{"event":{"ready":true,"time":"#), "\(first)")
        return client
    }

    /// The next event of a stream.
    func event() throws -> Monitor.Event {
        let message = Array(try #require(try receive()).utf8)
        #expect(try Message.header(Message.ReplyHeader.self, of: message).continues == true)
        return (try Message.parameters(ofReply: message) as Monitor.Reply).event
    }
}

extension FakeBackend {
    /// Waits until so many clients are known to monitor.
    func waitForMonitors(_ count: Int) throws {
        let deadline = ContinuousClock.now + .seconds(10)
        while monitors.count != count {
            try #require(ContinuousClock.now < deadline, "\(monitors.count) clients monitor")
        }
    }
}

extension ControlServer.Limits {
    /// The usual ones but for what is changed.
    init(_ change: (inout ControlServer.Limits) -> Void) {
        self.init()
        change(&self)
    }
}
