// SPDX-License-Identifier: Apache-2.0

import Packet
import Synchronization

@testable import Neti

/// A driver that remembers for when it was armed, and what it was to send at once.
final class FakeDriver: InjectionDriver, @unchecked Sendable {
    let armed = Mutex<[UInt64]>([])
    let outcome = Mutex<InjectionDriver.Outcome>(.sent)
    let sent = Mutex<[[UInt8]]>([])

    override func arm(at deadline: UInt64) {
        armed.withLock { $0.append(deadline) }
    }

    @unsafe
    override func sendDirectly(
        _ packet: UnsafeRawBufferPointer, _ header: InjectionHeader, interface: UInt32, nextHop: IPAddress?,
        mark: UInt32
    ) -> Outcome {
        let bytes = unsafe [UInt8](packet)
        sent.withLock { $0.append(bytes) }
        return outcome.withLock { $0 }
    }
}

/// An instance whose list has a fake driver.
struct ListRig {
    let instance: Instance
    let driver: FakeDriver
    let handle: NetworkProtocol
    let netinfo = Netinfo(readers: 4)

    init(_ limits: InjectionLimits = InjectionLimits(), canQueue: Bool = true, interfaces: [Interface] = []) throws {
        let table = InterfaceTable(publication: netinfo.publication)
        var state = InterfaceState()
        for interface in interfaces { _ = state.apply(.interface(interface), in: .global) }
        table.update(state)
        let settings = Instance.Settings(injection: limits, provider: FakeProvider(), interfaces: table)
        instance = try netinfo.addInstance(named: "global", settings: settings)
        driver = FakeDriver(canQueue: canQueue, longestInbound: 3000)
        handle = instance.protocolHandle(.inet)
        instance.injection.attach(driver)
    }

    func inject(
        _ style: InjectionStyle, _ packet: [UInt8], interface: UInt32 = 0, after delay: Duration = .zero
    ) throws(InjectionError) {
        try handle.inject(style, packet, interface: interface, after: delay)
    }

    /// Everything that is due, by its last byte.
    func due(_ consumer: inout InjectionConsumer, isWoken: Bool = true) -> [UInt8] {
        var seen: [UInt8] = []
        consumer.begin(isWoken: isWoken)
        unsafe withUnsafeTemporaryAllocation(of: DuePacket.self, capacity: 8) { buffer in
            while true {
                let count = unsafe consumer.collect(into: buffer)
                for index in 0..<count {
                    let packet = unsafe buffer[index]
                    var last: UInt8 = 0
                    unsafe consumer.forEachChunk(of: packet) { last = unsafe $0.last ?? 0 }
                    seen.append(last)
                    consumer.finish(packet)
                }
                if count < 8 { return }
            }
        }
        consumer.end(driver)
        return seen
    }
}

/// A UDP datagram that ends in a byte by which it is told from others.
func datagram(_ last: UInt8, length: Int = 100) throws -> [UInt8] {
    let header = IPHeader(from: IPAddress(v4: 0xC000_0201), to: IPAddress(v4: 0xC000_0202))
    var payload = [UInt8](repeating: 0, count: length - 28)
    payload[payload.count - 1] = last
    return try header.packet(.udp(from: 1, to: 2), payload: payload)
}
