// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Glibc
import Hooks
import Neti
import Synchronization
import SystemPackage

/// Keeps one instance's ``InterfaceTable`` true by what rtnetlink tells, and makes the events of `NIC_EVENTS` from it.
///
/// The socket is opened in the namespace by the broker and read by the watch thread from outside. Idle it costs that
/// socket and what is known of the interfaces, nothing more.
final class InterfaceMonitor: Sendable {
    let socket: Int32
    let table: InterfaceTable
    /// Which namespace that is.
    let identity: NamespaceIdentity

    private let namespace: Namespace
    private let broker: NamespaceBroker
    private let state = Mutex(State())

    private struct State {
        var feed = InterfaceFeed()
        /// Number of the last request.
        var sequence: UInt32 = 0
    }

    /// How long the first look may take before an instance begins without it.
    private static let patience: Int32 = 1000

    /// Subscribes to changes and takes a first look; what there is already makes no events.
    ///
    /// - Throws: `ENOENT` when the namespace isn't there.
    init(in namespace: Namespace, broker: NamespaceBroker, readers publication: Publication) throws(NetiError) {
        let opened = try broker.run(in: namespace) { () throws(NetiError) in
            let groups =
                CLNX_GROUP_LINK | CLNX_GROUP_IPV4_ADDRESS | CLNX_GROUP_IPV6_ADDRESS | CLNX_GROUP_IPV4_ROUTE
                | CLNX_GROUP_IPV6_ROUTE
            let socket = clnx_route_open(UInt32(groups))
            guard socket >= 0 else { throw NetiError(Errno(rawValue: -socket), "can't reach rtnetlink") }
            do throws(Errno) {
                // Asked from inside: a path may lead elsewhere a moment later.
                return (socket: socket, identity: try NamespaceIdentity.current())
            } catch {
                close(socket)
                throw NetiError(error, "can't look at network namespace \(namespace)")
            }
        }
        self.namespace = namespace
        self.broker = broker
        socket = opened.socket
        identity = opened.identity
        table = InterfaceTable(publication: publication, zone: opened.identity.inode)
        look()
    }

    deinit {
        close(socket)
    }

    /// How often the kernel had more to tell than the socket takes.
    var losses: UInt64 { state.withLock { $0.feed.losses } }

    /// Takes what the kernel sent and brings the table up to date; called when the socket is readable.
    ///
    /// - Returns: what happened, in order.
    func read(in netid: NetID) -> [NICEvent] {
        let news = state.withLock { state in
            receive(&state, netid)
            return state.feed.takeNews()
        }
        if let routes = news.routes { table.update(routes) }
        if let newer = news.state {
            table.update(newer)
            refreshPathMTUDiscovery()
        }
        return news.events
    }

    private func look() {
        var request = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        while true {
            _ = read(in: .global)
            // Not until it is settled: where routes change all the time it never is.
            if state.withLock({ $0.feed.isComplete || $0.feed.isSettled }) { return }
            let count = unsafe poll(&request, 1, Self.patience)
            // A signal is no reason to begin with half of the interfaces.
            guard count > 0 || count < 0 && errno == EINTR else { return }
        }
    }

    /// Reads until nothing more is there, and then asks for what is needed.
    private func receive(_ state: inout State, _ netid: NetID) {
        let capacity = Int(CLNX_ROUTE_BUFFER)
        let buffer = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 8)
        defer { unsafe buffer.deallocate() }
        while true {
            let length = unsafe clnx_route_receive(socket, buffer, capacity)
            switch length {
            case 1...:
                let bytes = unsafe UnsafeRawBufferPointer(start: buffer, count: Int(length))
                unsafe RouteMessages.each(in: bytes, answering: state.sequence) { message in
                    state.feed.take(message, in: netid)
                }
            case Int64(-ENOBUFS), Int64(-EMSGSIZE):
                // Only a fresh look can tell what the lost messages said.
                state.feed.take(.lost, in: netid)
            default:
                if ask(&state, netid) { return }
            }
        }
    }

    /// Asks for the next dump, if one is needed; false when that failed, so that another look at the feed is needed.
    private func ask(_ state: inout State, _ netid: NetID) -> Bool {
        guard let dump = state.feed.nextDump() else { return true }
        state.sequence = max(1, state.sequence &+ 1)
        guard clnx_route_dump(socket, dump.kind, state.sequence) != 0 else { return true }
        state.feed.take(.dumpEnded(isRefused: true), in: netid)
        return false
    }

    /// Looks up what rtnetlink doesn't tell of.
    private func refreshPathMTUDiscovery() {
        let found = try? broker.run(in: namespace) { [identity] () throws(NetiError) -> Bool? in
            // Another namespace may have the name by now.
            guard let here = try? NamespaceIdentity.current(), here == identity else { return nil }
            return readFirstByte(of: "/proc/sys/net/ipv4/ip_no_pmtu_disc").map { $0 == UInt8(ascii: "0") }
        }
        if let isEnabled = found ?? nil { table.isPathMTUDiscoveryEnabled = isEnabled }
    }
}

extension InterfaceFeed.Dump {
    fileprivate var kind: UInt32 {
        switch self {
        case .interfaces, .settling: UInt32(CLNX_ROUTE_LINK)
        case .addresses: UInt32(CLNX_ROUTE_ADDRESS)
        case .routes: UInt32(CLNX_ROUTE_ROUTE)
        }
    }
}

private func readFirstByte(of path: String) -> UInt8? {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var byte: UInt8 = 0
    return unsafe read(file, &byte, 1) == 1 ? byte : nil
}
