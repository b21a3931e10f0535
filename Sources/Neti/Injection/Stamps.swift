// SPDX-License-Identifier: Apache-2.0

/// Marks by which hooks know again what they injected, beside the packet's bytes and its netfilter mark.
///
/// Eight hooks of an instance can have one each (``Instance/takeStamp()``). A packet that is injected bears the stamps it
/// came with and those that were put on it, until it leaves the host or is delivered; the manual leaves such marking to
/// the module (R149).
public struct Stamps: OptionSet, Hashable, Sendable {
    /// One bit for each stamp.
    public let rawValue: UInt8

    /// Wraps the bits.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }
}
