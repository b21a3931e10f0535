// SPDX-License-Identifier: Apache-2.0

import NetiControl

/// Writes captured packets as pcapng (draft-ietf-opsawg-pcapng): blocks of little-endian numbers, each with its length
/// at either end.
///
/// Every place where packets are met, an instance's event on an interface, is an interface of the capture. Timestamps
/// are in nanoseconds, and each packet has a comment.
struct PcapngWriter {
    private enum Block {
        static let section: UInt32 = 0x0A0D_0D0A
        static let interface: UInt32 = 1
        static let packet: UInt32 = 6
    }

    private enum Option {
        static let comment: UInt16 = 1
        static let application: UInt16 = 4
        static let interfaceName: UInt16 = 2
        static let interfaceDescription: UInt16 = 3
        static let timestampResolution: UInt16 = 9
        static let packetFlags: UInt16 = 2
    }

    /// LINKTYPE_LINUX_SLL, the header of 16 bytes that Linux makes up where interfaces differ: the direction and the
    /// protocol are in it. LINKTYPE_RAW would do without, but libpcap refuses more than one interface of that type.
    private static let cooked: UInt16 = 113
    private static let cookedLength = 16

    /// Where packets are met.
    private struct Place: Hashable {
        var netid: Int
        var instance: String
        var event: String
        var interface: String?

        var direction: UInt32 {
            switch event {
            case "PHYSICAL_IN", "LOOPBACK_IN": 1
            case "PHYSICAL_OUT", "LOOPBACK_OUT": 2
            default: 0
            }
        }

        var name: String { [instance, event, interface].compactMap(\.self).joined(separator: " ") }

        var description: String {
            let way = [0: "on its way through", 1: "inbound", 2: "outbound"][direction] ?? ""
            return "IP instance \(instance) (netid \(netid)), \(event), \(way)"
                + (interface.map { ", interface \($0)" } ?? "")
        }
    }

    private let snaplen: Int
    private var places: [Place: UInt32] = [:]
    private var written: [UInt8] = []

    /// Begins with the section header.
    ///
    /// - Parameter snaplen: bytes that packets are cut to, 0 for no limit.
    init(application: String, snaplen: Int = 0) {
        self.snaplen = snaplen
        written += Self.block(Block.section) { body in
            body.append(little: UInt32(0x1A2B_3C4D))
            body.append(little: UInt16(1))
            body.append(little: UInt16(0))
            body.append(little: UInt64.max)
            body.append(option: Option.application, Array(application.utf8))
            body.endOptions()
        }
    }

    /// What has been written since the last time.
    mutating func take() -> [UInt8] {
        defer { written.removeAll(keepingCapacity: true) }
        return written
    }

    /// Writes a packet, and its place if it is the first one there.
    mutating func write(_ packet: Capture.Packet) {
        let place = Place(
            netid: packet.netid, instance: packet.instance, event: packet.event, interface: packet.ownInterface)
        let number = places[place] ?? describe(place)
        let time = UInt64(clamping: packet.seconds) &* 1_000_000_000 &+ UInt64(clamping: packet.nanoseconds)
        written += Self.block(Block.packet) { body in
            body.append(little: number)
            body.append(little: UInt32(truncatingIfNeeded: time >> 32))
            body.append(little: UInt32(truncatingIfNeeded: time))
            body.append(little: UInt32(clamping: Self.cookedLength + packet.bytes.bytes.count))
            body.append(little: UInt32(clamping: Self.cookedLength + packet.length))
            body.append(padded: Self.cookedHeader(packet, place) + packet.bytes.bytes)
            body.append(option: Option.comment, Array(packet.comment.utf8))
            body.append(option: Option.packetFlags, [UInt8(place.direction), 0, 0, 0])
            body.endOptions()
        }
    }

    /// Big-endian: whether it is for this host (0) or from it (4), no hardware type, no address, the Ethernet type.
    private static func cookedHeader(_ packet: Capture.Packet, _ place: Place) -> [UInt8] {
        let type: [UInt8] = packet.family == "inet6" ? [0x86, 0xDD] : [0x08, 0x00]
        return [0, place.direction == 2 ? 4 : 0, 0xFF, 0xFE] + [UInt8](repeating: 0, count: 10) + type
    }

    private mutating func describe(_ place: Place) -> UInt32 {
        let number = UInt32(places.count)
        places[place] = number
        written += Self.block(Block.interface) { body in
            body.append(little: Self.cooked)
            body.append(little: UInt16(0))
            body.append(little: UInt32(clamping: snaplen == 0 ? 0 : snaplen + Self.cookedLength))
            body.append(option: Option.interfaceName, Array(place.name.utf8))
            body.append(option: Option.interfaceDescription, Array(place.description.utf8))
            // 10 to the power of -9.
            body.append(option: Option.timestampResolution, [9])
            body.endOptions()
        }
        return number
    }

    private static func block(_ type: UInt32, _ fill: (inout [UInt8]) -> Void) -> [UInt8] {
        var body: [UInt8] = []
        fill(&body)
        let length = UInt32(clamping: body.count + 12)
        var block: [UInt8] = []
        block.append(little: type)
        block.append(little: length)
        block += body
        block.append(little: length)
        return block
    }
}

extension Capture.Packet {
    /// What Wireshark shows beside the packet: `drop by filter, edited, mark 0x10`.
    var comment: String {
        var words = [verdict.rawValue + (hook.map { " by \($0)" } ?? "")]
        if edited { words.append("edited") }
        if mark != 0 { words.append("mark 0x\(String(mark, radix: 16))") }
        if injections != 0 { words.append("injected \(injections) time\(injections == 1 ? "" : "s")") }
        return words.joined(separator: ", ")
    }

    /// The interface by which its place is named: where it came from, if it came, else where it goes.
    fileprivate var ownInterface: String? {
        event == "PHYSICAL_OUT" || event == "LOOPBACK_OUT" ? outInterface : inInterface ?? outInterface
    }
}

extension [UInt8] {
    fileprivate mutating func append(little number: some FixedWidthInteger) {
        for shift in stride(from: 0, to: number.bitWidth, by: 8) {
            append(UInt8(truncatingIfNeeded: number >> shift))
        }
    }

    fileprivate mutating func append(padded bytes: [UInt8]) {
        self += bytes
        self += [UInt8](repeating: 0, count: -bytes.count & 3)
    }

    /// An option: a code, a length, and a value of at most 65,535 bytes.
    fileprivate mutating func append(option code: UInt16, _ value: [UInt8]) {
        append(little: code)
        append(little: UInt16(clamping: value.count))
        append(padded: Array(value.prefix(Int(UInt16.max))))
    }

    fileprivate mutating func endOptions() {
        append(little: UInt32(0))
    }
}
