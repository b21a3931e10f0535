// SPDX-License-Identifier: Apache-2.0

import Neti
import NetiControl
import NetiLinux
import Packet

/// Packets that clients inject, and what is told of injection.
extension DaemonBackend {
    func inject(_ asked: Inject) throws(ControlError) -> Inject.Reply {
        guard let entry = engine.entry(asked.instance) else { throw .noSuchInstance(asked.instance) }
        guard let instance = entry.running?.instance else {
            throw .failed(reason: "instance '\(entry.name)' is \(entry.listedState.rawValue), not up")
        }
        var nextHop: IPAddress?
        if let text = asked.nextHop {
            nextHop = IPAddress(text)
            if nextHop == nil { throw .invalidArgument("nextHop", reason: "'\(text)' is no address") }
        }
        return inject(asked, into: instance, nextHop: nextHop)
    }

    private func inject(_ asked: Inject, into instance: Instance, nextHop: IPAddress?) -> Inject.Reply {
        let inet = instance.protocolHandle(.inet)
        let inet6 = instance.protocolHandle(.inet6)
        // No interface has that index: whatever is injected there is refused, and counted, as it should be.
        let interface = asked.interface.map { inet.interface(named: $0) ?? .max } ?? 0
        let style = InjectionStyle(asked.style)
        var accepted = 0
        var refused: [InjectionError.Reason: Int] = [:]
        for (index, packet) in asked.packets.enumerated() {
            let handle = (packet.bytes.first ?? 0) >> 4 == 6 ? inet6 : inet
            do throws(InjectionError) {
                try handle.inject(style, packet.bytes, interface: interface, nextHop: nextHop)
                accepted += 1
            } catch {
                // What comes behind must not overtake it.
                let isLast = error.reason == .listFull
                refused[error.reason, default: 0] += isLast ? asked.packets.count - index : 1
                if isLast { break }
            }
        }
        return Inject.Reply(
            accepted: accepted,
            refusals: InjectionError.Reason.allCases.compactMap { reason in
                refused[reason].map { count in
                    Inject.Refusal(
                        reason: Inject.Reason(reason), returnValue: Int(InjectionError(reason).returnValue),
                        count: count)
                }
            })
    }

    func injection() -> GetStatus.InjectionStatus {
        let totals = engine.injectionTotals
        return GetStatus.InjectionStatus(
            styles: Inject.Style.allCases.map { style in
                .init(
                    style: style, unavailable: style == .directOut ? nil : engine.provider.queueInjectionRefusal)
            },
            injected: Int(clamping: totals.accepted), refused: Int(clamping: totals.refused),
            lost: Int(clamping: totals.lost))
    }
}

extension ListInstances.HeldPackets {
    init(_ status: InjectionList.Status) {
        self.init(
            packets: status.packets, bytes: status.bytes,
            oldest: status.oldestAge.map { Int(clamping: $0 / 1_000_000) })
    }
}

extension InjectionStyle {
    fileprivate init(_ style: Inject.Style) {
        self =
            switch style {
            case .queueIn: .queueIn
            case .queueOut: .queueOut
            case .directOut: .directOut
            }
    }
}

extension Inject.Reason {
    fileprivate init(_ reason: InjectionError.Reason) {
        self =
            switch reason {
            case .deadInstance: .deadInstance
            case .unsupported: .unsupported
            case .unavailable: .unavailable
            case .listFull: .listFull
            case .readOnly: .readOnly
            case .unknownInterface: .unknownInterface
            case .interfaceDown: .interfaceDown
            case .badHeader: .badHeader
            case .tooLong: .tooLong
            case .tooOften: .tooOften
            case .unreachable: .unreachable
            case .sendFailed: .sendFailed
            }
    }
}
