// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Hooks
import Neti

extension PumpLoop {
    /// Shows what waits at a tap to its hooks, until it is empty or others have waited long enough.
    @inline(never)
    mutating func turn(_ tap: UnsafePointer<PumpedTap>) {
        for _ in 0..<Self.turnLimit {
            let count = unsafe Int(arp.receive(from: tap.pointee.socket))
            // An error is an interface that went down; the socket goes on.
            guard count > 0 else { return }
            note(injections: 0)
            reader.enter()
            for index in 0..<count { unsafe show(arp.packets + index, tap) }
            reader.leave()
            noteBatch()
            guard count == ARPSlab.batch else { return }
        }
    }

    private func show(_ packet: UnsafePointer<clnx_arp_packet>, _ tap: UnsafePointer<PumpedTap>) {
        var metadata = PacketMetadata()
        metadata.length = unsafe Int(packet.pointee.length)
        if unsafe tap.pointee.event == .physicalOut {
            metadata.outInterface = unsafe packet.pointee.interface
        } else {
            metadata.inInterface = unsafe packet.pointee.interface
            metadata.linkLayerSource = unsafe packet.pointee.source
            metadata.linkLayerSourceLength = unsafe packet.pointee.source_length
        }
        let count = unsafe Int(packet.pointee.captured)
        var event = unsafe PacketEvent(
            netid: tap.pointee.netid, family: .arp, event: tap.pointee.event, flags: [], lane: reader.index,
            metadata: metadata, mark: 0, base: packet.pointee.bytes, count: count, capacity: count)
        _ = unsafe tap.pointee.chain._withUnsafeGuaranteedRef { $0.run(&event, reader: reader) }
    }
}
