// SPDX-License-Identifier: Apache-2.0

public import Hooks

// Many hooks at once, for those that follow a configuration.
extension NetworkProtocol {
    /// Adds, removes, replaces and reorders hooks of one event in one step, so that no packet meets half of it
    /// (`HookEvent.arrange`). Keeps the kstats.
    ///
    /// - Parameters:
    ///   - places: the hooks that there shall be on the event, beside those of others.
    ///   - removing: names of hooks that leave it.
    ///   - event: one of ``NetworkFamily/events``.
    ///   - rules: what holds for the event from now on.
    /// - Throws: `ESHUTDOWN` when the instance is going, what `HookEvent.arrange` throws, or the provider's error when
    ///   packets can't be made to flow. Nothing has changed then.
    public func arrange(
        _ places: [HookPlace<PacketEvent>], removing: Set<String>, on event: NetworkEvent, rules: ChainRules
    ) throws(NetiError) {
        let attachment = try liveAttachment("event \(event)")
        let point = self.event(event)
        try refusing { () throws(HookError) in
            try point.arrange(places, removing: removing, rules: rules) { passage in
                switch passage {
                case .came(let name): attachment.statistics.add(hook: name, of: point)
                case .left(let name): attachment.statistics.remove(hook: name, of: point)
                }
            }
        }
    }
}
