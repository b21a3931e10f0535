// SPDX-License-Identifier: Apache-2.0

import Neti
import Testing

@testable import NetiDaemon

/// The kstat of the module `count`.
struct CountModuleTests {
    private struct Silent: NetworkProvider {
        func setInterested(_: Bool, in _: NetID, family _: NetworkFamily, event _: NetworkEvent) {}
    }

    @Test("A hook whose kstat another one's place takes says so, once, and works without")
    func taken() throws {
        let netinfo = Netinfo(readers: 1)
        let blue = try netinfo.addInstance(named: "blue", settings: .init(provider: Silent()))
        _ = try netinfo.createKstat(netid: blue.netid, module: "count", name: "seen", class: "net", count: 1)
        let module = CountModule(HookModuleSettings(hookName: "seen", instanceName: "blue", lanes: 1))
        module.createKstats(in: netinfo, netid: blue.netid)
        let lines = module.takeLogLines()
        #expect(lines.count == 1)
        #expect(lines.first?.hasPrefix("counts nothing: kstat count:0:seen") == true, "\(lines)")
        #expect(module.takeLogLines().isEmpty)
        module.deleteKstats(in: netinfo, netid: blue.netid)
    }
}
