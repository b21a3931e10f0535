// SPDX-License-Identifier: Apache-2.0

import NetiControl

/// One run of `neti-ctl inject`: takes packets from a source when they are due and offers them to the daemon, many in a
/// call, one call after the other.
///
/// One at a time keeps the order: what the daemon's list has no room for is offered again before anything else.
struct InjectionRun<Source: PacketSource & ~Copyable>: ~Copyable {
    /// What has become of the packets so far.
    private(set) var summary = InjectionSummary()
    /// Why the packets ended before their time.
    private(set) var damage: CaptureError?

    /// The call, still without packets.
    private let call: Inject
    private let pacing: Pacing
    /// How many packets to offer at most.
    private let limit: Int
    private var source: Source
    private var connection: InjectionConnection
    private var progress: ProgressLine

    /// When the first packet was there.
    private var start: Int64?
    /// The next packet, as long as it isn't due.
    private var waiting: OfferedPacket?
    private var hasEnded = false

    /// Packets and bytes of one call: enough to make the calls themselves cheap, few enough to be soon done.
    private static var mostPackets: Int { 1000 }
    private static var mostBytes: Int { 60_000 }
    /// For how long packets that are due one by one are gathered, in nanoseconds.
    private static var tick: Int64 { 1_000_000 }
    /// After which time a full list is given up if it takes nothing, in nanoseconds.
    private static var listPatience: Int64 { 5_000_000_000 }
    /// Between two looks at Ctrl-C, in milliseconds.
    private static var lookInterval: CInt { 100 }

    init(
        _ call: Inject, from source: consuming Source, pacing: Pacing, limit: Int?,
        over connection: consuming InjectionConnection, progress: ProgressLine
    ) {
        self.call = call
        self.source = source
        self.pacing = pacing
        self.limit = limit ?? .max
        self.connection = connection
        self.progress = progress
    }

    /// Runs until the packets end, the limit is reached, Ctrl-C is pressed, or no other packet can fare better.
    mutating func run() throws(ControlClientError) {
        defer { finish() }
        while !hasEnded, summary.offered < limit, !Interruption.isWished {
            let (batch, due) = gather()
            if !batch.isEmpty { try offer(batch) }
            show()
            if waiting != nil { sleep(until: max(due, MonotonicClock.now() + Self.tick)) }
        }
    }

    /// The packets that are due; and when the one that waits will be, if one does.
    private mutating func gather() -> (batch: [HexadecimalBytes], due: Int64) {
        var batch: [HexadecimalBytes] = []
        var bytes = 0
        while batch.count < min(Self.mostPackets, limit - summary.offered), bytes < Self.mostBytes {
            // What is there already doesn't wait for what isn't.
            if waiting == nil, !source.isReady(within: 0), !batch.isEmpty || !waitForSource() { break }
            guard let packet = nextPacket() else { break }
            let now = MonotonicClock.now()
            let begin = start ?? now
            start = begin
            let (due, isNever) = begin.addingReportingOverflow(pacing.due(summary.offered + batch.count, packet))
            if isNever || due > now {
                waiting = packet
                return (batch, isNever ? .max : due)
            }
            batch.append(HexadecimalBytes(packet.bytes))
            bytes += packet.bytes.count
        }
        return (batch, 0)
    }

    private mutating func nextPacket() -> OfferedPacket? {
        if let packet = waiting.take() { return packet }
        do throws(CaptureError) {
            let packet = try source.next()
            hasEnded = packet == nil
            return packet
        } catch {
            // Being interrupted while it reads is no fault of the file.
            if !Interruption.isWished { damage = error }
            hasEnded = true
            return nil
        }
    }

    /// Waits for packets of somebody else's making; whether there are any. That time is nobody's delay.
    private mutating func waitForSource() -> Bool {
        let begin = MonotonicClock.now()
        while !Interruption.isWished {
            if source.isReady(within: Self.lookInterval) {
                if case .rate = pacing { start? += MonotonicClock.now() - begin }
                return true
            }
            show()
        }
        return false
    }

    /// Offers packets until the daemon has taken or refused each of them.
    private mutating func offer(_ packets: [HexadecimalBytes]) throws(ControlClientError) {
        var call = call
        call.packets = packets
        var deadline = MonotonicClock.now() + Self.listPatience
        var pause = Self.tick
        while true {
            let reply = try connection.call(call)
            let answered = reply.refusals.reduce(reply.accepted) { $0 &+ $1.count }
            guard reply.accepted >= 0, reply.refusals.allSatisfy({ $0.count >= 0 }), answered == call.packets.count
            else { throw .notUnderstood }
            summary.add(accepted: reply.accepted, reply.refusals.filter { $0.reason != .listFull })
            if reply.refusals.contains(where: { $0.reason.isLasting && $0.count > 0 }) { hasEnded = true }
            guard let full = reply.refusals.first(where: { $0.reason == .listFull && $0.count > 0 }) else { return }
            if full.count < call.packets.count {
                deadline = MonotonicClock.now() + Self.listPatience
                pause = Self.tick
            }
            if Interruption.isWished { return }
            if MonotonicClock.now() >= deadline {
                summary.add(accepted: 0, [full])
                hasEnded = true
                return
            }
            call.packets.removeFirst(call.packets.count - full.count)
            show()
            sleep(until: MonotonicClock.now() + pause)
            pause = min(2 * pause, 50 * Self.tick)
        }
    }

    private mutating func sleep(until moment: Int64) {
        while !Interruption.isWished, MonotonicClock.now() < moment {
            let look = MonotonicClock.now() + Int64(Self.lookInterval) * 1_000_000
            MonotonicClock.sleep(until: min(moment, look))
            show()
        }
    }

    private mutating func show() {
        let isLimited = limit < .max
        let ofLimit = isLimited ? Double(summary.offered) / Double(limit) : nil
        progress.show(
            ProgressLine.State(
                offered: summary.offered, refused: summary.refused, seconds: seconds,
                fraction: [ofLimit, source.fractionDone].compactMap(\.self).max()))
    }

    private var seconds: Double { start.map { Double(MonotonicClock.now() - $0) / 1e9 } ?? 0 }

    private mutating func finish() {
        progress.clear()
        summary.seconds = seconds
        summary.skipped = source.skipped
        summary.isInterrupted = Interruption.isWished
    }
}

extension Inject.Reason {
    /// Whether packets that follow will be refused as well.
    fileprivate var isLasting: Bool {
        switch self {
        case .deadInstance, .unsupported, .unavailable, .unknownInterface: true
        default: false
        }
    }
}
