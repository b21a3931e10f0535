// SPDX-License-Identifier: Apache-2.0

import Hooks
import Neti

/// Runs the hooks of `NIC_EVENTS`, on the watch thread alone (R190).
///
/// Holds the place of that thread among the readers, so that hooks can be taken off as they are for packets.
final class InterfaceEvents: Sendable {
    /// Somebody who hears of every event in every instance, after the hooks.
    typealias Observer = @Sendable (NICEvent, Instance) -> Void

    private let reader: Reader
    private let observer: Observer

    /// - Throws: `ENOMEM` when the readers' places are taken.
    init(_ publication: Publication, observer: @escaping Observer) throws(NetiError) {
        self.observer = observer
        do throws(HookError) {
            reader = try publication.makeReader()
        } catch {
            throw NetiError(error)
        }
    }

    /// Tells the hooks of each event's protocol; what they answer only stops the hooks behind them (R191).
    func deliver(_ events: [NICEvent], to instance: Instance) {
        for event in events {
            let chain = instance.protocolHandle(event.family).nicEvents
            if chain.isInterested {
                var event = event
                reader.enter()
                _ = chain.run(&event, reader: reader)
                reader.leave()
            }
            observer(event, instance)
        }
    }
}
