// SPDX-License-Identifier: Apache-2.0

import Kstat
import Neti

/// The kstat of an instance's injection: `neti:0:injection`, class `net`.
///
/// If it can't be made, for instance at the limit, injection works without.
struct InjectionKstat {
    private let netid: NetID
    private let netinfo: Netinfo
    private let kstat: Kstat?

    init(of list: InjectionList, netid: NetID, netinfo: Netinfo) {
        self.netid = netid
        self.netinfo = netinfo
        kstat = try? netinfo.createKstat(
            netid: netid, module: "neti", name: "injection", class: "net", count: list.status.fields.count,
            flags: .virtual)
        if let kstat { try? netinfo.kstats.install(kstat) { list.status.fields } }
    }

    /// Deletes it, and with it its hold on the list.
    func delete() {
        if let kstat { try? netinfo.deleteKstat(netid: netid, kstat) }
    }
}

extension InjectionList.Status {
    /// What is there now, then what has happened.
    fileprivate var fields: [NamedValue] {
        [
            NamedValue("held_packets", .uint64(UInt64(clamping: packets))),
            NamedValue("held_bytes", .uint64(UInt64(clamping: bytes))),
            NamedValue("oldest_ns", .uint64(oldestAge ?? 0)),
        ] + counters.map { NamedValue($0.name, .uint64($0.value)) }
    }
}
