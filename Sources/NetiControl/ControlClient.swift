// SPDX-License-Identifier: Apache-2.0

import Glibc
import NIOCore
import SystemPackage

/// A connection to the daemon that makes one call after the other and blocks until each is answered.
///
/// For programs that ask and end. It belongs to one thread at a time, and not to one of Swift's concurrency pool.
public struct ControlClient: ~Copyable {
    private let socket: SystemPackage.FileDescriptor
    private let timeout: Duration
    private var received = ByteBuffer()
    private var decoder = FrameDecoder(limit: MessageLimit.reply)

    /// Connects.
    ///
    /// - Parameters:
    ///   - path: Where the daemon listens, at most 107 bytes.
    ///   - timeout: How long connecting, sending, and each step of receiving may take.
    /// - Throws: ``ControlClientError/unreachable(path:_:)``.
    public init(path: String, timeout: Duration = .seconds(10)) throws(ControlClientError) {
        do throws(Errno) {
            let address = try UnixAddress(path: path)
            let socket = try SystemPackage.FileDescriptor.unixStreamSocket(blocking: true)
            do throws(Errno) {
                try socket.setTimeout(timeout, option: SO_RCVTIMEO)
                try socket.setTimeout(timeout, option: SO_SNDTIMEO)
                try address.connect(socket)
            } catch {
                try? socket.close()
                throw error
            }
            self.socket = socket
            self.timeout = timeout
        } catch {
            throw .unreachable(path: path, error)
        }
    }

    deinit {
        try? socket.close()
    }

    /// Calls a method and waits for its reply.
    ///
    /// After any error but ``ControlClientError/refused(_:)`` and ``ControlClientError/notOffered(_:)`` the connection
    /// is of no further use.
    public mutating func call<Method: ControlMethod>(_ method: Method) throws(ControlClientError) -> Method.Reply {
        try sendOrHear(Message.call(method))
        let (reply, continues): (Method.Reply, Bool) = try receiveReply()
        guard !continues else { throw .notUnderstood }
        return reply
    }

    /// Calls a method that has many replies, and waits for them for as long as they come.
    ///
    /// - Parameter body: gets each reply as soon as it is there, and says whether it wants more. The connection is of no
    ///   further use if it does not, or after an error.
    /// - Throws: as ``call(_:)``; ``ControlClientError/closed`` when the daemon goes.
    public mutating func call<Method: ControlMethod>(
        more method: Method, _ body: (Method.Reply) -> Bool
    ) throws(ControlClientError) {
        try sendOrHear(Message.call(method, more: true))
        var continues = true
        while continues {
            let reply: Method.Reply
            (reply, continues) = try receiveReply()
            // The first reply comes at once, or something is wrong; the others when they come.
            setReceiveTimeout(.zero)
            guard body(reply) else { return }
        }
        setReceiveTimeout(timeout)
    }

    /// The same for a program that writes what comes to a descriptor: returns also as soon as whoever read there is gone,
    /// whether or not anything comes.
    public mutating func call<Method: ControlMethod>(
        more method: Method, whileReadAt output: CInt, _ body: (Method.Reply) -> Bool
    ) throws(ControlClientError) {
        try sendOrHear(Message.call(method, more: true))
        var (reply, continues): (Method.Reply, Bool) = try receiveReply()
        while body(reply), continues, try awaitMessage(whileReadAt: output) {
            (reply, continues) = try receiveReply()
        }
    }

    /// The same for a caller who has an eye on something else meanwhile.
    ///
    /// - Parameters:
    ///   - interval: how often `goesOn` is asked while nothing comes.
    ///   - goesOn: whether to wait for more replies.
    public mutating func call<Method: ControlMethod>(
        more method: Method, lookingEvery interval: Duration, while goesOn: () -> Bool, _ body: (Method.Reply) -> Bool
    ) throws(ControlClientError) {
        try send(Message.call(method, more: true))
        var (reply, continues): (Method.Reply, Bool) = try receiveReply()
        setReceiveTimeout(interval)
        while body(reply), continues {
            repeat {
                guard goesOn() else { return }
                do throws(ControlClientError) {
                    (reply, continues) = try receiveReply()
                    break
                } catch .timedOut {
                    // What has come of a reply is kept.
                }
            } while true
        }
    }

