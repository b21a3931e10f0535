// SPDX-License-Identifier: Apache-2.0

import NetiLinux

extension InjectedFingerprints {
    func note(_ packet: [UInt8], _ origin: InjectedOrigin, at time: UInt64 = 0) {
        unsafe packet.withUnsafeBytes { unsafe note($0, origin, now: time) }
    }

    func take(_ packet: [UInt8], now: () -> UInt64 = { 0 }) -> InjectedOrigin? {
        unsafe packet.withUnsafeBytes { unsafe take($0, now: now) }
    }
}
