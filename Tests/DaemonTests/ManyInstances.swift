// SPDX-License-Identifier: Apache-2.0

import Glibc
import LiveHost
import NetiControl
import Testing

extension RunningDaemon {
    /// A daemon with many namespaces, none of which has traffic.
    @Suite struct ManyInstances {
        /// The names of its threads but for those that Swift's runtime keeps for tasks, which come and go as there is
        /// work, a few for each processor at most.
        private func threads(of daemon: DaemonProcess) -> [String] {
            listFolder("/proc/\(daemon.process)/task").compactMap { id in
                let name = try? readFile("/proc/\(daemon.process)/task/\(id)/comm")
                return name?.hasPrefix("neti-daemon") == true || name?.hasSuffix("qos\n") == true
                    || name?.hasSuffix("overcommit\n") == true ? nil : name
            }.sorted()
        }

        /// A field of proc_pid_status(5); memory in KiB.
        private func number(_ field: String, of daemon: DaemonProcess) throws -> Int {
            let status = try readFile("/proc/\(daemon.process)/status")
            let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("\(field):") })
            let words = line.split { $0 == " " || $0 == "\t" }
            return try #require(words.count > 1 ? Int(words[1]) : nil)
        }

        private func descriptors(of daemon: DaemonProcess) -> [String] {
            listFolder("/proc/\(daemon.process)/fd").compactMap { readLink("/proc/\(daemon.process)/fd/\($0)") }
        }

        private func ups(_ daemon: DaemonProcess) throws -> Int {
            try daemon.instances().count { $0.state == .up } - 1
        }

        @Test(
            "500 idle instances: threads stay the same, each costs little memory, all of it comes back",
            arguments: [[], [InstanceText.Hook.counter]])
        func fiveHundred(_ hooks: [InstanceText.Hook]) throws {
            let count = 500
            try NamespaceFolder.with { folder in
                let daemon = try DaemonProcess(
                    instances: InstanceText(netns: "n*", hooks: hooks).text,
                    settings: "netns-directories = [\"\(folder.path)\"]")
                defer { daemon.stop() }
                try daemon.waitUntilReady()
                // One instance and some calls: what is made once and kept.
                try folder.create(["n"])
                #expect(daemon.sees("n", .up))
                let before = (
                    threads: threads(of: daemon), memory: try number("RssAnon", of: daemon),
                    descriptors: descriptors(of: daemon).count
                )
                let mostThreads = before.threads.count + 1 + 4 * sysconf(Int32(_SC_NPROCESSORS_ONLN))
                let names = (0..<count).map { "n\($0)" }
                try folder.create(names)
                let areUp = try Deadline(.seconds(60)).sees { () throws -> Bool in try ups(daemon) == count + 1 }
                #expect(areUp)
                #expect(threads(of: daemon) == before.threads)
                #expect(try number("Threads", of: daemon) <= mostThreads)
                let memory = try number("RssAnon", of: daemon) - before.memory
                print("\(count) idle instances with \(hooks.count) hooks: \(memory / count) KiB each")
                #expect(memory < count * (hooks.isEmpty ? 40 : 56), "\(memory) KiB for \(count) instances")
                // The daemon's own namespace is the only one of which it holds a file.
                #expect(descriptors(of: daemon).count { $0.hasPrefix("net:") } == 1)

                try folder.delete(names)
                let areGone = try Deadline(.seconds(60)).sees { () throws -> Bool in try ups(daemon) == 1 }
                #expect(areGone)
                // "global", "n" and the last hundred that are gone.
                #expect(try daemon.instances().count == 102)
                #expect(threads(of: daemon) == before.threads)
                #expect(Deadline(.seconds(5)).sees { descriptors(of: daemon).count <= before.descriptors })
                #expect(daemon.terminate() == 0)
            }
        }
    }
}
