// SPDX-License-Identifier: Apache-2.0

import NetiControl

/// A capture that always brings the same packet.
struct OneCapturedPacket: CaptureSource {
    func next() async -> Capture.Reply? {
        Capture.Reply(
            packets: [
                Capture.Packet(
                    seconds: 1, nanoseconds: 2, netid: 0, instance: "global", family: "inet", event: "PHYSICAL_IN",
                    inInterface: "lo", outInterface: nil, verdict: .drop, hook: "filter", edited: false, mark: 0,
                    injections: 0, length: 2, bytes: HexadecimalBytes([0x45, 0]))
            ], lost: 0)
    }

    func finish() {}
}
