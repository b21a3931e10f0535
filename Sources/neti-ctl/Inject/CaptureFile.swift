// SPDX-License-Identifier: Apache-2.0

import CPcap
import Glibc

/// A file of captured packets in the formats pcap and pcapng, read from its beginning by libpcap.
@safe struct CaptureFile: ~Copyable {
    /// One packet as it was captured.
    struct Frame {
        /// When, in nanoseconds since 1970-01-01 00:00 UTC as whoever captured it saw it.
        var time: Int64
        /// What of it was captured.
        var bytes: [UInt8]
        /// Whether that is all of it.
        var isWhole: Bool
    }

    /// What stands in front of the packets.
    let linkLayer: LinkLayer
    /// Whether it ends, and can be opened again.
    let isRegular: Bool

    private let path: String
    private let size: Int64
    private let stream: UnsafeMutablePointer<FILE>
    private let handle: OpaquePointer
    private var count = 0

    /// Opens a file, or standard input for `-`.
    ///
    /// - Parameter mustBeRegular: whether it will be read more than once.
    init(path: String, mustBeRegular: Bool = false) throws(CaptureError) {
        let stream = unsafe path == "-" ? fdopen(dup(STDIN_FILENO), "r") : fopen(path, "re")
        guard let stream = unsafe stream else { throw CaptureError(path, unsafe String(cString: strerror(errno))) }
        var status = stat()
        guard unsafe fstat(fileno(stream), &status) == 0 else {
            defer { unsafe fclose(stream) }
            throw CaptureError(path, unsafe String(cString: strerror(errno)))
        }
        let isRegular = status.st_mode & S_IFMT == S_IFREG
        if mustBeRegular, !isRegular {
            unsafe fclose(stream)
            throw CaptureError(path, "can't be read twice, as --loop needs")
        }
        // What is left in a buffer, poll(2) can't tell of.
        if !isRegular { unsafe setvbuf(stream, nil, _IONBF, 0) }
        var message = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
        let opened = unsafe pcap_fopen_offline_with_tstamp_precision(
            stream, UInt32(PCAP_TSTAMP_PRECISION_NANO), &message)
        guard let handle = unsafe opened else {
            unsafe fclose(stream)
            throw CaptureError(path, Self.text(message))
        }
        let number = unsafe pcap_datalink(handle)
        guard let linkLayer = LinkLayer(number) else {
            let name = unsafe pcap_datalink_val_to_description_or_dlt(number).map { unsafe String(cString: $0) }
            unsafe pcap_close(handle)
            throw CaptureError(path, "no IP packets can be taken out of link type \(name ?? "\(number)")")
        }
        self.path = path
        self.linkLayer = linkLayer
        self.isRegular = isRegular
        size = isRegular ? Int64(status.st_size) : 0
        unsafe self.stream = unsafe stream
        unsafe self.handle = unsafe handle
    }

    deinit {
        // Closes the stream as well.
        unsafe pcap_close(handle)
    }

    /// The next packet; nil at the end.
    mutating func next() throws(CaptureError) -> Frame? {
        var header: UnsafeMutablePointer<pcap_pkthdr>?
        var data: UnsafePointer<UInt8>?
        let result = unsafe pcap_next_ex(handle, &header, &data)
        if result == PCAP_ERROR_BREAK { return nil }
        count += 1
        guard result == 1, let header = unsafe header?.pointee, let data = unsafe data else {
            throw CaptureError(path, packet: count, unsafe String(cString: pcap_geterr(handle)))
        }
        let (seconds, isTooLong) = Int64(header.ts.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
        return Frame(
            time: isTooLong ? 0 : seconds.addingReportingOverflow(Int64(header.ts.tv_usec)).partialValue,
            bytes: unsafe Array(UnsafeBufferPointer(start: data, count: Int(header.caplen))),
            isWhole: header.caplen >= header.len)
    }

    /// Waits for more to read, so long at most; a regular file needs no waiting.
    ///
    /// - Returns: whether ``next()`` will get some, or the end.
    func isReady(within milliseconds: CInt) -> Bool {
        if isRegular { return true }
        var entry = unsafe pollfd(fd: fileno(stream), events: CShort(POLLIN), revents: 0)
        return unsafe poll(&entry, 1, milliseconds) > 0
    }

    /// How much of the file is read, from 0 to 1; nil where nobody knows how long it is.
    var fractionRead: Double? {
        size > 0 ? unsafe min(1, max(0, Double(ftello(stream)) / Double(size))) : nil
    }

    private static func text(_ message: [CChar]) -> String {
        String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

/// What is wrong with a file.
struct CaptureError: Error, Equatable, CustomStringConvertible {
    let description: String

    /// - Parameter packet: its number in the file, counted from 1.
    init(_ path: String, packet: Int? = nil, _ cause: String) {
        let name = path == "-" ? "standard input" : path
        description = [name, packet.map { "packet \($0)" }, cause].compactMap(\.self).joined(separator: ": ")
    }
}
