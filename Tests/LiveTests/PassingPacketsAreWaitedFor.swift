// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Testing

extension RealPackets {
    /// That waiting for packets on their way waits.
    @Suite struct PassingPacketsAreWaitedFor {
        @Test("Each wait takes a grace period of the kernel, also from many threads at a time")
        func wait() async {
            let socket = clnx_passing_open()
            #expect(socket >= 0)
            defer { closeDescriptor(socket) }
            let time = ContinuousClock().measure {
                for _ in 0..<10 { #expect(clnx_passing_wait(socket) == 0) }
            }
            // It takes milliseconds each time; a call that waits for nothing takes a microsecond.
            #expect(time > .milliseconds(2), "\(time)")
            let outcomes = await withTaskGroup(of: Int32.self) { group in
                for _ in 0..<4 { group.addTask { clnx_passing_wait(socket) } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes == [0, 0, 0, 0])
        }
    }
}
