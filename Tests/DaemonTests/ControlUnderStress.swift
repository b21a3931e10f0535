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
            ProcessInfo.processInfo.environment["NETI_STRESS_MESSAGES"].flatMap(Int.init) ?? 1000
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
                var (mostMemory, mostDescriptors, slowest) = (0, 0, Duration.zero)
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
                    mostMemory = max(mostMemory, try memory(daemon))
                    mostDescriptors = max(mostDescriptors, descriptors(daemon))
                }
                let sent = stress.messages
                #expect(sent >= Self.messages)
                #expect(stress.answers > sent / 10)
                #expect(stress.opened >= 1000)
                stress.stop()
                let tallies = try traffic.stop()
                for (flow, tally) in tallies {
                    #expect(tally.arrived.count == tally.sent && tally.refused == 0, "\(flow)")
                }

                // The machine's other work comes and goes: what is compared are neighbours.
                let ratios = zip(loud, quiet).map { $0 / $1 }
                #expect(median(ratios) > 0.9, "\(ratios)")
                #expect(mostMemory - before.memory < 128 * 1024, "\(mostMemory) KiB, before \(before.memory)")
                #expect(mostDescriptors <= before.descriptors + ControlServer.Limits().clients + 16)
                #expect(slowest < .seconds(5))
                let isOver = Deadline(.seconds(10)).sees { descriptors(daemon) <= before.descriptors }
                #expect(isOver)
                print(
                    """
                    control stress: \(sent) damaged calls, \(stress.answers) answered, \(stress.opened) connections of \
                    the crowd; datagrams a second: quiet \(Int(median(quiet))) \
                    (\(Int(quiet.min() ?? 0)) to \(Int(quiet.max() ?? 0))), under stress \(Int(median(loud))) \
                    (\(Int(loud.min() ?? 0)) to \(Int(loud.max() ?? 0))), median of ratios \(median(ratios)); memory \
                    \(before.memory) to \(mostMemory) KiB; slowest neti-ctl status \(slowest)
                    """)
                #expect(daemon.terminate() == 0)
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
