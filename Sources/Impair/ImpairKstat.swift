// SPDX-License-Identifier: Apache-2.0

import Kstat
import Neti
import Synchronization

/// The kstat of one hook, if it got one.
struct ImpairKstat: Sendable {
    private let kstat: Kstat?

    /// None.
    init() {
        kstat = nil
    }

    /// Creates and installs it: the counters, then the values in force as texts.
    ///
    /// - Throws: why there can't be one.
    init(of module: ImpairModule, in netinfo: Netinfo, netid: NetID) throws(NetiError) {
        let kstat = try netinfo.createKstat(
            netid: netid, module: ImpairModule.moduleName, name: module.hookName, class: "net",
            count: ImpairCounters.Counter.allCases.count + ImpairKey.allCases.count,
            flags: [.virtual, .longStrings])
        let owner = KstatOwner { [weak module] in module.map(Self.fields) ?? [] }
        do throws(KstatError) {
            try netinfo.kstats.install(kstat, owner: owner)
            self.kstat = kstat
        } catch {
            try? netinfo.deleteKstat(netid: netid, kstat)
            throw NetiError(error)
        }
    }

    /// Deletes it, if there is one.
    func delete(in netinfo: Netinfo, netid: NetID) {
        guard let kstat else { return }
        try? netinfo.deleteKstat(netid: netid, kstat)
    }

    private static func fields(of module: ImpairModule) -> [NamedValue] {
        let values = module.values
        return ImpairCounters.Counter.allCases.map { counter in
            NamedValue(counter.rawValue, .uint64(module.counters.total(counter)))
        } + ImpairKey.allCases.map { NamedValue($0.rawValue, .string(values[$0])) }
    }
}
