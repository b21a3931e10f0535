// SPDX-License-Identifier: Apache-2.0

import NetiControl

/// What the daemon's counters were at one moment.
struct TopSample {
    /// When, in nanoseconds of a clock that nobody sets.
    var time: Int64
    var instances: [ListInstances.Instance]
    var hooks: [ListHooks.Hook]
}

/// Takes samples over one connection, which is made anew when it broke.
struct TopSource: ~Copyable {
    private let path: String
    private var client: ControlClient?

    /// How long the daemon may take for an answer: shorter than usual, for somebody sits in front of it.
    private static let patience = Duration.seconds(3)

    init(path: String) {
        self.path = path
    }

    /// The counters now. The clock is read between the two calls, so that both lists are about as far from it.
    mutating func sample() throws(ControlClientError) -> TopSample {
        guard let known = client.take() else { return try ask(ControlClient(path: path, timeout: Self.patience)) }
        do throws(ControlClientError) {
            return try ask(known)
        } catch {
            // It may have ended for reasons that are over: the daemon ends silent ones, and may have been started again.
            switch error {
            case .closed, .disconnected: return try ask(ControlClient(path: path, timeout: Self.patience))
            default: throw error
            }
        }
    }

    /// Keeps the connection if it served.
    private mutating func ask(_ known: consuming ControlClient) throws(ControlClientError) -> TopSample {
        var client = known
        let instances = try client.call(ListInstances()).instances
        let time = MonotonicClock.now()
        let hooks = try client.call(ListHooks()).hooks
        self.client = consume client
        return TopSample(time: time, instances: instances, hooks: hooks)
    }
}
