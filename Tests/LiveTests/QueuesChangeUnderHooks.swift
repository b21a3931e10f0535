// SPDX-License-Identifier: Apache-2.0

import Glibc
import Hooks
import LiveHost
import Neti
import NetiLinux
import Packet
import Synchronization
import Testing

extension RealPackets {
    /// Queues and rules that change while hooks, inside packets, change what is steered.
    @Suite(.timeLimit(.minutes(2))) struct QueuesChangeUnderHooks {
        private final class Flag: Sendable {
            let isOver = Atomic(false)
            let registered = Atomic(0)
        }

        @Test("Changing queues waits for a pump whose hook registers another hook, and neither waits for ever")
        func registeringMeanwhile() throws {
            try Rig.with(pumps: 1) { rig in
                let (provider, instance) = (rig.provider, rig.instance)
                let handle = instance.protocolHandle(.inet)
                let flag = Flag()
                try rig.register("restless", on: .physicalIn, of: .inet) { _ in
                    // Only the first hook of an event changes what is steered.
                    let isNew: Void? = try? handle.register(Hook(name: "other") { _ in .pass }, on: .loopbackOut)
                    if isNew != nil { flag.registered.add(1, ordering: .relaxed) }
                    return .pass
                }
                let socket = try UDPSocket(on: rig.left, .inet)
                let receiver = try UDPSocket(on: rig.right, .inet, port: Crossing.port)
                let sender = try Worker { () throws(NetiError) in
                    while !flag.isOver.load(ordering: .relaxed) {
                        try? socket.send([1], to: receiver)
                        usleep(100)
                    }
                }
                let remover = try Worker { () throws(NetiError) in
                    while !flag.isOver.load(ordering: .relaxed) {
                        try? handle.unregister("other", from: .loopbackOut)
                    }
                }
                let changer = try Worker { () throws(NetiError) in
                    for round in 0..<20 {
                        var configuration = InstanceConfiguration()
                        // The numbers overlap, so queues change what they are for.
                        configuration.queue = UInt16(round % 2)
                        configuration.priorityLoopbackOut = Int32(round % 3)
                        try provider.reconfigure(instance, configuration)
                    }
                }
                #expect(Deadline(.seconds(60)).sees { changer.isDone })
                flag.isOver.store(true, ordering: .relaxed)
                try changer.join()
                try sender.join()
                try remover.join()
                #expect(flag.registered.load(ordering: .relaxed) > 10)
                // It keeps what keeps it.
                try rig.unregister("restless", from: .physicalIn, of: .inet)
            }
        }

        @Test("What waits while the number of queues changes is told with its own flags (R89 to R91)")
        func flagsStay() throws {
            try Rig.with(pumps: 1) { rig in
                let kinds: [(linkLayer: [UInt8], flags: PacketFlags)] = [
                    (rig.right.linkLayer, []), ([0x01, 0x00, 0x5E, 0, 0, 1], .multicast),
                    ([UInt8](repeating: 0xFF, count: 6), .broadcast),
                ]
                let told = Log<[UInt8]>()
                let barrier = Barrier()
                try rig.register("look", on: .physicalIn, of: .inet) { packet in
                    for kind in UInt8(0)..<3 where packet.isUDP(to: Crossing.port + UInt16(kind)) {
                        told.note([kind, packet.flags.rawValue])
                        barrier.pass()
                    }
                    return .pass
                }
                let cable = try CaptureSocket(on: rig.left)
                func send(_ kind: Int) throws {
                    let packet = try IPHeader(from: rig.left.address(.inet), to: rig.right.address(.inet))
                        .packet(.udp(from: 1, to: Crossing.port + UInt16(kind)), payload: [1])
                    try cable.send(packet, to: kinds[kind].linkLayer)
                }
                try send(0)
                #expect(Deadline(.seconds(3)).sees { barrier.arrivals == 1 })
                for kind in kinds.indices { try send(kind) }
                #expect(Deadline(.seconds(3)).sees { rig.totals.waiting >= 4 })
                var configuration = InstanceConfiguration()
                for queues in [2, 5] {
                    configuration.queues = queues
                    try rig.provider.reconfigure(rig.instance, configuration)
                }
                barrier.open()
                #expect(Deadline(.seconds(3)).sees { told.entries.count == 4 })
                for kind in kinds.indices { try send(kind) }
                #expect(Deadline(.seconds(3)).sees { told.entries.count == 7 })
                #expect(told.entries.allSatisfy { $0[1] == kinds[Int($0[0])].flags.rawValue }, "\(told.entries)")
            }
        }
    }
}
