// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Kstat
import Neti
import Synchronization
import SystemPackage
import Testing

/// Instances, their numbers and their protocols (R5, R20 to R30).
struct NetinfoTests {
    private let netinfo = Netinfo(readers: 1)
    private let settings = Instance.Settings(provider: FakeProvider())

    private func add(_ name: String) throws -> Instance {
        try netinfo.addInstance(named: name, settings: settings)
    }

    @Test("The daemon's own namespace is number 0, the others are numbered as they come")
    func numbers() throws {
        let blue = try add("blue")
        let global = try add("global")
        let red = try add("red")
        #expect([global, blue, red].map(\.netid.rawValue) == [0, 1, 2])
        #expect(global.netid == .global)
        #expect(netinfo.instances.map(\.name) == ["global", "blue", "red"])
    }

    @Test("A name keeps its number when its instance goes and comes again, and nobody else gets it")
    func numbersStay() throws {
        let blue = try add("blue")
        _ = try add("red")
        try netinfo.shutDown(blue)
        try netinfo.removeInstance(blue)
        #expect(netinfo.netid(forName: "blue") == blue.netid)
        #expect(try add("green").netid.rawValue == 3)
        let again = try add("blue")
        #expect(again.netid == blue.netid)
        #expect(again !== blue)
    }

    @Test("A number can be asked for before there is an instance")
    func numberInAdvance() throws {
        let netid = netinfo.netid(forName: "blue")
        #expect(netid.rawValue == 1)
        #expect(netinfo.instance(netid) == nil)
        #expect(netinfo.netid(forName: "global") == .global)
        #expect(try add("blue").netid == netid)
    }

    @Test("Live instances are found by number and by exact name, others are not")
    func lookup() throws {
        let blue = try add("blue")
        #expect(netinfo.instance(blue.netid) === blue)
        #expect(netinfo.instance(named: "blue") === blue)
        #expect(netinfo.instance(named: "Blue") == nil)
        #expect(netinfo.instance(.global) == nil)
        #expect(netinfo.instance(NetID(rawValue: -1)) == nil)
        try netinfo.shutDown(blue)
        #expect(netinfo.instance(blue.netid) === blue)
        try netinfo.removeInstance(blue)
        #expect(netinfo.instance(blue.netid) == nil)
        #expect(netinfo.instance(named: "blue") == nil)
        #expect(netinfo.instances.isEmpty)
    }

    @Test("A second live instance of one name is EEXIST and disturbs the first in nothing")
    func secondOfOneName() throws {
        let blue = try add("blue")
        let kstats = netinfo.kstats.snapshot().map(\.id)
        let error = #expect(throws: NetiError.self) { try add("blue") }
        #expect(error?.errno == .fileExists)
        #expect(error?.reason == "instance 'blue' exists")
        #expect(netinfo.instance(named: "blue") === blue)
        #expect(netinfo.kstats.snapshot().map(\.id) == kstats)
    }

    @Test("Of several threads that add one name only one succeeds")
    func addingAtOnce() throws {
        for round in 0..<200 {
            let added = Mutex<[Instance]>([])
            DispatchQueue.concurrentPerform(iterations: 4) { _ in
                if let instance = try? add("race \(round)") { added.withLock { $0.append(instance) } }
            }
            let winners = added.withLock { $0 }
            #expect(winners.count == 1)
            #expect(netinfo.instance(named: "race \(round)") === winners.first)
        }
    }

    @Test("Removing an old instance once more leaves its successor alone")
    func removedTwice() throws {
        let old = try add("blue")
        try netinfo.removeInstance(old)
        let new = try add("blue")
        try netinfo.removeInstance(old)
        #expect(netinfo.instance(named: "blue") === new)
        #expect(netinfo.kstatNames("arp", visibleIn: new.netid) == ["NIC_EVENTS", "PHYSICAL_IN", "PHYSICAL_OUT"])
    }

    @Test("A protocol is looked up by its protocol name, never by its family name, and case counts (R5, R27)")
    func protocols() throws {
        let blue = try add("blue")
        #expect(blue.protocolHandle(named: "NHF_INET") === blue.protocolHandle(.inet))
        #expect(blue.protocolHandle(named: "NHF_INET6") === blue.protocolHandle(.inet6))
        #expect(blue.protocolHandle(named: "NHF_ARP") === blue.protocolHandle(.arp))
        for name in ["inet", "inet6", "arp", "nhf_inet", "NHF_inet", "NHF_INET ", ""] {
            #expect(blue.protocolHandle(named: name) == nil, "\(name)")
        }
    }

    @Test("Every look-up gives the same handle, another instance's is another (R28)")
    func handles() throws {
        let blue = try add("blue")
        let red = try add("red")
        #expect(blue.protocolHandle(named: "NHF_INET") === blue.protocolHandle(.inet))
        #expect(blue.protocolHandle(.inet) !== blue.protocolHandle(.inet6))
        #expect(blue.protocolHandle(.inet) !== red.protocolHandle(.inet))
        #expect(blue.protocolHandle(.inet6).netid == blue.netid)
    }

    @Test("Families are shown under their own names, events as in the manual (R5)")
    func shownNames() {
        #expect(NetworkFamily.allCases.map(\.description) == ["inet", "inet6", "arp"])
        #expect(NetworkFamily.allCases.map(\.protocolName) == ["NHF_INET", "NHF_INET6", "NHF_ARP"])
        #expect(
            NetworkEvent.allCases.map(\.description) == [
                "PHYSICAL_IN", "PHYSICAL_OUT", "FORWARDING", "LOOPBACK_IN", "LOOPBACK_OUT", "OBSERVING",
            ])
        #expect(NetID(rawValue: -1).description == "-1")
    }
}
