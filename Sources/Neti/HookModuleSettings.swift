// SPDX-License-Identifier: Apache-2.0

public import Hooks

/// What a module is made from.
public struct HookModuleSettings: Sendable {
    /// The hook's name in chains and kstats.
    public var hookName: String

    /// The instance's name.
    public var instanceName: String

    /// Pump threads: ``PacketEvent/lane`` is below this.
    public var lanes: Int

    /// The module's own keys with their values; files as absolute paths.
    public var values: [String: String]

    /// What the module puts on packets that it holds and lets pass when they come back; empty unless
    /// ``HookModule/holdsPackets``.
    public var stamp: Stamps

    /// The readers in which its hook functions run, for what it publishes to them (`Published`).
    public var publication: Publication

    /// Collects the settings.
    ///
    /// - Parameter publication: that of the instance's ``Netinfo``. Outside its readers, as in tests without pumps, looking
    ///   at published values takes a lock.
    public init(
        hookName: String, instanceName: String, lanes: Int, values: [String: String] = [:], stamp: Stamps = [],
        publication: Publication = Publication(readers: 0)
    ) {
        self.hookName = hookName
        self.instanceName = instanceName
        self.lanes = lanes
        self.values = values
        self.stamp = stamp
        self.publication = publication
    }
}
