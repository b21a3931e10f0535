// SPDX-License-Identifier: Apache-2.0

import NetiControl

/// The connection of a run, which the daemon closes after a minute of silence: between packets that are far apart a new
/// one is made.
struct InjectionConnection: ~Copyable {
    private let path: String
    private var client: ControlClient
    private var lastUse = MonotonicClock.now()

    /// In nanoseconds.
    private static let longestSilence: Int64 = 20_000_000_000

    init(path: String) throws(ControlClientError) {
        self.path = path
        client = try ControlClient(path: path)
    }

    /// Calls a method and waits for its reply.
    mutating func call<Method: ControlMethod>(_ method: Method) throws(ControlClientError) -> Method.Reply {
        if MonotonicClock.now() - lastUse > Self.longestSilence { client = try ControlClient(path: path) }
        defer { lastUse = MonotonicClock.now() }
        return try client.call(method)
    }
}
