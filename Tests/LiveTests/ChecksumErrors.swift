// SPDX-License-Identifier: Apache-2.0

import LiveHost
import Packet

/// What a host's kernel found to be damaged: the `InCsumErrors` of `/proc/net/snmp` and `snmp6`, both families added.
struct ChecksumErrors: Equatable {
    var udp = 0
    var tcp = 0
    var icmp = 0
    /// Of IPv4 headers, among other faults of headers.
    var header = 0

    init() {}

    init(of host: Host) throws {
        var words: [String: [String: Int]] = [:]
        let lines = try host.procFile("net/snmp").split(separator: "\n").map { $0.split(separator: " ") }
        for (names, values) in zip(lines, lines.dropFirst()) where names.first == values.first {
            let section = String(names[0].dropLast())
            for (name, value) in zip(names.dropFirst(), values.dropFirst()) {
                words[section, default: [:]][String(name)] = Int(value)
            }
        }
        var six: [String: Int] = [:]
        for line in try host.procFile("net/snmp6").split(separator: "\n") {
            let parts = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            if parts.count == 2 { six[String(parts[0])] = Int(parts[1]) }
        }
        udp = (words["Udp"]?["InCsumErrors"] ?? 0) + (six["Udp6InCsumErrors"] ?? 0)
        tcp = words["Tcp"]?["InCsumErrors"] ?? 0
        icmp = (words["Icmp"]?["InCsumErrors"] ?? 0) + (six["Icmp6InCsumErrors"] ?? 0)
        header = (words["Ip"]?["InHdrErrors"] ?? 0) + (six["Ip6InHdrErrors"] ?? 0)
    }
}

extension CaptureSocket.Frame {
    /// Whether the checksums in the packet are those of its bytes.
    var hasRightChecksums: Bool {
        let bytes = unsafe bytes.span.bytes
        guard let datagram = try? Datagram(parsing: bytes) else { return false }
        let isHeaderRight =
            datagram.version == .v6 || InternetChecksum.of(bytes.extracting(0..<Int(datagram.headerLength))) == 0
        return isHeaderRight && datagram.transportChecksum(in: bytes) == 0
    }
}
