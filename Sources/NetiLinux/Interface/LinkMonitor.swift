// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Glibc
import Neti
import Synchronization
import SystemPackage

/// Keeps one instance's ``InterfaceTable`` true by what rtnetlink tells.
///
/// The socket is opened in the namespace by the broker and read by the watch thread from outside.
final class LinkMonitor: Sendable {
    let socket: Int32
    private let state = Mutex(State())

    fileprivate struct State {
        var names: [UInt32: String] = [:]
        /// What a running dump has named so far; nil when none runs.
        var dumped: [UInt32: String]?
        var sequence: UInt32 = 0
        var table: InterfaceTable?
    }

    /// Subscribes to changes and asks for all interfaces.
    ///
    /// - Throws: `ENOENT` when the namespace isn't there.
    init(in namespace: Namespace, broker: NamespaceBroker) throws(NetiError) {
        socket = try broker.run(in: namespace) { () throws(NetiError) in
            let socket = clnx_route_open(UInt32(CLNX_GROUP_LINK))
            guard socket >= 0 else { throw NetiError(Errno(rawValue: -socket), "can't reach rtnetlink") }
            return socket
        }
    }

    deinit {
        close(socket)
    }

    /// Fills a table and keeps it filled; returns when the interfaces of now are in it.
    func fill(_ table: InterfaceTable) {
        state.withLock { $0.table = table }
        refresh()
        var request = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        while state.withLock({ $0.dumped != nil }) {
            let count = unsafe poll(&request, 1, 1000)
            // A signal is no reason to begin with half of the interfaces.
            guard count > 0 || count < 0 && errno == EINTR else { return }
            read()
        }
    }

    /// Takes what the kernel sent; called when the socket is readable.
    func read() {
        let capacity = Int(CLNX_ROUTE_BUFFER)
        let buffer = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 8)
        defer { unsafe buffer.deallocate() }
        while true {
            let length = unsafe clnx_route_receive(socket, buffer, capacity)
            if length == Int64(-ENOBUFS) {
                // Messages are lost; only a fresh look can tell what they said.
                refresh()
                continue
            }
            guard length > 0 else { return }
            unsafe take(UnsafeRawBufferPointer(start: buffer, count: Int(length)))
        }
    }

    private func refresh() {
        state.withLock { state in
            state.sequence &+= 1
            if clnx_route_dump_links(socket, max(1, state.sequence)) == 0 { state.dumped = [:] }
        }
    }

    private func take(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        var isStale = false
        var offset = 0
        while offset < bytes.count {
            var message = clnx_route_message()
            unsafe offset = clnx_route_decode(start, bytes.count, offset, &message)
            isStale = state.withLock { $0.take(message) } || isStale
        }
        if isStale { refresh() }
    }
}

extension LinkMonitor.State {
    /// Notes one message; true when the dump has to be asked for again.
    fileprivate mutating func take(_ message: clnx_route_message) -> Bool {
        switch message.kind {
        case UInt32(CLNX_ROUTE_LINK):
            let link = message.link
            let name = unsafe withUnsafeBytes(of: link.name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if link.deleted {
                names[link.index] = nil
                dumped?[link.index] = nil
            } else {
                names[link.index] = name
                dumped?[link.index] = name
            }
            if dumped == nil { publish() }
        case UInt32(CLNX_ROUTE_DONE):
            guard let seen = dumped else { return false }
            dumped = nil
            // A dump that failed says nothing; what was known before is the better guess.
            guard message.error == 0 else { return false }
            if message.interrupted { return true }
            names = seen
            publish()
        case UInt32(CLNX_ROUTE_ERROR):
            dumped = nil
        default:
            break
        }
        return false
    }

    private func publish() {
        table?.update(names.map { Interface(index: $0.key, name: $0.value) })
    }
}
