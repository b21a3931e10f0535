// SPDX-License-Identifier: Apache-2.0

import Hooks
import LiveHost
import Neti
import NetiLinux
import Synchronization
import SystemPackage
import Testing
import Witnesses

extension RealPackets {
    /// What modules and callbacks hear, in which order, when real namespaces become instances and cease to be (T1 to T5
    /// of the rules, where the instance is number 5).
    @Suite struct GoldenTraces {
        /// Makes two namespaces and a provider without instances.
        private func withProvider(_ body: (LinuxProvider, HostPair) throws -> Void) throws {
            try HostPair.with { hosts in
                let provider = try LinuxProvider(pumps: 1)
                defer { provider.stop() }
                try body(provider, hosts)
            }
        }

        @Test("T1: a new instance (R4, R6, R124, R134, R140)")
        func newInstance() throws {
            try withProvider { provider, hosts in
                let trace = Trace(provider.netinfo)
                try provider.netinfo.register(trace.watching("m"))
                #expect(trace.take() == [])
                let n = try provider.addInstance(named: hosts.right.name, in: hosts.right.namespace).netid
                #expect(
                    trace.take() == [
                        "m.create(\(n)), NHF_INET nil",
                        "register C: 0",
                        "C REGISTER \(n) - inet, NHF_INET live",
                        "register P: 0",
                        "P REGISTER inet - PHYSICAL_IN, NHF_INET live",
                        "P REGISTER inet - PHYSICAL_OUT, NHF_INET live",
                        "P REGISTER inet - FORWARDING, NHF_INET live",
                        "P REGISTER inet - LOOPBACK_IN, NHF_INET live",
                        "P REGISTER inet - LOOPBACK_OUT, NHF_INET live",
                        "P REGISTER inet - NIC_EVENTS, NHF_INET live",
                        "P REGISTER inet - OBSERVING, NHF_INET live",
                        "C REGISTER \(n) - inet6, NHF_INET live",
                        "C REGISTER \(n) - arp, NHF_INET live",
                    ])
            }
        }

        @Test("T2: a module that comes when two instances are up (R8, R118, R134)")
        func lateModule() throws {
            try withProvider { provider, hosts in
                let trace = Trace(provider.netinfo)
                let old = try provider.addInstance(named: "global", in: hosts.left.namespace).netid
                let new = try provider.addInstance(named: hosts.right.name, in: hosts.right.namespace).netid
                #expect(old == .global)
                try provider.netinfo.register(trace.watching("m"))
                #expect(
                    trace.take()
                        == [new, old].flatMap { n in
                            [
                                "m.create(\(n)), NHF_INET live",
                                "C REGISTER \(n) - arp, NHF_INET live",
                                "C REGISTER \(n) - inet6, NHF_INET live",
                                "C REGISTER \(n) - inet, NHF_INET live",
                                "P REGISTER inet - OBSERVING, NHF_INET live",
                                "P REGISTER inet - NIC_EVENTS, NHF_INET live",
                                "P REGISTER inet - LOOPBACK_OUT, NHF_INET live",
                                "P REGISTER inet - LOOPBACK_IN, NHF_INET live",
                                "P REGISTER inet - FORWARDING, NHF_INET live",
                                "P REGISTER inet - PHYSICAL_OUT, NHF_INET live",
                                "P REGISTER inet - PHYSICAL_IN, NHF_INET live",
                                "register P: 0",
                                "register C: 0",
                            ]
                        })
            }
        }

        @Test("T3: an instance whose namespace is gone, callbacks still registered (R35, R39, R125, R136)")
        func dyingInstance() throws {
            try withProvider { provider, hosts in
                let trace = Trace(provider.netinfo)
                try provider.netinfo.register(trace.watching("m"))
                let instance = try provider.addInstance(named: hosts.right.name, in: hosts.right.namespace)
                let n = instance.netid
                // Its events tell too that P is for one family only.
                _ = trace.take()
                hosts.right.remove()
                try provider.removeInstance(instance)
                #expect(
                    trace.take() == [
                        "P UNREGISTER inet - FORWARDING, NHF_INET live",
                        "P UNREGISTER inet - PHYSICAL_IN, NHF_INET live",
                        "P UNREGISTER inet - PHYSICAL_OUT, NHF_INET live",
                        "P UNREGISTER inet - LOOPBACK_IN, NHF_INET live",
                        "P UNREGISTER inet - LOOPBACK_OUT, NHF_INET live",
                        "P UNREGISTER inet - NIC_EVENTS, NHF_INET live",
                        "P UNREGISTER inet - OBSERVING, NHF_INET live",
                        "C UNREGISTER \(n) - inet, NHF_INET live",
                        "C UNREGISTER \(n) - inet6, NHF_INET live",
                        "m.shutdown(\(n)), NHF_INET nil",
                        "C UNREGISTER \(n) - arp, NHF_INET nil",
                        "m.destroy(\(n)), NHF_INET nil",
                    ])
            }
        }

        @Test("T3: each protocol's events go in the order of the original, that of ARP in the destroy phase")
        func orderOfEvents() throws {
            try withProvider { provider, hosts in
                let trace = Trace(provider.netinfo)
                let instance = try provider.addInstance(named: hosts.right.name, in: hosts.right.namespace)
                for family in NetworkFamily.allCases {
                    try instance.protocolHandle(family).register(NotifyCallback { trace.add("P \($0)") })
                }
                try provider.netinfo.register(NotifyCallback { trace.add("C \($0)") }, in: instance.netid)
                _ = trace.take()
                hosts.right.remove()
                try provider.removeInstance(instance)
                let ip = [
                    "FORWARDING", "PHYSICAL_IN", "PHYSICAL_OUT", "LOOPBACK_IN", "LOOPBACK_OUT", "NIC_EVENTS",
                    "OBSERVING",
                ]
                let n = instance.netid
                #expect(
                    trace.take() == ip.map { "P UNREGISTER inet - \($0)" } + ["C UNREGISTER \(n) - inet"]
                        + ip.map { "P UNREGISTER inet6 - \($0)" } + ["C UNREGISTER \(n) - inet6"]
                        + ["PHYSICAL_IN", "PHYSICAL_OUT", "NIC_EVENTS"].map { "P UNREGISTER arp - \($0)" }
                        + ["C UNREGISTER \(n) - arp"])
            }
        }

        @Test("T4: a module that goes while two instances are up (R123, R135)")
        func unloading() throws {
            try withProvider { provider, hosts in
                let trace = Trace(provider.netinfo)
                let old = try provider.addInstance(named: "global", in: hosts.left.namespace).netid
                let new = try provider.addInstance(named: hosts.right.name, in: hosts.right.namespace).netid
                try provider.netinfo.register(trace.watching("m", tidiesUp: true))
                _ = trace.take()
                try provider.netinfo.unregister(named: "m")
                #expect(
                    trace.take()
                        == [new, old].flatMap { n in
                            [
                                "m.shutdown(\(n)), NHF_INET live",
                                "C UNREGISTER \(n) - arp, NHF_INET live",
                                "C UNREGISTER \(n) - inet6, NHF_INET live",
                                "C UNREGISTER \(n) - inet, NHF_INET live",
                                "unregister C: 0",
                            ]
                        } + [new, old].map { "m.destroy(\($0)), NHF_INET live" })
            }
        }

        @Test("T5: modules that were there first are called in their order, later ones in reverse (R121, R122)")
        func orderOfModules() throws {
            try withProvider { provider, hosts in
                let trace = Trace(provider.netinfo)
                let before = try provider.addInstance(named: hosts.left.name, in: hosts.left.namespace)
                for name in ["A", "B"] { try provider.netinfo.register(trace.module(name)) }
                let after = try provider.addInstance(named: hosts.right.name, in: hosts.right.namespace)
                for instance in [after, before] { try provider.removeInstance(instance) }
                let (n, m) = (after.netid, before.netid)
                #expect(
                    trace.take() == [
                        "A.create(\(m))", "B.create(\(m))", "A.create(\(n))", "B.create(\(n))",
                        "A.shutdown(\(n))", "B.shutdown(\(n))", "A.destroy(\(n))", "B.destroy(\(n))",
                        "B.shutdown(\(m))", "A.shutdown(\(m))", "B.destroy(\(m))", "A.destroy(\(m))",
                    ])
            }
        }
    }
}

