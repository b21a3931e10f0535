// SPDX-License-Identifier: Apache-2.0

import Neti
import NetiControl

/// Packets that clients inject, and what is told of injection.
extension DaemonBackend {
    func inject(_ asked: Inject) throws(ControlError) -> Inject.Reply {
        throw .failed(reason: "this daemon has no injection yet")
    }

    func injection() -> GetStatus.InjectionStatus {
        GetStatus.InjectionStatus(
            styles: Inject.Style.allCases.map { .init(style: $0, unavailable: "this daemon has no injection yet") },
            injected: 0, refused: 0, lost: 0)
    }

    func held(in entry: InstanceEntry) -> ListInstances.HeldPackets { ListInstances.HeldPackets() }
}