    /// Calls a method and asks the daemon not to reply. Whether it did what was asked remains unknown.
    public mutating func callOneway(_ method: some ControlMethod) throws(ControlClientError) {
        try send(Message.call(method, oneway: true))
    }

    /// Sends a call. Where the daemon has closed the connection, what it said before tells more than that it has.
    private mutating func sendOrHear(_ call: @autoclosure () throws -> [UInt8]) throws(ControlClientError) {
        do throws(ControlClientError) {
            try send(call())
        } catch {
            guard case .disconnected = error else { throw error }
            do throws(ControlClientError) {
                let _: (GetStatus.Reply, Bool) = try receiveReply()
            } catch .refused(let reason) {
                throw .refused(reason)
            } catch {
                // Nothing to hear.
            }
            throw error
        }
    }

    /// One reply, and whether others follow to the same call.
    private mutating func receiveReply<Reply: Decodable>() throws(ControlClientError) -> (Reply, continues: Bool) {
        let message = try receive()
        do {
            let header = try Message.header(Message.ReplyHeader.self, of: message)
            if let name = header.error {
                throw try Self.error(name, message)
            }
            return (try Message.parameters(ofReply: message), header.continues == true)
        } catch let error as ControlClientError {
            throw error
        } catch {
            throw .notUnderstood
        }
    }

    private static func error(_ name: String, _ message: [UInt8]) throws -> ControlClientError {
        let error = WireError(name: name, parameters: try Message.parameters(ofReply: message))
        if let error = ControlError(error) { return .refused(error) }
        if let error = ServiceError(error) { return .notOffered(error) }
        return .unknown(name: name)
    }

    private func send(_ call: @autoclosure () throws -> [UInt8]) throws(ControlClientError) {
        guard let message = try? call(), message.count <= MessageLimit.call else { throw .callTooLong }
        var rest = message[...]
        while !rest.isEmpty {
            let sent = unsafe rest.withUnsafeBytes { bytes in
                unsafe Glibc.send(socket.rawValue, bytes.baseAddress, bytes.count, CInt(MSG_NOSIGNAL))
            }
            if sent >= 0 {
                rest = rest.dropFirst(sent)
            } else if errno != EINTR {
                throw failure(errno)
            }
        }
    }

    private mutating func receive() throws(ControlClientError) -> [UInt8] {
        var chunk = [UInt8](repeating: 0, count: 16384)
        while true {
            do throws(FrameDecoder.TooLong) {
                if let message = try decoder.decode(buffer: &received) { return message }
            } catch {
                throw .notUnderstood
            }
            try receive(&chunk)
        }
    }

    /// Takes what has come, or else what comes next, as far as there is room for it in `chunk`.
    private mutating func receive(_ chunk: inout [UInt8]) throws(ControlClientError) {
        let count = unsafe recv(socket.rawValue, &chunk, chunk.count, 0)
        if count > 0 {
            received.writeBytes(chunk[..<count])
        } else if count == 0 {
            throw .closed
        } else if errno != EINTR {
            throw failure(errno)
        }
    }

    /// Waits until a whole message is there; false as soon as nobody reads at `output` any more.
    private mutating func awaitMessage(whileReadAt output: CInt) throws(ControlClientError) -> Bool {
        var chunk = [UInt8](repeating: 0, count: 16384)
        while !received.readableBytesView.contains(0) {
            // Of what nobody reads any more poll(2) tells unasked: POLLERR for a pipe, POLLHUP for a socket or terminal.
            var entries = [
                pollfd(fd: socket.rawValue, events: CShort(POLLIN), revents: 0),
                pollfd(fd: output, events: 0, revents: 0),
            ]
            guard unsafe poll(&entries, 2, -1) > 0 else { continue }
            if entries[1].revents != 0 { return false }
            try receive(&chunk)
        }
        return true
    }

    private func setReceiveTimeout(_ timeout: Duration) {
        // Has worked before with another value.
        try? socket.setTimeout(timeout, option: SO_RCVTIMEO)
    }

    private func failure(_ code: CInt) -> ControlClientError {
        code == EAGAIN ? .timedOut : .disconnected(Errno(rawValue: code))
    }
}
