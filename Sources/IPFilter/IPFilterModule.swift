// SPDX-License-Identifier: Apache-2.0

public import Hooks
public import Neti
import Packet
import Synchronization
import SystemPackage

/// The module `ipf`: lets the rules of a file decide about packets, one hook like any other.
///
/// What comes in (`PHYSICAL_IN`, `LOOPBACK_IN`) meets the `in` rules with its arrival interface, what goes out
/// (`PHYSICAL_OUT`, `LOOPBACK_OUT`) the `out` rules with the one through which it leaves. `FORWARDING` is for hooks that
/// are on neither physical event: packets meet the `in` rules and, if those pass them, the `out` rules.
public final class IPFilterModule: HookModule {
    /// `ipf`.
    public static let moduleName = "ipf"

    /// `rules`, the rule file; `default-policy`, `pass` (as if it weren't there) or `block`.
    public static let keys = [
        HookModuleKey("rules", .file, isRequired: true), HookModuleKey("default-policy", .string, isRequired: false),
    ]

    /// The rules in force.
    public let rules: RuleSet

    private let notes: Mutex<[String]>
    private let reportedAbsent = Mutex<[String]>([])

    /// Loads the rule file.
    ///
    /// - Throws: `EINVAL` with everything that is wrong with the settings or the file.
    public init(_ settings: HookModuleSettings) throws(NetiError) {
        do throws(RuleErrors) {
            rules = try RuleSet(
                contentsOf: FilePath(settings.values["rules"] ?? ""),
                defaultPolicy: try Self.policy(settings.values["default-policy"]), lanes: settings.lanes)
        } catch {
            throw NetiError(.invalidArgument, "hook '\(settings.hookName)': \(error)")
        }
        notes = Mutex(["\(rules.rules.count) rules loaded, default policy is to \(rules.defaultPolicy)"])
    }

    /// Everything that is wrong with the policy and the rule file.
    public static func problems(in values: [String: String]) -> [HookModuleProblem] {
        var problems: [HookModuleProblem] = []
        do throws(RuleErrors) {
            _ = try policy(values["default-policy"])
        } catch {
            problems += error.errors.map { HookModuleProblem(key: "default-policy", message: $0.message) }
        }
        do throws(RuleErrors) {
            if let file = values["rules"] { _ = try RuleSet.rules(ofFile: FilePath(file)) }
        } catch {
            problems += error.errors.map { error in
                HookModuleProblem(
                    file: error.file, line: error.location.line, column: error.location.column,
                    message: error.messageWithPlace)
            }
        }
        return problems
    }

    /// Runs the rules of the event's direction.
    public func function(family: NetworkFamily, event: NetworkEvent) -> Hook<PacketEvent>.Function {
        let rules = rules
        switch event {
        case .physicalIn, .loopbackIn:
            return { event in rules.result(for: &event, direction: .in, interface: event.inInterface) }
        case .physicalOut, .loopbackOut:
            return { event in rules.result(for: &event, direction: .out, interface: event.outInterface) }
        case .forwarding:
            return { event in
                let result = rules.result(for: &event, direction: .in, interface: event.inInterface)
                guard result == .pass else { return result }
                return rules.result(for: &event, direction: .out, interface: event.outInterface)
            }
        case .observing:
            // Nothing it says would have an effect; `refusal` keeps it off.
            return { _ in .pass }
        }
    }

    /// Keeps it off events at which it could decide nothing.
    public static func refusal(family: NetworkFamily, event: NetworkEvent) -> (key: HookPlaceKey, reason: String)? {
        if family == .arp {
            return (.families, "rules are about IP packets, and ARP packets can only be looked at")
        }
        if event == .observing { return (.events, "packets can only be looked at there, whatever rules say") }
        return nil
    }

    /// Rules find their interfaces again.
    public func interfacesChanged(_ interfaces: [Interface]) {
        rules.updateInterfaces(interfaces.map { ($0.name, $0.index) })
        let absent = rules.absentInterfaces
        reportedAbsent.withLock { reported in
            for name in absent where !reported.contains(name) {
                notes.withLock { $0.append("rules name interface '\(name)', which isn't there") }
            }
            reported = absent
        }
    }

    /// What was logged by rules since the last call.
    public func takeLogLines() -> [String] {
        let notes = notes.withLock { notes in
            defer { notes = [] }
            return notes
        }
        return notes + rules.takeLogLines().map(\.text)
    }

    private static func policy(_ name: String?) throws(RuleErrors) -> FilterVerdict {
        switch name {
        case nil, "pass": return .pass
        case "block": return .block
        case let other?:
            throw RuleErrors(file: "default-policy", message: "expected \"pass\" or \"block\", found \"\(other)\"")
        }
    }
}

extension RuleSet {
    /// The verdict in the terms of hooks. A packet that an earlier hook consumed is nobody's business any more.
    @inline(__always)
    fileprivate func result(for event: inout PacketEvent, direction: Rule.Direction, interface: UInt32) -> HookResult {
        guard !event.isConsumed else { return .pass }
        let datagram = event.datagram
        let decision = decide(
            FilterPacket(
                event.bytes, datagram, direction: direction, interface: interface, lane: event.lane,
                time: event.metadata.arrival))
        return decision.verdict == .pass ? .pass : .drop
    }
}
