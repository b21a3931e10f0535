// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import CNetfilterQueue
import Glibc
import Hooks
import Neti

/// What a pump thread does with its queues; lives on that thread alone.
///
/// The path of a packet: one `recvmmsg` brings a batch, each packet runs through the chain of its event, one `send`
/// carries the verdicts. In here nothing is allocated, retained, locked or logged.
@safe
struct PumpLoop: ~Copyable {
    /// Packets of one batch. More gains nothing (measured), fewer costs system calls.
    static let batch: UInt32 = 64

    /// Batches after which another queue of the same pump gets its turn.
    static let turnLimit = 16

    let reader: Reader
    let arp = ARPSlab()
    private let progress: Unmanaged<ThreadProgress>
    private let captures: Unmanaged<CaptureSwitch>
    private let slab: ReceiveSlab
    private var verdicts = VerdictBuffer()
    private let cookie = InjectionCookie.ofProcess
    /// How often the packet that hooks look at was injected, as it stands in the reader's note.
    private var noted: UInt8 = 0

    /// Inlined, so that nothing of this type that stands by itself in the machine code allocates (`make gates`).
    ///
    /// - Parameters:
    ///   - progress: outlives the loop.
    ///   - captures: who wants copies of packets; outlives the loop.
    @inline(__always)
    init(reader: consuming Reader, progress: ThreadProgress, captures: CaptureSwitch) throws(NetiError) {
        unsafe self.captures = .passUnretained(captures)
        unsafe self.progress = .passUnretained(progress)
        slab = try ReceiveSlab(messages: Self.batch)
        self.reader = reader
    }

    /// Serves a queue until it is all but empty or others have waited long enough; returns the size of the last batch.
    @inline(never)
    mutating func turn(_ queue: UnsafePointer<PumpedQueue>) -> Int32 {
        var count: Int32 = 0
        for _ in 0..<Self.turnLimit {
            count = unsafe takeBatch(queue)
            guard count == Int32(Self.batch) else { break }
        }
        return count
    }

    @inline(__always)
    private mutating func takeBatch(_ queue: UnsafePointer<PumpedQueue>) -> Int32 {
        var received = cnfq_received()
        let count = slab.receive(from: unsafe queue.pointee.socket, &received)
        if count <= 0 {
            if count < 0 { unsafe note(error: count, at: queue) }
            return count
        }
        let begin = MonotonicClock.now
        let target = unsafe VerdictBuffer.Target(socket: queue.pointee.socket, queue: queue.pointee.number)
        var tally = Tally()
        reader.enter()
        for index in 0..<Int(received.packets) {
            unsafe decide(slab.packets + index, queue, target, &tally)
        }
        reader.leave()
        noteBatch()
        verdicts.send(to: target)
        unsafe note(received, tally, MonotonicClock.now &- begin, at: queue)
        return count
    }

    /// Notes that the hooks of a batch have returned.
    @inline(__always)
    func noteBatch() {
        unsafe progress._withUnsafeGuaranteedRef { $0.batches.add(1) }
    }

    private struct Tally {
        var accepted = 0
        var dropped = 0
        var edited = 0
    }

    @inline(__always)
    private mutating func decide(
        _ packet: UnsafePointer<cnfq_packet>, _ queue: UnsafePointer<PumpedQueue>, _ target: VerdictBuffer.Target,
        _ tally: inout Tally
    ) {
        let id = unsafe packet.pointee.id
        guard
            let place = unsafe queue.pointee.destination(
                hook: packet.pointee.hook, family: packet.pointee.family)
        else {
            // Not sent here by a rule of ours, so there is no chain that could object.
            verdicts.append(UInt32(CNFQ_ACCEPT), id: id, to: target)
            tally.accepted += 1
            return
        }
        // A damaged message has no bytes; hooks see an empty packet then, which a filter refuses.
        let payload = unsafe UnsafeMutableRawPointer(mutating: packet.pointee.payload) ?? slab.start
        let isThere = unsafe packet.pointee.payload != nil
        unsafe LongBatch.mend(
            payload, count: Int(packet.pointee.payload_length), length: Int(packet.pointee.length))
        var metadata = unsafe PacketMetadata(packet, at: place.event)
        unsafe queue.pointee.injected._withUnsafeGuaranteedRef { injected in
            unsafe injected.recognise(
                &metadata, UnsafeRawBufferPointer(start: payload, count: Int(packet.pointee.payload_length)),
                at: place.event)
        }
        let injected = cookie.read(unsafe packet.pointee.priority)
        if let injected { (metadata.injections, metadata.stamps) = injected }
        note(injections: metadata.injections)
        var event = unsafe PacketEvent(
            netid: queue.pointee.netid, family: place.family, event: place.event,
            flags: queue.pointee.flags, lane: reader.index, metadata: metadata, mark: packet.pointee.mark,
            base: payload, count: Int(packet.pointee.payload_length),
            capacity: isThere ? Int(CNFQ_MAX_COPY_RANGE) : 0, injection: queue.pointee.injection)
        let decision = unsafe place.chain._withUnsafeGuaranteedRef { $0.decide(&event, reader: reader) }

        guard decision.result == .pass, !event.isConsumed, event.isSendable else {
            capture(event, event.isConsumed ? .consume : .drop, registration: decision.registration)
            verdicts.append(UInt32(CNFQ_DROP), id: id, to: target)
            tally.dropped += 1
            return
        }
        tally.accepted += 1
        if event.isEdited { event.finishChecksums() }
        capture(event, .pass, registration: 0)
        unsafe observe(event, place, zone: queue.pointee.zone)
        let priority: Int64 = injected != nil && place.event.isLast ? 0 : -1
        let change = cnfq_change(mark: event.isMarkChanged ? Int64(event.mark) : -1, priority: priority)
        if event.isEdited {
            tally.edited += 1
            verdicts.append(UInt32(CNFQ_ACCEPT), id: id, change: change, payload: event.bytes, to: target)
        } else if event.isMarkChanged {
            verdicts.append(UInt32(CNFQ_ACCEPT), id: id, change: change, to: target)
        } else {
            verdicts.append(UInt32(CNFQ_ACCEPT), id: id, priority: priority, to: target)
        }
    }

