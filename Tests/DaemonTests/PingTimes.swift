// SPDX-License-Identifier: Apache-2.0

import Glibc
import LiveHost
import Neti

/// Round trips of echo requests that are sent at even intervals, whether or not the ones before have come back.
struct PingTimes {
    /// Milliseconds of those that came back, by the number of the request.
    private(set) var milliseconds: [Int: Double] = [:]

    /// Sends requests from the left host to the right one and waits for the replies, two seconds for the last ones.
    init(between hosts: HostPair, _ family: NetworkFamily, count: Int, every interval: Duration) throws(NetiError) {
        let socket = try EchoSocket(on: hosts.left, family, identifier: 0x4E45)
        let start = ContinuousClock.now
        var sent: [ContinuousClock.Instant] = []
        let deadline = Deadline(interval * count + .seconds(2))
        while milliseconds.count < count, !deadline.isOver {
            while sent.count < count, start.duration(to: .now) >= interval * sent.count {
                sent.append(.now)
                try socket.request([0x4E, 0x45], sequence: UInt16(sent.count - 1), to: hosts.right)
            }
            while let reply = try socket.reply(within: .zero), Int(reply.sequence) < sent.count {
                milliseconds[Int(reply.sequence)] = sent[Int(reply.sequence)].duration(to: .now) / .milliseconds(1)
            }
            usleep(50)
        }
    }

    /// The time that half of them took at most.
    var median: Double {
        let sorted = milliseconds.values.sorted()
        return sorted.isEmpty ? .nan : sorted[sorted.count / 2]
    }
}
