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

    static let mostBytes = 1 << 30

    /// The same with each value moved into its range.
    var bounded: InjectionLimits {
        var limits = self
        limits.packets = min(max(packets, 1), 1 << 20)
        limits.bytes = min(max(bytes, InjectionList.chunkSize), Self.mostBytes)
        limits.injections = min(max(injections, 1), 63)
        return limits
    }
}
