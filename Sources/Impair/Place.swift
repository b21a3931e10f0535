// SPDX-License-Identifier: Apache-2.0

import Neti

/// Where a hook function stands: one event of one protocol.
struct Place: Sendable, BitwiseCopyable {
    /// The event by number, below ``events``.
    let event: Int

    /// The sequence of random numbers, below ``sequences``: packets of each event and protocol are numbered by
    /// themselves.
    let sequence: Int

    /// How a duplicate goes on: like a packet that was held there.
    var style: InjectionStyle { comesFromNetwork ? .queueIn : .queueOut }

    private let comesFromNetwork: Bool

    /// Whether conditions ask about the interface of arrival, not that of departure.
    let isInbound: Bool

    static let events = NetworkEvent.allCases.count
    static let sequences = events * 2

    init(_ family: NetworkFamily, _ event: NetworkEvent) {
        self.event = NetworkEvent.allCases.firstIndex(of: event) ?? 0
        sequence = self.event * 2 + (family == .inet6 ? 1 : 0)
        comesFromNetwork = event == .physicalIn
        isInbound = event == .physicalIn || event == .loopbackIn
    }
}
