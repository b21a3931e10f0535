// SPDX-License-Identifier: Apache-2.0

/// Batches of segments that are longer than an IP header can say, as a host's TCP sends them to itself.
///
/// The kernel writes the length 0 into their headers and goes by its own (`iph_set_totlen`, RFC 2675), which would make
/// them broken packets in the eyes of hooks. They are shown with the greatest length that there is instead; the kernel
/// never gets these bytes back, for a packet of which only a part was copied can't be changed.
enum LongBatch {
    /// The longest packet that an IPv4 header can describe.
    private static let maximum = 65_535

    /// Where a header has its length, by the IP version in its first byte.
    private static let places: (v4: Int, v6: Int) = (2, 4)

    /// Puts a length where there is none.
    ///
    /// The header checksum of IPv4 stays right, for 0 and 65,535 are the same in ones' complement.
    /// - Parameters:
    ///   - bytes: the IP header's first byte; `count` of them are there.
    ///   - length: of the whole packet, as the kernel knows it.
    @inline(__always)
    static func mend(_ bytes: UnsafeMutableRawPointer, count: Int, length: Int) {
        guard length > maximum, count >= 40 else { return }
        let version = unsafe bytes.load(as: UInt8.self) >> 4
        let place = version == 4 ? places.v4 : places.v6
        guard unsafe bytes.loadUnaligned(fromByteOffset: place, as: UInt16.self) == 0 else { return }
        unsafe bytes.storeBytes(of: .max, toByteOffset: place, as: UInt16.self)
    }
}
