// SPDX-License-Identifier: Apache-2.0

import Neti

/// What became of packets that were to be injected, in several instances together.
struct InjectionTotals: Equatable {
    /// Packets that were accepted, whatever became of them.
    var accepted: UInt64 = 0
    /// How often a packet was refused, each time that it was tried, or failed when its time had come.
    var refused: UInt64 = 0
    /// Packets that waited when their instance ended.
    var lost: UInt64 = 0

    /// Adds the counters of one instance.
    mutating func add(_ status: InjectionList.Status) {
        accepted &+= status["queue_in"] &+ status["queue_out"] &+ status["direct_out"]
        for reason in InjectionError.Reason.allCases { refused &+= status[reason.rawValue] }
        lost &+= status["lost_with_instance"]
    }
}
