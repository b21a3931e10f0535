// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Glibc
import Hooks
import Neti
import SystemPackage

/// Copies of one instance's ARP packets, received or sent, for the hooks on that event of ``NetworkFamily/arp``.
///
/// A packet socket sees ARP packets and can't stop or change them, so these hooks only look on. Opened while there is a
/// hook, inside the instance's namespace by the broker, and read by a pump from outside.
@safe
final class ARPTap: PumpSource, @unchecked Sendable {
    let socket: Int32
    private let event: NetworkEvent
    private let instance: Instance

    /// What the pump holds; valid as long as this object.
    private let pumped: UnsafeMutablePointer<PumpedTap>

    /// Opens it.
    ///
    /// - Parameter event: `PHYSICAL_IN` for received packets, `PHYSICAL_OUT` for sent ones.
    /// - Throws: `ENOTSUP` when the kernel has no packet sockets, `EPERM` without `CAP_NET_RAW`.
    init(
        _ event: NetworkEvent, of instance: Instance, in namespace: Namespace, broker: NamespaceBroker
    ) throws(NetiError) {
        let name = instance.name
        socket = try broker.run(in: namespace) { () throws(NetiError) in
            let socket = clnx_arp_open(event == .physicalOut)
            guard socket >= 0 else { throw Self.refusal(Errno(rawValue: -socket), event, instance: name) }
            return socket
        }
        self.event = event
        self.instance = instance
        unsafe pumped = .allocate(capacity: 1)
        unsafe pumped.initialize(
            to: PumpedTap(
                socket: socket, netid: instance.netid, event: event,
                chain: .passUnretained(instance.protocolHandle(.arp).event(event))))
    }

    deinit {
        unsafe pumped.deallocate()
        close(socket)
    }

    /// Its address and one: memory for it is never at an odd one.
    var token: UInt64 { unsafe PumpedTap.token(of: pumped) }

    var load: Int { PumpPlacement.least }

    var description: String { "the tap for arp/\(event)" }

    private static func refusal(_ error: Errno, _ event: NetworkEvent, instance: String) -> NetiError {
        error == .addressFamilyNotSupported
            ? NetiError(
                .notSupported,
                "instance '\(instance)': arp/\(event) needs packet sockets, which this kernel was built without "
                    + "(CONFIG_PACKET)")
            : NetiError(error, "instance '\(instance)': can't open a packet socket for arp/\(event)")
    }
}
