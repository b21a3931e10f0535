// SPDX-License-Identifier: Apache-2.0

import Glibc
import LiveHost
import Neti
import SystemPackage

/// A tun device of a host, up, which receives what is sent by it and goes with this object.
final class TunDevice: Sendable {
    private let descriptor: Int32

    init(_ name: String, on host: Host) throws {
        descriptor = try host.run { () throws(NetiError) in
            let file = unsafe open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK)
            guard file >= 0 else { throw NetiError(Errno(rawValue: errno), "can't open /dev/net/tun") }
            // `struct ifreq`: name, IFF_TUN | IFF_NO_PI.
            var request = Array(name.utf8) + [UInt8](repeating: 0, count: 40 - name.utf8.count)
            (request[16], request[17]) = (0x01, 0x10)
            let tunSetInterface: UInt = 0x4004_54CA
            let code = unsafe ioctl(file, tunSetInterface, &request)
            guard code == 0 else {
                close(file)
                throw NetiError(Errno(rawValue: errno), "can't make a tun device")
            }
            return file
        }
        try host.ip("link", "set", name, "up")
    }

    deinit {
        closeDescriptor(descriptor)
    }

    /// Has the host receive a packet from beyond the device.
    func send(_ packet: [UInt8]) throws {
        guard unsafe write(descriptor, packet, packet.count) == packet.count else { throw Errno(rawValue: errno) }
    }
}