    /// Copies a packet for whoever captures, which is nobody nearly always.
    @inline(__always)
    private func capture(
        _ event: borrowing PacketEvent, _ verdict: CapturedPacket.Verdict, registration: UInt64
    ) {
        unsafe captures._withUnsafeGuaranteedRef { captures in
            if captures.isOn { captures.offer(event, verdict, registration: registration) }
        }
    }

    /// Tells what hooks inject beside the event how often their packet was injected already.
    @inline(__always)
    mutating func note(injections: UInt8) {
        guard noted != injections else { return }
        noted = injections
        reader.setNote(UInt64(injections))
    }

    /// Shows a packet that passed its event to the hooks on `OBSERVING`, whose answer is ignored (R104).
    @inline(__always)
    private func observe(_ event: borrowing PacketEvent, _ place: PumpedQueue.Destination, zone: UInt64) {
        guard let direction = place.direction,
            unsafe place.observing._withUnsafeGuaranteedRef({ $0.isInterested })
        else { return }
        var shown = unsafe PacketEvent(observing: event, direction, zone: zone)
        _ = unsafe place.observing._withUnsafeGuaranteedRef { $0.run(&shown, reader: reader) }
    }

    private mutating func note(
        _ received: cnfq_received, _ tally: Tally, _ nanoseconds: UInt64, at queue: UnsafePointer<PumpedQueue>
    ) {
        let failures = verdicts.takeFailures()
        unsafe queue.pointee.statistics._withUnsafeGuaranteedRef { statistics in
            statistics.batches.add(1)
            statistics.batchSizes.add(packets: received.packets)
            statistics.received.add(Int(received.packets))
            statistics.accepted.add(tally.accepted)
            statistics.dropped.add(tally.dropped)
            statistics.edited.add(tally.edited)
            statistics.expiredVerdicts.add(Int(received.refusals))
            statistics.malformed.add(Int(received.malformed) + Int(received.truncated))
            statistics.verdictErrors.add(failures)
            statistics.latency.add(packets: Int(received.packets), nanoseconds: nanoseconds)
            statistics.latencySum.add(Int(received.packets) &* Int(truncatingIfNeeded: nanoseconds))
        }
    }

    private func note(error: Int32, at queue: UnsafePointer<PumpedQueue>) {
        unsafe queue.pointee.statistics._withUnsafeGuaranteedRef { statistics in
            if error == -ENOBUFS {
                statistics.overruns.add(1)
            } else {
                statistics.receiveErrors.add(1)
            }
        }
    }
}

extension NetworkEvent {
    /// Whether no later event is to know that the packet was injected, so that its cookie comes off.
    @inline(__always)
    fileprivate var isLast: Bool { self == .physicalOut || self == .loopbackIn }
}

extension PacketMetadata {
    @inline(__always)
    fileprivate init(_ packet: UnsafePointer<cnfq_packet>, at event: NetworkEvent) {
        self.init()
        // The kernel tells more at postrouting than the event promises (R89, R90).
        if event != .physicalOut { inInterface = unsafe packet.pointee.indev }
        outInterface = unsafe packet.pointee.outdev
        length = unsafe Int(packet.pointee.length)
        arrival = unsafe packet.pointee.timestamp
        linkLayerSource = unsafe packet.pointee.hw_source
        linkLayerSourceLength = unsafe UInt8(truncatingIfNeeded: packet.pointee.hw_source_length)
        let present = unsafe packet.pointee.present
        if present & UInt32(CNFQ_HAS_UID) != 0 { uid = unsafe packet.pointee.uid }
        if present & UInt32(CNFQ_HAS_GID) != 0 { gid = unsafe packet.pointee.gid }
        let info = unsafe packet.pointee.skb_info
        isChecksumPostponed = info & UInt32(CNFQ_CHECKSUM_NOT_READY) != 0
        isSegmentBatch = info & UInt32(CNFQ_IS_GSO) != 0
        isChecksumUnverified = info & UInt32(CNFQ_CHECKSUM_NOT_VERIFIED) != 0
    }
}
