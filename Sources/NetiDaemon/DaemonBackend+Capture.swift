// SPDX-License-Identifier: Apache-2.0

import IPFilter
import Neti
import NetiControl
import NetiLinux
import Packet

/// Packets that clients capture.
extension DaemonBackend {
    func capture(_ asked: Capture) throws(ControlError) -> any CaptureSource {
        var netid: NetID?
        if let name = asked.instance {
            guard let entry = engine.entry(name) else { throw .noSuchInstance(name) }
            netid = entry.netid
        }
        let families = try asked.families?.map { text throws(ControlError) in
            guard let family = NetworkFamily(rawValue: text), NetworkFamily.ip.contains(family) else {
                throw .invalidArgument("families", reason: "'\(text)' is neither inet nor inet6")
            }
            return family
        }
        let events = try asked.events?.map { text throws(ControlError) in
            guard let event = NetworkEvent(rawValue: text), event != .observing else {
                throw .invalidArgument("events", reason: "there are no verdicts at '\(text)'")
            }
            return event
        }
        if let snaplen = asked.snaplen, !(1...PacketEvent.maximumLength).contains(snaplen) {
            throw .invalidArgument("snaplen", reason: "expected 1 to \(PacketEvent.maximumLength), found \(snaplen)")
        }
        // A hook stops a packet or has nothing to do with its verdict.
        var verdicts = asked.verdicts ?? Capture.Verdict.allCases
        if asked.hook != nil { verdicts.removeAll { $0 == .pass } }
        let conditions = try asked.match.map { text throws(ControlError) in try CaptureConditions(text) }
        let filter = CaptureFilter(
            netid: netid, families: families ?? NetworkFamily.ip, events: events ?? NetworkEvent.allCases,
            // A condition has to see whole headers.
            verdicts: verdicts.map(CapturedPacket.Verdict.init),
            snaplen: conditions == nil ? asked.snaplen ?? .max : .max
        )
        do throws(NetiError) {
            let capture = try engine.provider.startCapture(filter)
            return EngineCapture(
                capture, of: engine, hook: asked.hook, conditions: conditions, snaplen: asked.snaplen ?? .max)
        } catch {
            throw .failed(reason: "\(error)")
        }
    }
}

extension CapturedPacket.Verdict {
    fileprivate init(_ verdict: Capture.Verdict) {
        self =
            switch verdict {
            case .pass: .pass
            case .drop: .drop
            case .consume: .consume
            }
    }
}
