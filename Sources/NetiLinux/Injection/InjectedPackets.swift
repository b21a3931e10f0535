// SPDX-License-Identifier: Apache-2.0

import Kstat
package import Neti
import Synchronization

/// What one instance has injected by NI_QUEUE_IN and not seen come back yet.
///
/// Costs a look at two words for each packet while nothing was ever injected; the tables are made when something is.
@safe
package final class InjectedPackets: Sendable {
    /// The bits of a reference that this object owns; 0 before there is one.
    private let sourceBits = Atomic<UInt>(0)
    private let fingerprintBits = Atomic<UInt>(0)

    package init() {}

    deinit {
        unsafe Self.reference(sourceBits, to: InjectedSources.self)?.release()
        unsafe Self.reference(fingerprintBits, to: InjectedFingerprints.self)?.release()
    }

    // MARK: The thread that injects

    /// Where addresses are issued; one thread.
    package var sources: InjectedSources {
        if let made = unsafe Self.reference(sourceBits, to: InjectedSources.self) {
            return unsafe made.takeUnretainedValue()
        }
        let made = InjectedSources()
        sourceBits.store(unsafe UInt(bitPattern: Unmanaged.passRetained(made).toOpaque()), ordering: .releasing)
        return made
    }

    /// Where packets are noted that get no address; one thread.
    package var fingerprints: InjectedFingerprints {
        if let made = unsafe Self.reference(fingerprintBits, to: InjectedFingerprints.self) {
            return unsafe made.takeUnretainedValue()
        }
        let made = InjectedFingerprints()
        fingerprintBits.store(unsafe UInt(bitPattern: Unmanaged.passRetained(made).toOpaque()), ordering: .releasing)
        return made
    }

    // MARK: Pumps

    /// Completes what is told about a packet that was injected here; leaves every other as it is.
    ///
    /// Any thread. Allocates, counts references and locks nothing.
    /// - Parameters:
    ///   - metadata: as the kernel tells it, with the link-layer source.
    ///   - packet: all of its bytes.
    ///   - event: where it is.
    @inline(__always)
    package func recognise(_ metadata: inout PacketMetadata, _ packet: UnsafeRawBufferPointer, at event: NetworkEvent) {
        switch event {
        case .physicalIn, .forwarding, .loopbackIn: break
        case .physicalOut, .loopbackOut, .observing: return
        }
        if metadata.linkLayerSourceLength == 6, let origin = origin(ofSource: metadata.linkLayerSource) {
            metadata.injections = origin.injections
            metadata.stamps = origin.stamps
            metadata.linkLayerSource = origin.linkLayerSource
            metadata.linkLayerSourceLength = origin.linkLayerSourceLength
            return
        }
        // A forwarded packet has another hop limit by now.
        guard event != .forwarding, let origin = unsafe origin(of: packet) else { return }
        metadata.injections = origin.injections
        metadata.stamps = origin.stamps
        // Without an Ethernet header of its own the kernel looks for the source in ours, at the wrong place.
        if metadata.linkLayerSourceLength != 6 {
            metadata.linkLayerSource = 0
            metadata.linkLayerSourceLength = 0
        }
    }

    @inline(__always)
    private func origin(ofSource source: UInt64) -> InjectedOrigin? {
        guard let sources = unsafe Self.reference(sourceBits, to: InjectedSources.self) else { return nil }
        return unsafe sources._withUnsafeGuaranteedRef { $0.origin(of: source) { Self.now } }
    }

    @inline(__always)
    private func origin(of packet: UnsafeRawBufferPointer) -> InjectedOrigin? {
        guard let fingerprints = unsafe Self.reference(fingerprintBits, to: InjectedFingerprints.self) else {
            return nil
        }
        return unsafe fingerprints._withUnsafeGuaranteedRef { fingerprints in
            unsafe fingerprints.take(packet) { Self.now }
        }
    }

    @inline(__always)
    private static var now: UInt64 { UInt64(KstatTime.now.nanoseconds) }

    @inline(__always)
    private static func reference<Table: AnyObject>(
        _ bits: borrowing Atomic<UInt>, to type: Table.Type
    ) -> Unmanaged<Table>? {
        guard let pointer = unsafe UnsafeRawPointer(bitPattern: bits.load(ordering: .acquiring)) else { return nil }
        return unsafe Unmanaged.fromOpaque(pointer)
    }
}
