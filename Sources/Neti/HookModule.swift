// SPDX-License-Identifier: Apache-2.0

public import Hooks
import SystemPackage

/// Code that a daemon can put on events by name: `module = "ipf"` in its configuration.
///
/// One value is made for each hook of the configuration and instance. Its hook functions run on the pump threads;
/// everything else is called on the control side, one call at a time, except that ``change(_:)`` may come at any time.
public protocol HookModule: AnyObject, Sendable {
    /// The name that the configuration uses.
    static var moduleName: String { get }

    /// The keys that it takes in the configuration beside those that every hook has.
    static var keys: [HookModuleKey] { get }

    /// Whether its hook functions hold packets. Then the daemon takes a stamp for it (``HookModuleSettings/stamp``), and
    /// lets packets of segmentation offload come one by one, since a batch of segments can't be held.
    static var holdsPackets: Bool { get }

    /// What is wrong with the values of its own keys, all at once; called before anything is started.
    static func problems(in values: [String: String]) -> [HookModuleProblem]

    /// Why the module can't be put on an event, and which key of its hook would have to change; nil when it can.
    static func refusal(family: NetworkFamily, event: NetworkEvent) -> (key: HookPlaceKey, reason: String)?

    /// Prepares everything that the hook functions will use; after this nothing is allocated for a packet.
    init(_ settings: HookModuleSettings) throws(NetiError)

    /// The function to put on one event of one protocol. It may throw where it can't do its work; what that means for the
    /// packet and the hook says the configuration (`on-failure`).
    func function(family: NetworkFamily, event: NetworkEvent) -> Hook<PacketEvent>.Function

    /// Creates the module's kstats, when the instance is up and before its hooks are registered.
    ///
    /// A module does without those that it doesn't get (R188).
    func createKstats(in netinfo: Netinfo, netid: NetID)

    /// Deletes them, when its hooks are gone.
    func deleteKstats(in netinfo: Netinfo, netid: NetID)

    /// The instance's interfaces, at the start and after each change.
    func interfacesChanged(_ interfaces: [Interface])

    /// Takes other values for some of its keys while packets flow, all of them or none.
    ///
    /// May be called from any thread but a pump's, several at a time.
    /// - Parameter values: new values of some of ``keys`` that are no files; no other key is among them.
    /// - Throws: `EINVAL` with everything that is wrong with them, `ENOTSUP` when nothing can be changed.
    func change(_ values: [String: String]) throws(NetiError)

    /// Lines that the hook functions want in the log since the last call; called several times a second.
    func takeLogLines() -> [String]
}

extension HookModule {
    /// No keys of its own.
    public static var keys: [HookModuleKey] { [] }

    /// Lets every packet go on or end at once.
    public static var holdsPackets: Bool { false }

    /// Finds nothing wrong.
    public static func problems(in values: [String: String]) -> [HookModuleProblem] { [] }

    /// None beside the framework's.
    public func createKstats(in netinfo: Netinfo, netid: NetID) {}

    /// None beside the framework's.
    public func deleteKstats(in netinfo: Netinfo, netid: NetID) {}

    /// Goes on every event.
    public static func refusal(
        family: NetworkFamily, event: NetworkEvent
    ) -> (key: HookPlaceKey, reason: String)? { nil }

    /// Doesn't care.
    public func interfacesChanged(_ interfaces: [Interface]) {}

    /// Stays as it was configured.
    public func change(_ values: [String: String]) throws(NetiError) {
        throw NetiError(.notSupported, "module '\(Self.moduleName)' takes no changes while it runs")
    }

    /// Nothing to log.
    public func takeLogLines() -> [String] { [] }
}

/// The keys of a hook in the configuration that say where it goes.
public enum HookPlaceKey: String, Sendable {
    /// The protocols.
    case families
    /// The events.
    case events
}

/// A key that a module takes in the configuration.
public struct HookModuleKey: Sendable, Equatable {
    /// What the value is.
    public enum Kind: Sendable, Equatable {
        /// A text.
        case string
        /// A path of a file that must be readable, relative to the configuration's folder.
        case file
    }

    /// The key, in kebab-case.
    public let name: String

    /// What its value is.
    public let kind: Kind

    /// Whether it must be there.
    public let isRequired: Bool

    /// Describes a key.
    public init(_ name: String, _ kind: Kind, isRequired: Bool) {
        self.name = name
        self.kind = kind
        self.isRequired = isRequired
    }
}
