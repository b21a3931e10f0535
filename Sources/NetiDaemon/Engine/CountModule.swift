// SPDX-License-Identifier: Apache-2.0

public import Hooks
public import Neti

/// The module `count`: lets every packet pass. Its hits say how many came by.
public final class CountModule: HookModule {
    /// `count`.
    public static let moduleName = "count"

    /// Needs nothing.
    public init(_ settings: HookModuleSettings) {}

    /// The same for every event.
    public func function(family: NetworkFamily, event: NetworkEvent) -> Hook<PacketEvent>.Function {
        { _ in .pass }
    }
}
