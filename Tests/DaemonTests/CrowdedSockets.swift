// SPDX-License-Identifier: Apache-2.0

import Glibc
import LiveHost
import Neti
import NetiControl
import Testing

extension RunningDaemon {
    /// Clients of the control socket and of the metrics, at moments when a daemon can't serve them.
    @Suite struct CrowdedSockets {
        private static let sockets = ["control", "metrics"]

        private func withDaemon(_ socket: String, _ body: (DaemonProcess, _ address: String) throws -> Void) throws {
            try HostPair.with { hosts in
                let metrics = "/tmp/neti-\(getpid())-metrics"
                let daemon = try DaemonProcess(
                    instances: InstanceText().text, on: hosts.right, settings: "metrics = \"unix:\(metrics)\"")
                defer { daemon.stop() }
                try daemon.waitUntilReady()
                try body(daemon, socket == "metrics" ? metrics : daemon.controlSocket)
            }
        }

        @Test("Clients that connect while the daemon stops don't disturb that", arguments: sockets)
        func stops(socket: String) throws {
            for _ in 0..<3 {
                try withDaemon(socket) { daemon, address in
                    var count = 0
                    while let client = try? OpenConnection(to: address) {
                        withExtendedLifetime(client) {}
                        count += 1
                        if count == 200 { daemon.signal(SIGTERM) }
                    }
                    #expect(count >= 200)
                    #expect(daemon.waitUntilEnded() == 0)
                }
            }
        }

        @Test(
            "Clients that take the last descriptors end nothing: when they are gone, the next ones are served",
            arguments: sockets)
        func goesOn(socket: String) throws {
            try withDaemon(socket) { daemon, address in
                let limit = descriptors(daemon) + 6
                _ = try Command.run("prlimit", ["--pid", "\(daemon.process)", "--nofile=\(limit)"])

                var clients = try (0..<12).map { _ in try OpenConnection(to: address) }
                let isFull = Deadline(.seconds(5)).sees { descriptors(daemon) >= limit }
                #expect(isFull, "the daemon has \(descriptors(daemon)) of \(limit) descriptors")
                let used = try share(of: daemon)
                #expect(used < 0.5, "it is busy with waiting")
                withExtendedLifetime(clients) {}
                clients = []

                if socket == "metrics" {
                    let served = try Command.run("curl", ["-sf", "--unix-socket", address, "http://localhost/metrics"])
                    #expect(served.contains("neti_build_info"))
                }
                #expect(try daemon.status().pid == Int(daemon.process))
                #expect(daemon.terminate() == 0)
            }
        }

        private func descriptors(_ daemon: DaemonProcess) -> Int {
            listFolder("/proc/\(daemon.process)/fd").count
        }

        /// How much of a processor the daemon uses. The half second that passes is what it is measured over.
        private func share(of daemon: DaemonProcess) throws -> Double {
            let (start, before) = (ContinuousClock.now, try processorTime(daemon))
            usleep(500_000)
            return (try processorTime(daemon) - before) / (ContinuousClock.now - start)
        }

        /// Processor time that the daemon has used (proc_pid_stat(5)).
        private func processorTime(_ daemon: DaemonProcess) throws -> Duration {
            let fields = try readFile("/proc/\(daemon.process)/stat").split(separator: " ")
            let ticks = try #require(Int(fields[13])) + (try #require(Int(fields[14])))
            return .seconds(ticks) / sysconf(Int32(_SC_CLK_TCK))
        }
    }
}

/// Keeps a connection to a Unix socket open for as long as it lives.
private final class OpenConnection {
    private let client: ControlClient

    init(to path: String) throws(ControlClientError) {
        client = try ControlClient(path: path)
    }
}
