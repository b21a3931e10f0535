// SPDX-License-Identifier: Apache-2.0

import Neti
import Witnesses

extension HeardLines {
    /// A module that says its name and what it is called for.
    func module(_ name: String, hasShutdown: Bool = true) -> InstanceModule {
        let shutdown: @Sendable (NetID, NetID) -> Void = { netid, _ in self.add("\(name).shutdown(\(netid))") }
        return InstanceModule(
            name: name,
            create: { netid -> NetID in
                self.add("\(name).create(\(netid))")
                return netid
            },
            shutdown: hasShutdown ? shutdown : nil,
            destroy: { netid, value in self.add("\(name).destroy(\(netid))\(value == netid ? "" : " of another")") })
    }
}
