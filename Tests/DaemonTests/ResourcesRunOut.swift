// SPDX-License-Identifier: Apache-2.0

import Glibc
import LiveHost
import Neti
import NetiControl
import Testing

extension RunningDaemon {
    /// Out of descriptors, or of room on the disk: told once, survived, and made good when there is more.
    @Suite struct ResourcesRunOut {
        /// Lets a process open so many descriptors more.
        private func allow(_ more: Int, to process: Int32) throws {
            let open = Set(listFolder("/proc/\(process)/fd").compactMap(Int.init))
            // The limit is on their numbers, and the lowest one that is free is taken next.
            let limit = (0...open.count + more).filter { !open.contains($0) }[more]
            try Command.run("prlimit", ["--pid", "\(process)", "--nofile=\(limit):4096"])
        }

        @Test("Without descriptors an instance fails, says why and comes up later; the rest serves on (EMFILE)")
        func descriptors() throws {
            let name = HostName.next()
            try HostPair.with { other in
                let daemon = try DaemonProcess(
                    instances: InstanceText(netns: other.right.name).text + InstanceText(netns: "\(name)").text)
                defer { daemon.stop() }
                try daemon.waitUntilReady()
                // Room for a client or two, not for an instance with its hooks.
                try allow(4, to: daemon.process)
                try HostPair.with(rightName: name) { hosts in
                    #expect(daemon.sees("\(name)", .failed))
                    let reason = try #require(try daemon.instance("\(name)")?.reason)
                    #expect(reason.contains("Too many open files"), "\(reason)")
                    try expectFlow(other)

                    // Not even a client: nothing is answered, and nothing ends for that.
                    let program = try DaemonProcess.program("neti-ctl")
                    let call = ["1", program, "status", "--socket", daemon.controlSocket]
                    #expect(
                        try Deadline(.seconds(10)).sees { () throws -> Bool in
                            // Again, for clients of before may still be going.
                            try allow(0, to: daemon.process)
                            return try Command.end("timeout", call).status != 0
                        })
                    try expectFlow(other)

                    try allow(1000, to: daemon.process)
                    #expect(
                        Deadline(.seconds(60)).sees { (try? daemon.instance("\(name)"))?.state == .up },
                        "\(daemon.log)")
                    try expectFlow(hosts)
                }
                #expect(daemon.terminate() == 0)
            }
        }

        private func expectFlow(_ hosts: HostPair) throws {
            let (left, right) = (try UDPSocket(on: hosts.left, .inet), try UDPSocket(on: hosts.right, .inet))
            for number: UInt8 in 0..<5 {
                try left.send([number], to: right)
                #expect(try right.receive()?.bytes == [number])
            }
        }

        @Test("A full disk for the state directory is told once; what it kept stays whole, and it is written later")
        func disk() throws {
            try HostPair.with { hosts in
                let state = "/tmp/neti-full-\(getpid())"
                let made = unsafe mkdir(state, 0o700)
                try #require(made == 0)
                defer { unsafe rmdir(state) }
                let hook = InstanceText.Hook(name: "seen", events: ["PHYSICAL_IN"], families: ["inet"])
                // A file system of its own for the state, seen by nobody else, that goes with the daemon.
                let daemon = try DaemonProcess(
                    instances: InstanceText(netns: hosts.right.name, hooks: [hook]).text, state: state,
                    prefix: [
                        "unshare", "--mount", "--propagation", "slave", "sh", "-c",
                        "mount -t tmpfs -o size=64k neti-test \(state) && exec \"$@\"", "sh",
                    ])
                defer { daemon.stop() }
                try daemon.waitUntilReady()
                let seen = "/proc/\(daemon.process)/root\(state)"
                func kept() -> String { (try? readFile("\(seen)/kstats.json")) ?? "" }

                try expectFlow(hosts)
                #expect(Deadline(.seconds(10)).sees { kept().contains(#""value" : "5""#) })
                #expect((try? writeFile("\(seen)/filler", String(repeating: "x", count: 1 << 20))) == nil)
                let before = kept()
                try expectFlow(hosts)
                #expect(daemon.logs("can't write \(state)/kstats.json: No space left on device"), "\(daemon.log)")
                #expect(kept() == before)
                try expectFlow(hosts)
                unsafe unlink("\(seen)/filler")
                #expect(Deadline(.seconds(10)).sees { kept().contains(#""value" : "15""#) }, "\(kept())")
                #expect(daemon.logs("kstats.json is written again"), "\(daemon.log)")
                #expect(daemon.log.components(of: "No space left on device") == 1, "\(daemon.log)")
                #expect(daemon.terminate() == 0)
            }
        }
    }
}

extension String {
    /// How often a text stands in it.
    fileprivate func components(of text: String) -> Int { split(separator: text).count - 1 }
}
