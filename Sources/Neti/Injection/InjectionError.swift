// SPDX-License-Identifier: Apache-2.0

public import SystemPackage

/// Why a packet was not injected, and whose it is now. A plain value, so that throwing it costs a hook nothing.
public struct InjectionError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The reasons; their raw values are the counters in the kstat `neti:0:injection`.
    public enum Reason: String, CaseIterable, Sendable {
        // The packet stays with the caller.

        /// The instance is going.
        case deadInstance = "dead_instance"
        /// The protocol can't inject: ARP, or the instance has a provider that can't (R155).
        case unsupported
        /// The kernel lacks what the style needs, or the daemon a right or descriptors.
        case unavailable
        /// The instance's list holds as many packets or bytes as it may (R153).
        case listFull = "list_full"
        /// The hook is only shown the packet.
        case readOnly = "read_only"

        // The packet is gone.

        /// There is no interface of that index.
        case unknownInterface = "unknown_interface"
        /// The interface is not up.
        case interfaceDown = "interface_down"
        /// What was given isn't a packet of the protocol, or its length is not the one in its header.
        case badHeader = "bad_header"
        /// Longer than the interface's MTU, than what the style can carry, or a batch of segments.
        case tooLong = "too_long"
        /// It has been injected here as often as `injection-limit` allows.
        case tooOften = "too_often"
        /// No route, or nobody answers for the next hop.
        case unreachable
        /// The kernel refused it for another reason.
        case sendFailed = "send_failed"
    }

    /// What was in the way.
    public let reason: Reason

    /// Wraps a reason.
    public init(_ reason: Reason) {
        self.reason = reason
    }

    /// What `net_inject` returns in C: -1 when the packet is still the caller's, 1 when it is gone (R147).
    public var returnValue: Int32 {
        switch reason {
        case .deadInstance, .unsupported, .unavailable, .listFull, .readOnly: -1
        case .unknownInterface, .interfaceDown, .badHeader, .tooLong, .tooOften, .unreachable, .sendFailed: 1
        }
    }

    /// The closest error number.
    public var errno: Errno {
        switch reason {
        case .deadInstance: .socketShutdown
        case .unsupported, .unavailable: .notSupported
        case .listFull: .noMemory
        case .readOnly: .readOnlyFileSystem
        case .unknownInterface: .noSuchAddressOrDevice
        case .interfaceDown: .networkDown
        case .badHeader: .invalidArgument
        case .tooLong: .messageTooLong
        case .tooOften: .tooManySymbolicLinkLevels
        case .unreachable: .noRouteToHost
        case .sendFailed: .ioError
        }
    }

    /// The reason in words.
    public var description: String {
        switch reason {
        case .deadInstance: "the instance is shutting down"
        case .unsupported: "this protocol can't inject packets"
        case .unavailable: "the kernel lacks what the style needs, or the daemon a right or descriptors"
        case .listFull: "the instance's list of packets is full"
        case .readOnly: "the hook is only shown the packet"
        case .unknownInterface: "there is no such interface"
        case .interfaceDown: "the interface is down"
        case .badHeader: "not a packet of this protocol, or of another length than its header says"
        case .tooLong: "the packet is too long"
        case .tooOften: "the packet has been injected too often"
        case .unreachable: "there is no way to the next hop"
        case .sendFailed: "the kernel refused the packet"
        }
    }
}
