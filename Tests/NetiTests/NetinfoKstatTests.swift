// SPDX-License-Identifier: Apache-2.0

import Hooks
import Kstat
import Neti
import Synchronization
import SystemPackage
import Testing

/// kstats of modules on instances (R169 to R173).
struct NetinfoKstatTests {
    private let netinfo = Netinfo(readers: 1)
    private let global: Instance
    private let blue: Instance

    init() throws {
        global = try netinfo.addInstance(named: "global", settings: .init(provider: FakeProvider()))
        blue = try netinfo.addInstance(named: "blue", settings: .init(provider: FakeProvider()))
    }

    private func create(
        _ netid: NetID, type: KstatType = .named, count: Int = 1, flags: KstatFlags = []
    ) throws(NetiError) -> Kstat {
        try netinfo.createKstat(
            netid: netid, module: "ipd", instance: netid.rawValue, name: "ipd", class: "net", type: type, count: count,
            flags: flags)
    }

    private func errno(_ body: () throws(NetiError) -> Void) -> Errno? {
        do throws(NetiError) {
            try body()
            return nil
        } catch {
            return error.errno
        }
    }

    @Test("Only the instance sees its kstat, the global one sees no other's (R169)")
    func visibility() throws {
        for instance in [global, blue] {
            let kstat = try create(instance.netid)
            try netinfo.kstats.install(kstat)
            #expect(kstat.netids == [instance.netid.rawValue])
            #expect(netinfo.kstatNames("ipd", visibleIn: instance.netid) == ["ipd"])
        }
        #expect(netinfo.kstats.snapshot(KstatSelection(module: "ipd"), visibleIn: 0).map(\.instance) == [0])
    }

    @Test("An unknown netid creates nothing, and every other refusal is handed on (R169, R174)")
    func refusals() throws {
        #expect(errno { () throws(NetiError) in _ = try create(NetID(rawValue: 9)) } == .noSuchProcess)
        #expect(errno { () throws(NetiError) in _ = try create(NetID(rawValue: -1)) } == .noSuchProcess)
        #expect(errno { () throws(NetiError) in _ = try create(.global, type: .io, count: 2) } == .invalidArgument)
        #expect(
            errno { () throws(NetiError) in _ = try create(.global, flags: [.persistent, .virtual]) }
                == .invalidArgument)
        #expect(netinfo.kstatNames("ipd", visibleIn: .global) == [])
        _ = try create(.global)
        #expect(errno { () throws(NetiError) in _ = try create(.global) } == .fileExists)
    }

    @Test("The same name may exist once in each instance (R171)")
    func names() throws {
        for instance in [global, blue] {
            _ = try netinfo.createKstat(netid: instance.netid, module: "m", name: "n", class: "c", count: 0)
            #expect(
                errno { () throws(NetiError) in
                    _ = try netinfo.createKstat(netid: instance.netid, module: "m", name: "n", class: "c", count: 0)
                } == .fileExists)
        }
    }

    @Test("Without a name it is called like module and instance (R175)")
    func defaultName() throws {
        #expect(
            try netinfo.createKstat(netid: blue.netid, module: "ipd", instance: 3, class: "net", count: 0).name
                == "ipd3")
    }

    @Test("Deleting with a netid that nobody has leaves the kstat alone (R170)")
    func deleteUnknown() throws {
        let kstat = try create(.global)
        try netinfo.kstats.install(kstat)
        try netinfo.deleteKstat(netid: NetID(rawValue: 9), kstat)
        #expect(netinfo.kstatNames("ipd", visibleIn: .global) == ["ipd"])
        try netinfo.deleteKstat(netid: .global, kstat)
        #expect(netinfo.kstatNames("ipd", visibleIn: .global) == [])
        #expect(
            errno { () throws(NetiError) in try netinfo.deleteKstat(netid: .global, kstat) } == .noSuchAddressOrDevice)
    }

    @Test("An instance that is gone still has its kstats deleted, and gets no new ones (R169, R172)")
    func goneInstance() throws {
        let kstat = try create(blue.netid)
        try netinfo.kstats.install(kstat)
        try netinfo.removeInstance(blue)
        #expect(errno { () throws(NetiError) in _ = try create(blue.netid) } == .noSuchProcess)
        try netinfo.deleteKstat(netid: blue.netid, kstat)
        #expect(netinfo.kstatNames("ipd", visibleIn: blue.netid) == [])
    }

    @Test("Created and deleted from inside a hook (R60, R173)")
    func insideHook() throws {
        let sample = try SampleInstance()
        let netinfo = sample.netinfo
        let names = Mutex<[String]>([])
        try sample.inet.register(
            Hook(name: "h") { packet in
                guard
                    let kstat = try? netinfo.createKstat(
                        netid: packet.netid, module: "hook", name: "k", class: "net", count: 0)
                else { return .drop }
                try? netinfo.kstats.install(kstat)
                names.withLock { $0 = netinfo.kstatNames("hook", visibleIn: .global) }
                try? netinfo.deleteKstat(netid: packet.netid, kstat)
                return .pass
            }, on: .physicalIn)
        #expect(try sample.run() == .pass)
        #expect(names.withLock { $0 } == ["k"])
        #expect(netinfo.kstatNames("hook", visibleIn: .global) == [])
    }

    @Test("Persistent values outlive owner and instance (R178, R179)")
    func persistence() throws {
        let kstat = try create(blue.netid, flags: .persistent)
        try netinfo.kstats.install(
            kstat, owner: KstatOwner(data: .named([NamedValue("packets", .uint64(7))])))
        try netinfo.removeInstance(blue)
        try netinfo.deleteKstat(netid: blue.netid, kstat)
        #expect(netinfo.kstats.snapshot(KstatSelection(module: "ipd"))[0].fields[0].value == .uint64(7))
        let again = try netinfo.addInstance(named: "blue", settings: .init(provider: FakeProvider()))
        #expect(again.netid == blue.netid)
        #expect(try create(again.netid, flags: .persistent) === kstat)
    }
}
