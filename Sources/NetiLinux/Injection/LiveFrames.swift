// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
package import Neti
package import SystemPackage

/// Packets that an interface shall take for received: written one after another into memory that an XDP program of ours
/// reads, handed over by one system call (`live_frames.h`).
///
/// For one thread. Writing and handing over allocates nothing.
@safe
package struct LiveFrames: ~Copyable {
    /// The most packets of one call.
    package static let capacity = Int(CLNX_LIVE_SLOTS)

    /// The longest IP packet, in bytes.
    package static let maximumLength = Int(CLNX_LIVE_FRAME - CLNX_LIVE_HEADER)

    /// Packets that wait to be handed over.
    package private(set) var count = 0

    private var live: clnx_live
    /// Where the frame of the packet is that was started last.
    private var last: UnsafeMutablePointer<UInt8>
    /// Bytes of each, header included.
    private var lengths = InlineArray<64, UInt16>(repeating: 0)

    /// Why the kernel can't do it; nil when it can. Makes no traffic.
    ///
    /// - Returns: `EINVAL` before Linux 5.18, `EPERM` without `CAP_BPF` and `CAP_NET_ADMIN`, `ENOSYS` when the kernel was built
    ///   without bpf(2).
    package static func probe() -> Errno? {
        let code = clnx_live_probe()
        return code < 0 ? Errno(rawValue: -code) : nil
    }

    /// Loads the program.
    ///
    /// - Throws: as ``probe()``, and `ENOMEM` or `EMFILE`.
    package init() throws(NetiError) {
        var live = unsafe clnx_live()
        let code = unsafe clnx_live_open(&live)
        guard code == 0 else { throw NetiError(Errno(rawValue: -code), "can't load the program for received frames") }
        unsafe self.live = live
        unsafe last = clnx_live_slot(&live, 0)
    }

    deinit {
        var live = unsafe live
        unsafe clnx_live_close(&live)
    }

    /// Makes calls for more than one packet cheap, once; takes some 20 ms. Needs `CAP_SYS_ADMIN`.
    ///
    /// - Returns: why not; everything works all the same, only slower. `EXDEV`: the calling thread is in a namespace of
    ///   nobody's now.
    package mutating func warm() -> Errno? {
        let code = unsafe clnx_live_warm(&live)
        return code < 0 ? Errno(rawValue: -code) : nil
    }

    /// Starts a packet with its first bytes; ``append(_:)`` brings others. There are less than ``capacity``.
    ///
    /// - Returns: false if they are more than ``maximumLength``; nothing is started then.
    @inline(__always)
    package mutating func start(_ bytes: UnsafeRawBufferPointer) -> Bool {
        precondition(count < Self.capacity)
        guard bytes.count <= Self.maximumLength else { return false }
        unsafe last = clnx_live_slot(&live, UInt32(truncatingIfNeeded: count))
        if let start = bytes.baseAddress {
            unsafe UnsafeMutableRawPointer(last + Int(CLNX_LIVE_HEADER)).copyMemory(from: start, byteCount: bytes.count)
        }
        lengths[count] = UInt16(truncatingIfNeeded: Int(CLNX_LIVE_HEADER) &+ bytes.count)
        count &+= 1
        return true
    }

    /// Adds bytes to the packet that was started last.
    ///
    /// - Returns: false if it were longer than ``maximumLength`` then; it stays as it was.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let length = Int(lengths[count - 1])
        guard bytes.count <= Int(CLNX_LIVE_FRAME) - length else { return false }
        if let start = bytes.baseAddress {
            unsafe UnsafeMutableRawPointer(last + length).copyMemory(from: start, byteCount: bytes.count)
        }
        lengths[count - 1] += UInt16(bytes.count)
        return true
    }

    /// Takes the packet back that was started last.
    package mutating func cancel() {
        count -= 1
    }

    /// The packet that was started last, from its IP header on; valid until the next call.
    @unsafe
    package var packet: UnsafeRawBufferPointer {
        mutating get {
            let header = Int(CLNX_LIVE_HEADER)
            return unsafe UnsafeRawBufferPointer(start: last + header, count: Int(lengths[count - 1]) - header)
        }
    }

    /// Writes the header before the packet that was started last.
    ///
    /// - Parameters:
    ///   - destination: six bytes, the first one in the highest place of the 64 bits.
    ///   - source: likewise.
    ///   - type: EtherType.
    @inline(__always)
    package mutating func address(to destination: UInt64, from source: UInt64, type: UInt16) {
        let frame = unsafe UnsafeMutableRawPointer(last)
        // Six bytes and two, then the other four.
        unsafe frame.storeBytes(of: (destination & ~0xFFFF | source >> 48).bigEndian, as: UInt64.self)
        let rest = UInt32(truncatingIfNeeded: source >> 16)
        unsafe frame.storeBytes(of: rest.bigEndian, toByteOffset: 8, as: UInt32.self)
        unsafe frame.storeBytes(of: type.bigEndian, toByteOffset: 12, as: UInt16.self)
    }

    /// Has the interface receive what was written, in order. The calling thread is in the interface's namespace.
    ///
    /// - Returns: how many packets it received, or a negative errno, `-ENODEV` when there is no such interface. Nothing waits
    ///   any more in any case.
    package mutating func run(on interface: UInt32) -> Int32 {
        let count = UInt32(count)
        self.count = 0
        return unsafe lengths.span.withUnsafeBufferPointer { lengths in
            guard let start = lengths.baseAddress else { return 0 }
            return unsafe clnx_live_run(&live, interface, start, count)
        }
    }
}
