// SPDX-License-Identifier: Apache-2.0

package import Neti

/// What is remembered of a packet while it goes round through the kernel by NI_QUEUE_IN.
package struct InjectedOrigin: Equatable, Sendable {
    /// How often it was injected, at most 63.
    package var injections: UInt8
    /// The stamps that it bears.
    package var stamps: Stamps
    /// The link-layer source with which it once came, as in ``PacketMetadata/linkLayerSource``.
    package var linkLayerSource: UInt64
    /// Bytes of that, 0 for none.
    package var linkLayerSourceLength: UInt8

    /// How long it is remembered, in nanoseconds. A packet comes back within microseconds, or waits in a queue; what comes
    /// later is taken for somebody else's.
    package static let lifetime: UInt64 = 10_000_000_000

    /// Puts the four together.
    package init(
        injections: UInt8, stamps: Stamps, linkLayerSource: UInt64 = 0, linkLayerSourceLength: UInt8 = 0
    ) {
        self.injections = injections
        self.stamps = stamps
        self.linkLayerSource = linkLayerSource
        self.linkLayerSourceLength = linkLayerSourceLength
    }
}
