// SPDX-License-Identifier: Apache-2.0

import Glibc
import Hooks
import LiveHost
import Neti
import NetiLinux
import Testing

extension RealPackets {
    /// Many namespaces that come and go, and what the process holds of them.
    @Suite struct InstancesInWaves {
        /// What a process uses at one moment.
        private struct Usage {
            let threads = InstancesInWaves.threads
            let descriptors = listFolder("/proc/self/fd").count
            /// Memory of its own, in KiB.
            let memory = InstancesInWaves.number("RssAnon", in: "/proc/self/status")

            /// Descriptors of namespaces, which would keep them alive.
            var namespaces: Int {
                listFolder("/proc/self/fd").count { readLink("/proc/self/fd/\($0)")?.hasPrefix("net:") == true }
            }
        }

        /// How many threads are ours; the test runner's come and go.
        private static var threads: Int {
            listFolder("/proc/self/task").count { id in
                (try? readFile("/proc/self/task/\(id)/comm"))?.hasPrefix("neti-") == true
            }
        }

        private static func number(_ field: String, in path: String) -> Int {
            let line = (try? readFile(path))?.split(separator: "\n").first { $0.hasPrefix("\(field):") }
            return line?.split(whereSeparator: { " \t".contains($0) }).dropFirst().first.flatMap { Int($0) } ?? -1
        }

        private func allowDescriptors(_ count: UInt) {
            var limit = rlimit()
            let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
            unsafe getrlimit(kind, &limit)
            limit.rlim_cur = max(limit.rlim_cur, min(count, limit.rlim_max))
            unsafe setrlimit(kind, &limit)
        }

        /// Adds instances of namespaces, some with hooks, and takes them down again.
        private func wave(_ names: [String], in folder: NamespaceFolder, of provider: LinuxProvider) throws -> Usage {
            try folder.create(names)
            var instances: [Instance] = []
            for (number, name) in names.enumerated() {
                let instance = try provider.addInstance(named: name, in: folder.namespace(name))
                if number.isMultiple(of: 4) {
                    for event in [NetworkEvent.physicalIn, .physicalOut] {
                        try instance.protocolHandle(.inet).register(Hook(name: "a") { _ in .pass }, on: event)
                    }
                }
                instances.append(instance)
            }
            let usage = Usage()
            try folder.delete(names)
            for instance in instances { try provider.removeInstance(instance) }
            return usage
        }

        @Test(
            """
            1,000 namespaces in waves while a module comes and goes: each create has one shutdown and one destroy; \
            descriptors, threads and memory are back where they began (R112, R115, R118, R123)
            """)
        func waves() throws {
            let size = 100
            allowDescriptors(16_384)
            try NamespaceFolder.with { folder in
                let provider = try LinuxProvider(pumps: 2)
                defer { provider.stop() }
                let names = (0..<size).map { "n\($0)" }
                let module = RestlessModule()
                try module.comeAndGo(on: provider.netinfo) {
                    // The first wave fills what is kept for use again.
                    _ = try wave(names, in: folder, of: provider)
                    let before = Usage()
                    for _ in 0..<10 {
                        let during = try wave(names, in: folder, of: provider)
                        #expect(during.threads == before.threads)
                        #expect(during.descriptors >= before.descriptors + size)
                        #expect(during.namespaces == before.namespaces)
                    }
                    #expect(provider.netinfo.instances.isEmpty)
                    let after = Usage()
                    #expect(after.threads == before.threads)
                    #expect(after.descriptors == before.descriptors)
                    #expect(
                        after.memory <= before.memory + 1024, "\(before.memory) KiB before, \(after.memory) after")
                }
                #expect(module.complaints == [])
                let (created, destroyed) = (module.created, module.destroyed)
                #expect(
                    created.ofInstances + created.ofRegistrations == destroyed.ofInstances + destroyed.ofRegistrations)
                // Both came first at times.
                #expect(created.ofInstances > 0 && created.ofRegistrations > 0, "\(created)")
                #expect(destroyed.ofInstances > 0 && destroyed.ofRegistrations > 0, "\(destroyed)")
            }
        }

        @Test("A provider that finds no room for its threads leaves none behind")
        func halfStarted() throws {
            var limit = rlimit()
            let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
            unsafe getrlimit(kind, &limit)
            defer { unsafe setrlimit(kind, &limit) }
            let before = Self.threads
            let highest = listFolder("/proc/self/fd").compactMap { UInt($0) }.max() ?? 0
            var failures = 0
            for room in 3...highest + 64 {
                var narrow = limit
                narrow.rlim_cur = room
                unsafe setrlimit(kind, &narrow)
                let provider = try? LinuxProvider(pumps: 3)
                unsafe setrlimit(kind, &limit)
                failures += provider == nil ? 1 : 0
                provider?.stop()
                #expect(Self.threads == before)
            }
            // The broker needs two descriptors, each pump and the watch two more; the last time there were enough.
            #expect(failures >= 10 && failures < Int(highest) + 62)
        }
    }
}