/// What was heard, one line each.
private final class Trace: Sendable {
    private let netinfo: Netinfo
    private let lines = HeardLines()

    init(_ netinfo: Netinfo) {
        self.netinfo = netinfo
    }

    func add(_ line: String) {
        lines.add(line)
    }

    /// The lines since the last call.
    func take() -> [String] {
        lines.take()
    }

    /// A module that says only when it is called.
    func module(_ name: String) -> InstanceModule {
        InstanceModule(
            name: name, create: { self.add("\(name).create(\($0))") },
            shutdown: { netid, _ in self.add("\(name).shutdown(\(netid))") },
            destroy: { netid, _ in self.add("\(name).destroy(\(netid))") })
    }

    /// The module of T1 to T4: its create callback registers C on the instance, and C registers P on `inet`.
    func watching(_ name: String, tidiesUp: Bool = false) -> InstanceModule {
        InstanceModule(
            name: name,
            create: { netid in
                self.add("\(name).create(\(netid))", netid)
                let protocolCallback = NotifyCallback { self.add("P \($0)", netid) }
                let callback = NotifyCallback { heard in
                    self.add("C \(heard)", netid)
                    guard heard.command == .register, heard.name3 == "inet" else { return }
                    let inet = self.netinfo.protocolHandle(named: "NHF_INET", in: netid)
                    self.add("register P: " + result { () throws(NetiError) in try inet?.register(protocolCallback) })
                }
                self.add(
                    "register C: " + result { () throws(NetiError) in try self.netinfo.register(callback, in: netid) })
                return callback
            },
            shutdown: { netid, callback in
                self.add("\(name).shutdown(\(netid))", netid)
                guard tidiesUp else { return }
                self.add(
                    "unregister C: "
                        + result { () throws(NetiError) in try self.netinfo.unregister(callback, in: netid) })
            },
            destroy: { netid, _ in self.add("\(name).destroy(\(netid))", netid) })
    }

    /// Adds whether `NHF_INET` can be looked up just then.
    private func add(_ line: String, _ netid: NetID) {
        let handle = netinfo.protocolHandle(named: "NHF_INET", in: netid)
        add("\(line), NHF_INET \(handle == nil ? "nil" : "live")")
    }
}

/// 0 as in C, or the error.
private func result(_ body: () throws(NetiError) -> Void) -> String {
    do throws(NetiError) {
        try body()
        return "0"
    } catch {
        return "\(error)"
    }
}
