// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
public import NetiControl

/// The styles as options: `queue-in`, `queue-out`, `direct-out`.
extension Inject.Style: ExpressibleByArgument {
    /// The name of the option's value.
    var text: String {
        switch self {
        case .queueIn: "queue-in"
        case .queueOut: "queue-out"
        case .directOut: "direct-out"
        }
    }

    /// The style of that name.
    public init?(argument: String) {
        guard let style = Self.allCases.first(where: { $0.text == argument }) else { return nil }
        self = style
    }

    /// The names, for help and completion.
    public static var allValueStrings: [String] { allCases.map(\.text) }
}

extension Inject.Refusal {
    /// Why packets of such a call were refused, in words.
    func words(_ call: Inject) -> String {
        let interface = call.interface.map { "interface '\($0)'" } ?? "the interface"
        return switch reason {
        case .deadInstance: "instance '\(call.instance)' is ending"
        case .unsupported: "this protocol can't be injected"
        case .unavailable: "\(call.style.text) is not available on this system, see 'neti-ctl status'"
        case .listFull: "instance '\(call.instance)' has no room for packets that wait"
        case .unknownInterface: "\(interface) is not there in instance '\(call.instance)'"
        case .interfaceDown: "\(interface) of instance '\(call.instance)' is down"
        case .badHeader: "no IP packet, or of another length than its header says"
        case .tooLong: "longer than the interface takes, or than any packet"
        case .tooOften: "injected too often already"
        case .unreachable: call.nextHop.map { "next hop \($0) can't be reached" } ?? "no way to the destination"
        case .sendFailed: "the system refused it"
        case .readOnly: "it may only be looked at"
        }
    }
}
