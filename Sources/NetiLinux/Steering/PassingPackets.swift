// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Glibc

/// Waits for the packets that are on their way through netfilter, of all namespaces; for any thread.
final class PassingPackets: Sendable {
    /// Negative where there can be none, for want of `CAP_NET_RAW` or packet sockets.
    private let socket = clnx_passing_open()

    deinit {
        if socket >= 0 { close(socket) }
    }

    /// Returns, after some 10 ms, when no packet is on its way any more that may have met rules as they were before.
    ///
    /// Packets that wait in a queue, ours or another program's, or for the rest of their fragments are not waited for.
    func wait() {
        guard socket < 0 || clnx_passing_wait(socket) != 0 else { return }
        // The nap is for single processors and tickless ones, where the other way may wait for nothing.
        _ = clnx_passing_wait_unopened()
        usleep(50_000)
    }
}
