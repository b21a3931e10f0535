// SPDX-License-Identifier: Apache-2.0

import IPFilter
import Neti
import NetiControl
import NetiLinux
import Packet
import Synchronization

/// A condition for captured packets, for each instance one that knows the instance's interfaces.
final class CaptureConditions: Sendable {
    /// A condition that can be kept in a dictionary.
    private final class Compiled: Sendable {
        let condition: PacketCondition

        init(_ text: String) throws(RuleErrors) {
            condition = try PacketCondition(parsing: text, name: "match")
        }
    }

    private let text: String
    private let compiled = Mutex<[NetID: Compiled]>([:])

    /// - Throws: `InvalidArgument` with what is wrong with the condition.
    init(_ text: String) throws(ControlError) {
        do throws(RuleErrors) {
            _ = try Compiled(text)
        } catch {
            throw .invalidArgument("match", reason: "\(error)")
        }
        self.text = text
    }

    /// Forgets which interfaces there are.
    func forgetInterfaces() {
        compiled.withLock { $0.removeAll() }
    }

    /// Whether a packet is one of those that are wanted; one whose headers can't be read is none.
    ///
    /// - Parameter interfaces: those of its instance by name; asked seldom.
    func match(_ packet: CapturedPacket, interfaces: () -> [(name: String, index: UInt32)]) -> Bool {
        let compiled = compiled.withLock { compiled -> Compiled? in
            if let known = compiled[packet.netid] { return known }
            guard let new = try? Compiled(text) else { return nil }
            new.condition.updateInterfaces(interfaces())
            compiled[packet.netid] = new
            return new
        }
        let bytes = unsafe packet.bytes.span.bytes
        guard let compiled, let datagram = try? Datagram(parsing: bytes) else { return false }
        return compiled.condition.matches(bytes, datagram, interface: packet.ruleInterface)
    }
}

extension CapturedPacket {
    /// The interface that `on` asks about, as in rules: that of arrival where a packet comes in, else that of departure.
    fileprivate var ruleInterface: UInt32 {
        event == .physicalIn || event == .loopbackIn ? inInterface : outInterface
    }
}
