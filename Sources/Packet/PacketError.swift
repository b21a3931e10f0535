// SPDX-License-Identifier: Apache-2.0

/// Why bytes are not a readable packet.
///
/// A trivial value, so that refusing a hostile packet costs no more than accepting a good one.
@frozen
public enum PacketError: Error, Equatable, Sendable, BitwiseCopyable {
    /// The bytes end inside a header.
    case truncated
    /// The version field is neither 4 nor 6, or not the one of the view.
    case version
    /// The IPv4 header length field is below 5 words (RFC 791, section 3.1).
    case headerLength
    /// The IPv4 total length is shorter than the header (RFC 791, section 3.1).
    case totalLength
    /// IPv6 extension headers that no host may send: hop-by-hop options after another header, a second fragment
    /// header, or more than ``ExtensionHeaders/maximumCount`` headers (RFC 8200, section 4.1).
    case extensionHeaders
    /// An IPv6 jumbogram (RFC 2675): payload length 0 with hop-by-hop options.
    case jumbogram
    /// What is to be written does not fit: an option list beyond its header, a packet beyond 65,535 bytes, or a span
    /// without room.
    case tooLong
    /// Source and destination, or address and protocol, are of different families.
    case family
}
