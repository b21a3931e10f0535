// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc
import LiveHost
import Neti
import NetiControl
import Testing

extension RunningDaemon {
    /// A thousand idle and slow clients, and others that send nonsense, while packets flow.
    ///
    /// `NETI_STRESS_MESSAGES` says how many damaged calls the daemon must look at; a million for the full test.
    @Suite struct ControlUnderStress {
        private static let messages =
            ProcessInfo.processInfo.environment["NETI_STRESS_MESSAGES"].flatMap(Int.init) ?? 5000
        /// Pairs of a quiet second and one under stress that are compared at least.
        private static let rounds = 5

        /// Memory of its own that the daemon has, in KiB (proc_pid_status(5)).
        private func memory(_ daemon: DaemonProcess) throws -> Int {
            let status = try readFile("/proc/\(daemon.process)/status")
            let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("RssAnon:") })
            return try #require(Int(line.split { $0 == " " || $0 == "\t" }[1]))
        }

        private func descriptors(_ daemon: DaemonProcess) -> Int {
            listFolder("/proc/\(daemon.process)/fd").count
        }

        /// Seconds under stress in a row.
        private static let loudSeconds = messages > 100_000 ? 5 : 1

        /// Datagrams that arrive in a second. The time that passes is what it is measured over.
        private func rate(_ traffic: Traffic, seconds length: Int) -> Double {
            let (start, before) = (ContinuousClock.now, traffic.arrived)
            usleep(UInt32(length) * 1_000_000)
            let count = traffic.arrived - before
            let (seconds, attoseconds) = (ContinuousClock.now - start).components
            return Double(count) / (Double(seconds) + Double(attoseconds) / 1e18)
        }

        private func median(_ numbers: [Double]) -> Double { numbers.sorted()[numbers.count / 2] }

        @Test("Packets flow as fast as before, none is lost, memory stays bounded, and who has a right is answered")
        func stress() throws {
            raiseDescriptorLimit()
            try HostPair.with { hosts in
                let daemon = try DaemonProcess(
                    instances: InstanceText(hooks: [.init(name: "counter")]).text, on: hosts.right)
                defer { daemon.stop() }
                try daemon.waitUntilReady()
                let traffic = try Traffic(between: hosts, pace: .rate(1000))
                let stress = try ControlStress(daemon.controlSocket, crowd: 1000, fuzzers: 4)
                defer { stress.stop() }
                #expect(traffic.brings(100))
                let before = (memory: try memory(daemon), descriptors: descriptors(daemon))

                var (quiet, loud): ([Double], [Double]) = ([], [])
                var (memories, mostDescriptors, slowest) = ([Int](), 0, Duration.zero)
                let deadline = Deadline(.seconds(60 + Self.messages / 1000))
                while quiet.count < Self.rounds || stress.messages < Self.messages, !deadline.isOver {
                    stress.pause()
                    quiet.append(rate(traffic, seconds: 1))
                    stress.resume()
                    loud.append(rate(traffic, seconds: Self.loudSeconds))
                    // Somebody with a right to know.
                    let asked = ContinuousClock.now
                    #expect(try daemon.status().pid == Int(daemon.process))
                    slowest = max(slowest, ContinuousClock.now - asked)
                    memories.append(try memory(daemon))
                    mostDescriptors = max(mostDescriptors, descriptors(daemon))
                }
                let sent = stress.messages
                #expect(sent >= Self.messages)
                #expect(stress.answers > sent / 5)
                #expect(stress.opened >= 1000)
                stress.stop()
                let tallies = try traffic.stop()
                for (flow, tally) in tallies {
                    #expect(tally.arrived.count == tally.sent && tally.refused == 0, "\(flow)")
                }

                // The machine's other work comes and goes: what is compared are neighbours.
                let ratios = zip(loud, quiet).map { $0 / $1 }
                #expect(median(ratios) > 0.9, "\(ratios)")
                let mostMemory = memories.max() ?? 0
                #expect(mostMemory - before.memory < 64 * 1024, "\(memories) KiB, before \(before.memory)")
                // It doesn't go on growing.
                let half = memories.count / 2
                let (early, late) = (memories.prefix(half).max() ?? 0, memories.suffix(half).max() ?? 0)
                #expect(late < early + 16 * 1024, "\(memories)")
                #expect(mostDescriptors <= before.descriptors + ControlServer.Limits().clients + 16)
                #expect(slowest < .seconds(5))
                let isOver = Deadline(.seconds(10)).sees { descriptors(daemon) <= before.descriptors }
                #expect(isOver)
                let memoryAfter = try memory(daemon)
                print(
                    """
                    control stress: \(sent) damaged calls, \(stress.answers) answered, \(stress.opened) connections of \
                    the crowd; datagrams a second: quiet \(Int(median(quiet))) \
                    (\(Int(quiet.min() ?? 0)) to \(Int(quiet.max() ?? 0))), under stress \(Int(median(loud))) \
                    (\(Int(loud.min() ?? 0)) to \(Int(loud.max() ?? 0))), median of ratios \(median(ratios)); memory \
                    \(before.memory) KiB before, \(early) in the first half, \(late) in the second, \(memoryAfter) \
                    afterwards; descriptors: \(before.descriptors) before, \(mostDescriptors) at most; slowest \
                    neti-ctl status \(slowest)
                    """)
                #expect(daemon.terminate() == 0)
            }
        }

        /// What each packet is compared with, so that a flood is more than the filter takes.
        private static let rules = (1...4000).map {
            "block in quick proto udp from 203.0.113.\($0 % 250) to any port = \($0)\n"
        }

        private func window(_ daemon: DaemonProcess, on host: Host) throws -> FilterWindow {
            let start = try FilterLook(daemon, on: host)
            usleep(1_000_000)
            return FilterWindow(from: start, to: try FilterLook(daemon, on: host))
        }

        /// The daemon has a processor that the clients and the sender, whose work isn't the daemon's, keep away from.
        @Test("Where more packets come than the filter takes, clients get little of its processor time")
        func saturation() throws {
            raiseDescriptorLimit()
            try Processors.leavingOneFree { processor in
                try HostPair.with { hosts in
                    let daemon = try DaemonProcess(
                        instances: InstanceText(hooks: [.filter]).text, files: ["ipf.conf": Self.rules.joined()],
                        on: hosts.right, prefix: ["taskset", "--cpu-list", "\(processor)"])
                    defer { daemon.stop() }
                    try daemon.waitUntilReady()
                    let stress = try ControlStress(daemon.controlSocket, crowd: 1000, fuzzers: 4)
                    defer { stress.stop() }
                    let flood = try Flood(from: hosts.left, to: hosts.right, .inet)
                    defer { flood.stop() }

                    #expect(try Deadline(.seconds(20)).sees { try window(daemon, on: hosts.right).isSaturated })
                    let quiet = try (0..<Self.rounds).map { _ in try window(daemon, on: hosts.right) }
                    stress.resume()
                    #expect(Deadline(.seconds(20)).sees { stress.opened > 100 })
                    let loud = try (0..<Self.rounds).map { _ in try window(daemon, on: hosts.right) }
                    #expect((quiet + loud).allSatisfy { $0.isSaturated })
                    let shares = loud.map(\.share)
                    #expect(median(shares) < 0.1, "\(shares)")
                    let yields = (quiet: median(quiet.map(\.yield)), loud: median(loud.map(\.yield)))
                    #expect(yields.loud / yields.quiet > 0.8, "\(quiet) \(loud)")
                    print(
                        """
                        control stress, saturated: \(stress.messages) damaged calls, \(stress.opened) connections of \
                        the crowd; packets a second: quiet \(Int(median(quiet.map(\.rate)))), under stress \
                        \(Int(median(loud.map(\.rate)))); in a second of processor time: quiet \
                        \(Int(yields.quiet)), under stress \(Int(yields.loud)); processor time that the pumps didn't \
                        have: quiet \(median(quiet.map(\.share))), under stress \(median(shares))
                        """)
                }
            }
        }

        private func raiseDescriptorLimit() {
            var limit = rlimit()
            guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
            limit.rlim_cur = limit.rlim_max
            unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        }
    }
}
