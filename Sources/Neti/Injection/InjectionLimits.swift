// SPDX-License-Identifier: Apache-2.0

/// What one instance's injection may take.
public struct InjectionLimits: Sendable, Equatable {
    /// Packets on the list at a time, held ones included; 1 to 1,048,576.
    public var packets = 4096
    /// Bytes of memory for them, counted in whole chunks of ``InjectionList/chunkSize``; up to 1 GiB. Taken as it is needed.
    public var bytes = 8 << 20
    /// How often one packet may be injected at the instance, 1 to 63; more is dropped and counted.
    public var injections = 16

    /// Everything as it is by default.
    public init() {}

    /// The ranges of the three.
    public static let ranges = (packets: 1...(1 << 20), bytes: 65_536...(1 << 30), injections: 1...63)
}
