// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Neti
import NetiLinux
import SystemPackage

/// What a network card does for the host, switched as `ethtool -K` does (linux/ethtool.h, `ETHTOOL_SGSO` and so on).
public enum Offload: UInt32, Sendable {
    /// Transmit checksums.
    case checksums = 0x17
    /// TCP segmentation by the card.
    case tcpSegmentation = 0x1F
    /// Segmentation of whatever kind, late in the kernel.
    case segmentation = 0x24
    /// Receive aggregation.
    case aggregation = 0x2C
}

extension Host {
    /// Switches an offload of the host's interface.
    public func set(_ offload: Offload, _ isOn: Bool) throws(NetiError) {
        try run { () throws(NetiError) in
            let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            guard descriptor >= 0 else { throw NetiError(Errno(rawValue: errno), "can't open a socket") }
            defer { close(descriptor) }
            var value: (command: UInt32, data: UInt32) = (offload.rawValue, isOn ? 1 : 0)
            let code = unsafe withUnsafeMutablePointer(to: &value) { value in
                // struct ifreq: a name of 16 bytes, then a pointer.
                var request = Array(Host.interface.utf8) + [UInt8](repeating: 0, count: 40 - Host.interface.utf8.count)
                let address = UInt64(UInt(bitPattern: value))
                for place in 0..<8 { request[16 + place] = UInt8(truncatingIfNeeded: address >> (UInt64(place) * 8)) }
                return unsafe ioctl(descriptor, 0x8946, &request)
            }
            guard code == 0 else { throw NetiError(Errno(rawValue: errno), "can't switch offload \(offload)") }
        }
    }

    /// Switches everything that makes packets larger than the cable takes.
    public func setSegmentation(_ isOn: Bool) throws(NetiError) {
        try set(.tcpSegmentation, isOn)
        try set(.segmentation, isOn)
    }
}
