// SPDX-License-Identifier: Apache-2.0

import Glibc
package import Neti

/// Delivers what one instance injects by NI_QUEUE_IN: neighbours for the same interface with one system call.
///
/// For the thread that injects. Allocates nothing once it has delivered a packet on either kind of interface.
package struct InboundInjector: ~Copyable {
    private let interfaces: InterfaceTable
    private let injected: InjectedPackets
    /// The source of packets that have none of their own.
    private let anonymous: UInt64
    /// The interface that was looked at last, and at which generation of all.
    private var receiving: ReceivingInterface?
    private var generation: UInt32 = 0

    /// - Parameters:
    ///   - interfaces: the instance's.
    ///   - injected: where the instance's pumps look.
    package init(_ interfaces: InterfaceTable, _ injected: InjectedPackets) {
        self.interfaces = interfaces
        self.injected = injected
        var random = RandomBits()
        anonymous = random.next() & 0xFCFF_FFFF_FFFF_0000 | 0x0200_0000_0000_0000
    }

    /// Has the kernel receive packets, in order, and takes each off its list.
    ///
    /// - Parameters:
    ///   - due: packets of this style.
    ///   - consumer: whose list they are on.
    ///   - frames: empty before and after. The calling thread is in the instance's namespace.
    package mutating func deliver(
        _ due: UnsafeBufferPointer<DuePacket>, of consumer: borrowing InjectionConsumer, by frames: inout LiveFrames
    ) {
        let now = consumer.time
        var index = 0
        while index < due.count {
            let start = index
            let number = unsafe due[start].interface
            while index < due.count, unsafe due[index].interface == number { index += 1 }
            let run = unsafe UnsafeBufferPointer(rebasing: due[start..<index])
            do throws(InjectionError) {
                let interface = try interface(number)
                unsafe deliver(run, on: interface, of: consumer, by: &frames, now)
            } catch {
                for place in run.indices { consumer.finish(unsafe run[place], error.reason) }
            }
        }
    }

    /// An interface as it is now.
    private mutating func interface(_ number: UInt32) throws(InjectionError) -> ReceivingInterface {
        let now = interfaces.generation
        if let receiving, receiving.index == number, generation == now { return receiving }
        let interface = try ReceivingInterface(number, in: interfaces)
        (receiving, generation) = (interface, now)
        return interface
    }

    private mutating func deliver(
        _ run: UnsafeBufferPointer<DuePacket>, on interface: ReceivingInterface,
        of consumer: borrowing InjectionConsumer, by frames: inout LiveFrames, _ now: UInt64
    ) {
        // The table lives as long as `injected`: nothing need be counted for each packet.
        let sources = unsafe interface.returnsSource ? Unmanaged.passUnretained(injected.sources) : nil
        for index in run.indices {
            let packet = unsafe run[index]
            if let refusal = unsafe write(packet, of: consumer, for: interface, sources, now, into: &frames) {
                consumer.finish(packet, refusal)
                continue
            }
            // Now, while it is in the processor's cache: it won't be when the kernel has taken the frames.
            consumer.release(packet)
            if frames.count == LiveFrames.capacity { handOver(to: interface, of: consumer, by: &frames) }
        }
        if frames.count > 0 { handOver(to: interface, of: consumer, by: &frames) }
    }

    private func handOver(
        to interface: ReceivingInterface, of consumer: borrowing InjectionConsumer, by frames: inout LiveFrames
    ) {
        let count = frames.count
        let code = frames.run(on: interface.index)
        let received = max(0, Int(code))
        consumer.receive(received)
        consumer.refuse(count - received, code == -ENODEV ? .unknownInterface : .sendFailed)
    }

    /// Writes a packet into the next frame; why not, if it can't be.
    private func write(
        _ packet: DuePacket, of consumer: borrowing InjectionConsumer, for interface: ReceivingInterface,
        _ sources: Unmanaged<InjectedSources>?, _ now: UInt64, into frames: inout LiveFrames
    ) -> InjectionError.Reason? {
        let head = unsafe consumer.head(of: packet)
        guard let header = unsafe InjectionHeader(admitted: head, family: packet.family) else { return .badHeader }
        guard unsafe frames.start(head) else { return .tooLong }
        if head.count < packet.length, !append(restOf: packet, of: consumer, to: &frames) {
            frames.cancel()
            return .tooLong
        }
        let origin = InjectedOrigin(
            injections: packet.injections, stamps: packet.stamps, linkLayerSource: packet.linkLayerSource,
            linkLayerSourceLength: packet.linkLayerSourceLength)
        let source: UInt64
        if let sources = unsafe sources {
            source = unsafe sources._withUnsafeGuaranteedRef { $0.issue(for: origin, now: now) }
        } else {
            unsafe injected.fingerprints.note(frames.packet, origin, now: now)
            source = origin.linkLayerSourceLength == 6 ? origin.linkLayerSource : anonymous
        }
        frames.address(
            to: interface.destination(of: header), from: source, type: packet.family == .inet6 ? 0x86DD : 0x0800)
        return nil
    }

    /// Adds what comes behind a packet's head; whether there was room for it.
    private func append(
        restOf packet: DuePacket, of consumer: borrowing InjectionConsumer, to frames: inout LiveFrames
    ) -> Bool {
        var isHead = true
        var fits = true
        unsafe consumer.forEachChunk(of: packet) { bytes in
            if !isHead && fits { unsafe fits = frames.append(bytes) }
            isHead = false
        }
        return fits
    }
}
