// SPDX-License-Identifier: Apache-2.0

import ControlNoise
import Glibc

/// A client that sends damaged calls, several at once, and sends again those that nobody looked at.
///
/// Behind them is a whole call, whose reply is known: when it comes, all before it have been looked at.
struct ControlFuzzer {
    /// What came of one turn.
    struct Turn {
        /// Damaged calls that were answered, or because of which the connection was closed.
        var lookedAt = 0
        /// Those that were answered.
        var answers = 0
        /// Whether the connection can be used further.
        var goesOn = false
    }

    /// Damaged calls that are sent at once.
    private static let callsAtOnce = 8
    /// How long an answer may take, in milliseconds; and one of a stream that may begin with nothing.
    private static let patience: CInt = 5000
    private static let streamPatience: CInt = 1000

    private static let lastCall = Array(#"{"method":"org.example.last.Call"}"#.utf8) + [0]
    private static let lastReply = Array(
        #"{"error":"org.varlink.service.InterfaceNotFound","parameters":{"interface":"org.example.last"}}"#.utf8)
    private static let streamReply = Array(#"{"continues":true"#.utf8)
    private static let refusal = Array(#"{"error":"io.neti.Control.TooManyClients""#.utf8)

    private var seed: UInt64
    private let step: UInt64
    /// Calls that nobody has looked at yet, with their NULs.
    private var calls: [[UInt8]] = []
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)

    /// Uses every `step`th seed.
    init(seeds first: UInt64, every step: UInt64) {
        seed = first
        self.step = step
    }

    /// Sends calls to a connection without unread replies, and waits for what becomes of them.
    mutating func turn(at socket: CInt) -> Turn {
        while calls.count < Self.callsAtOnce {
            calls += DamagedCall.messages(seed: seed)
            seed += step
        }
        guard ControlStress.send(socket, Array(calls.joined()) + Self.lastCall) else { return Turn() }
        let turn = replies(from: socket)
        calls.removeFirst(min(turn.lookedAt, calls.count))
        return turn
    }

    private mutating func replies(from socket: CInt) -> Turn {
        var turn = Turn()
        // The beginning of the reply that is being read: enough to tell what it is.
        var head: [UInt8] = []
        while true {
            var entry = pollfd(fd: socket, events: CShort(POLLIN), revents: 0)
            // Packets that there are not: nothing comes of such a stream, and it is left out. Whatever else stays without an
            // answer is sent again and again, until the test finds that too few were.
            let stream = calls.indices.dropFirst(turn.lookedAt).first { Self.isCapture(calls[$0]) }
            guard unsafe poll(&entry, 1, stream == nil ? Self.patience : Self.streamPatience) == 1 else {
                if let stream { calls.remove(at: stream) }
                return turn
            }
            let count = unsafe recv(socket, &buffer, buffer.count, CInt(MSG_DONTWAIT))
            guard count > 0 else {
                // The daemon has had enough: of the one behind those that it has answered.
                turn.lookedAt = min(turn.lookedAt + 1, calls.count)
                return turn
            }
            var start = 0
            while start < count {
                let end = Self.end(in: buffer, start, count)
                head += buffer[start..<min(end, start + max(0, Self.lastReply.count - head.count))]
                start = end + 1
                if head.starts(with: Self.streamReply) {
                    // Nothing that was sent behind it will be looked at.
                    turn.lookedAt += 1
                    turn.answers += 1
                    return turn
                }
                guard end < count else { continue }
                if head == Self.lastReply {
                    // Those without an answer wanted none.
                    return Turn(lookedAt: calls.count, answers: turn.answers, goesOn: true)
                }
                if head.starts(with: Self.refusal) { return turn }
                turn.lookedAt += 1
                turn.answers += 1
                head = []
            }
        }
    }

    /// Whether a damaged call may still be one for packets.
    private static func isCapture(_ call: [UInt8]) -> Bool {
        call.firstRange(of: Array("io.neti.Control.Capture".utf8)) != nil
    }

    /// Where the next NUL is, or else `count`.
    private static func end(in buffer: [UInt8], _ start: Int, _ count: Int) -> Int {
        unsafe buffer.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, let found = unsafe memchr(base + start, 0, count - start) else {
                return count
            }
            return unsafe UnsafeRawPointer(found) - base
        }
    }
}
