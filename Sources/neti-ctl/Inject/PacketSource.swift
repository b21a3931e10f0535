// SPDX-License-Identifier: Apache-2.0

/// Where the packets come from.
protocol PacketSource: ~Copyable {
    /// The next packet; nil when there are no more.
    mutating func next() throws(CaptureError) -> OfferedPacket?

    /// Whether ``next()`` can be asked without waiting, after waiting so long at most.
    func isReady(within milliseconds: CInt) -> Bool

    /// How much of it is done, from 0 to 1; nil where nobody knows.
    var fractionDone: Double? { get }

    /// What it passed over so far.
    var skipped: SkippedFrames { get }
}

/// One packet to be injected.
struct OfferedPacket: Equatable {
    /// From its IP header on.
    var bytes: [UInt8]
    /// When it was captured, in nanoseconds after the first one; never before the one in front of it.
    var time: Int64 = 0
}

/// What a file holds beside whole IP packets.
struct SkippedFrames: Equatable, Encodable {
    /// Frames of other protocols.
    var notIP = 0
    /// Packets of which only a part was captured.
    var cut = 0
}

/// Packets given as text.
struct GivenPackets: PacketSource {
    let packets: [[UInt8]]
    let isLoop: Bool
    private var count = 0

    init(_ packets: [[UInt8]], isLoop: Bool) {
        self.packets = packets
        self.isLoop = isLoop
    }

    mutating func next() -> OfferedPacket? {
        guard !packets.isEmpty, isLoop || count < packets.count else { return nil }
        defer { count += 1 }
        return OfferedPacket(bytes: packets[count % packets.count])
    }

    func isReady(within milliseconds: CInt) -> Bool { true }
    var fractionDone: Double? { isLoop ? nil : Double(count) / Double(packets.count) }
    var skipped: SkippedFrames { SkippedFrames() }
}

/// The IP packets of a file, once or over and over.
struct CapturedPackets: PacketSource, ~Copyable {
    private let path: String
    private let isLoop: Bool
    private var file: CaptureFile
    private(set) var skipped = SkippedFrames()
    /// Of this round through the file: its first packet's own time, and where that is in the time of all rounds.
    private var round: (first: Int64, start: Int64)?
    private var lastTime: Int64 = 0

    init(path: String, isLoop: Bool) throws(CaptureError) {
        let file = try CaptureFile(path: path, mustBeRegular: isLoop)
        self.path = path
        self.isLoop = isLoop
        self.file = file
    }

    mutating func next() throws(CaptureError) -> OfferedPacket? {
        while true {
            guard let frame = try file.next() else {
                // A file without packets has no next round.
                guard isLoop, round != nil else { return nil }
                file = try CaptureFile(path: path)
                round = nil
                continue
            }
            switch file.linkLayer.contents(of: frame.bytes, isWhole: frame.isWhole) {
            case .packet(let range): return OfferedPacket(bytes: Array(frame.bytes[range]), time: time(of: frame))
            case .notIP: skipped.notIP += 1
            case .cut: skipped.cut += 1
            }
        }
    }

    func isReady(within milliseconds: CInt) -> Bool { file.isReady(within: milliseconds) }
    var fractionDone: Double? { isLoop ? nil : file.fractionRead }

    /// Each round goes on where the last one ended. Clocks that were set back while packets were captured stand still.
    private mutating func time(of frame: CaptureFile.Frame) -> Int64 {
        let (first, start) = round ?? (frame.time, lastTime)
        round = (first, start)
        let (offset, isTooFar) = frame.time.subtractingReportingOverflow(first)
        let (time, isTooLate) = start.addingReportingOverflow(offset)
        if !isTooFar, !isTooLate { lastTime = max(lastTime, time) }
        return lastTime
    }
}
