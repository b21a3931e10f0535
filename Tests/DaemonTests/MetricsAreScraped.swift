// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc
import LiveHost
import Neti
import Testing

extension RunningDaemon {
    /// Metrics as an administrator fetches them: with the programs of Prometheus.
    @Suite struct MetricsAreScraped {
        private static let address = "127.0.0.1:9469"
        private static let hooks: [InstanceText.Hook] = [
            .init(name: "filter", module: "ipf", hint: "first", rules: "ipf.conf"), .counter,
        ]
        private static let rules = "block in quick proto udp from any to any port = 9\n"

        private func with(
            metrics: String, _ body: (HostPair, DaemonProcess) throws -> Void
        ) throws {
            try HostPair.with { hosts in
                let daemon = try DaemonProcess(
                    instances: InstanceText(hooks: Self.hooks).text, files: ["ipf.conf": Self.rules], on: hosts.right,
                    settings: "metrics = \"\(metrics)\"")
                defer { daemon.stop() }
                try daemon.waitUntilReady()
                try body(hosts, daemon)
            }
        }

        /// 7 datagrams that pass and 3 that the filter stops, all inbound.
        private func exchange(_ hosts: HostPair, _ daemon: DaemonProcess) throws {
            let (left, right) = (try UDPSocket(on: hosts.left, .inet), try UDPSocket(on: hosts.right, .inet))
            let discard = try UDPSocket(on: hosts.right, .inet, port: 9)
            for number in 0..<7 {
                try left.send([UInt8(number)], to: right)
                #expect(try right.receive() != nil)
            }
            for number in 0..<3 { try left.send([UInt8(number)], to: discard) }
            #expect(try Deadline(.seconds(5)).sees { () throws in try daemon.dropped() == 3 })
        }

        @Test("promtool finds nothing wrong with the metrics, and neti-ctl prints those that are served")
        func promtool() throws {
            try with(metrics: Self.address) { hosts, daemon in
                try exchange(hosts, daemon)
                let served = try Command.run(
                    "ip", ["netns", "exec", hosts.right.name, "curl", "-sf", "http://\(Self.address)/metrics"])
                let printed = try daemon.control("metrics")
                for text in [served, printed] {
                    let ending = try Command.end(try Prometheus.program("promtool"), ["check", "metrics"], input: text)
                    #expect(ending.status == 0 && ending.output.isEmpty, "\(ending.output)")
                }
                func names(_ text: String) -> [Substring] {
                    text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { $0.prefix { $0 != " " } }
                }
                #expect(names(served) == names(printed))
                #expect(names(served).count > 50)
            }
        }

        @Test("A real Prometheus scrapes exact numbers of packets, verdicts and hits")
        func prometheus() throws {
            try with(metrics: Self.address) { hosts, daemon in
                let prometheus = try Prometheus(scraping: Self.address, on: hosts.right)
                defer { prometheus.stop() }
                try exchange(hosts, daemon)
                func sees(_ expression: String, _ value: Double) -> Bool {
                    Deadline(.seconds(20)).sees { prometheus.values(of: expression)?.values.first == value }
                }
                #expect(sees("up", 1), "\(prometheus.log)")
                let inet = #"family="inet",event="PHYSICAL_IN",ip_instance="global",netid="0""#
                #expect(sees("neti_event_packets_total{\(inet)}", 10))
                #expect(sees("neti_hook_packets_total{\(inet),hook=\"filter\"}", 10))
                #expect(sees("neti_hook_packets_total{\(inet),hook=\"counter\"}", 7))
                #expect(sees(#"sum(neti_queue_verdicts_total{verdict="drop"})"#, 3))
                #expect(sees("sum(neti_queue_received_packets_total) - sum(neti_queue_verdicts_total)", 0))
                #expect(sees("neti_hook_dropped_packets_total{\(inet),hook=\"filter\"}", 3))
                #expect(sees("neti_hook_dropped_packets_total{\(inet),hook=\"counter\"}", 0))
                let latency = "neti_queue_latency_seconds"
                #expect(sees("sum(\(latency)_count) - sum(neti_queue_received_packets_total)", 0))
                #expect(sees("sum(\(latency)_sum) > bool 0", 1))
                #expect(sees("histogram_quantile(0.5, sum by (le) (\(latency)_bucket)) < bool 1", 1))
                #expect(sees("neti_instance_up", 1))
                // The label that Prometheus itself gives stays what it is.
                let labels = prometheus.values(of: "neti_instance_up")?.keys.first
                #expect(labels?["instance"] == Self.address)
                #expect(labels?["ip_instance"] == "global")
            }
        }

        @Test("Many scrapers, and silent ones, hold up neither each other nor packets, and cost few descriptors")
        func many() throws {
            try HostPair.with { hosts in
                let socket = "/tmp/neti-\(getpid())-metrics.sock"
                let daemon = try DaemonProcess(
                    instances: InstanceText(hooks: [.counter]).text, on: hosts.right,
                    settings: "metrics = \"unix:\(socket)\"")
                defer { daemon.stop() }
                try daemon.waitUntilReady()
                var status = stat()
                #expect(unsafe lstat(socket, &status) == 0)
                #expect(status.st_mode == S_IFSOCK | 0o660)
                let silent = (0..<200).map { _ in connectUnix(socket) }
                defer { for descriptor in silent where descriptor >= 0 { close(descriptor) } }
                try exchangeEcho(hosts)
                let descriptors = listFolder("/proc/\(daemon.process)/fd").count
                #expect(descriptors < 100, "\(descriptors) descriptors")
                // Silent ones are cut off after ten seconds; the next one gets its answer.
                let isServed = Deadline(.seconds(20)).sees {
                    (try? Command.run("curl", ["-sf", "--unix-socket", socket, "http://neti/metrics"]))?
                        .contains("neti_instance_up") == true
                }
                #expect(isServed)
                #expect(daemon.terminate() == 0)
                #expect(unsafe access(socket, F_OK) == -1)
            }
        }

        private func exchangeEcho(_ hosts: HostPair) throws {
            let (left, right) = (try UDPSocket(on: hosts.left, .inet), try UDPSocket(on: hosts.right, .inet))
            for number in 0..<50 {
                try left.send([UInt8(number)], to: right)
                #expect(try right.receive() != nil)
            }
        }

        /// A connection on which nothing is said; -1 when there is none.
        private func connectUnix(_ path: String) -> Int32 {
            let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: Array(path.utf8)) }
            _ = unsafe withUnsafePointer(to: address) { address in
                unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            return descriptor
        }

        @Test("An address that is taken keeps the daemon from starting, with one line that names it")
        func taken() throws {
            try with(metrics: Self.address) { hosts, _ in
                let second = try DaemonProcess(
                    instances: "", on: hosts.right, settings: "metrics = \"\(Self.address)\"")
                defer { second.stop() }
                #expect(second.waitUntilEnded() != 0)
                #expect(second.log.contains("can't offer metrics at \(Self.address)"), "\(second.log)")
            }
        }
    }
}
