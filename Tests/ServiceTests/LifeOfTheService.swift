// SPDX-License-Identifier: Apache-2.0

import LiveHost
import Testing

extension ServiceInContainer {
    /// From installing to purging, and what becomes of packets on the way.
    @Suite struct LifeOfTheService {
        private static let noPing = "pass in all\nblock in quick inet proto icmp all\n"

        @Test(
            "The package runs as installed, filters when told, lets packets pass when stopped, and purge leaves nothing"
        )
        func installToPurge() throws {
            try Container.with { container in
                try container.install()
                #expect(try container.run("systemctl is-enabled neti; systemctl is-active neti") == "enabled\nactive\n")
                #expect(try container.answers("192.0.2.2"))

                try container.configure(Container.filtered("blue"), rules: Self.noPing)
                try container.run("systemctl restart neti")
                #expect(try !container.answers("192.0.2.2"))
                #expect(try container.answers("198.51.100.2"))
                #expect(container.comesTrue("systemctl status neti | grep -q 'Status: \"2 instances up'"))

                try container.run("systemctl stop neti")
                #expect(try container.property("Result") == "success")
                #expect(try container.property("NRestarts") == "0")
                #expect(try container.answers("192.0.2.2"))
                #expect(
                    try container.run("ip netns exec blue nft list tables; ls -A /run/neti 2>&1 || true").contains(
                        "No such file"))

                try container.run("systemctl start neti")
                #expect(try !container.answers("192.0.2.2"))

                try container.run("dpkg --purge neti")
                #expect(try container.answers("192.0.2.2"))
                #expect(try container.end("systemctl cat neti").status != 0)
                #expect(try container.end("pgrep neti-daemon").status != 0)
                // neti-troubled-daemon is the test's.
                let left = "find /etc /run /usr /var -xdev -name '*neti*' ! -path '/var/log/*' ! -path '/run/host/*'"
                #expect(try container.run("\(left) ! -name netif ! -name neti-troubled-daemon").isEmpty)
            }
        }

        @Test("Reloading changes what is filtered in the same process; what is wrong is told and changes nothing")
        func reload() throws {
            try Container.with { container in
                try container.install()
                let process = try container.property("MainPID")
                try container.configure(Container.filtered("blue"), rules: Self.noPing)
                try container.run("systemctl reload neti")
                #expect(try !container.answers("192.0.2.2"))

                try container.configure(Container.filtered("blue"), rules: "pass in all\nblock in frim any to any\n")
                #expect(try container.end("systemctl reload neti").status != 0)
                #expect(container.logs("/etc/neti/ipf.conf:2:10:"))
                #expect(try container.property("ActiveState") == "active")
                #expect(try !container.answers("192.0.2.2"))

                try container.configure(Container.filtered("green"), rules: Self.noPing)
                try container.run("kill -HUP \(process)")
                #expect(container.comesTrue("ping -n -q -c 1 -W 1 192.0.2.2"))
                #expect(try !container.answers("198.51.100.2"))
                #expect(try container.property("MainPID") == process)
                #expect(try container.property("NRestarts") == "0")
            }
        }

        /// The stream of pings goes on over death and new start: the open instance answers in between, the closed never.
        @Test("After kill -9 it is back by itself; meanwhile 'open' lets packets pass and 'closed' none")
        func crash() throws {
            try Container.with { container in
                try container.install()
                try container.configure(
                    Container.filtered("blue", onExit: "closed") + Container.filtered("green"), rules: Self.noPing)
                try container.run("systemctl restart neti")
                let process = try container.property("MainPID")
                let ping = "ping -n -q -i 0.01 -c 200 -W 1"
                try container.write(
                    "/crash",
                    """
                    \(ping) 192.0.2.2 >/blue.log & blue=$!
                    \(ping) 198.51.100.2 >/green.log & green=$!
                    ping -n -q -i 0.01 -c 50 -W 1 198.51.100.2 && exit 1
                    kill -9 \(process)
                    wait $blue && exit 1
                    wait $green
                    """)
                try container.run("sh -e /crash")
                #expect(try container.run("cat /blue.log").contains("200 packets transmitted, 0 received"))
                #expect(container.comesTrue("systemctl is-active neti && neti-ctl instance list"))
                #expect(try container.property("NRestarts") == "1")
                #expect(try container.property("MainPID") != process)
                #expect(container.logs("neti.service: Main process exited, code=killed, status=9/KILL"))
                #expect(try !container.answers("192.0.2.2"))
                #expect(try !container.answers("198.51.100.2"))
            }
        }

        @Test("A wrong configuration is told with its place, isn't tried again, and works when it is mended")
        func wrongConfiguration() throws {
            try Container.with { container in
                try container.install()
                try container.configure(Container.filtered("blue"), rules: "pass in all\nblock in frim any to any\n")
                #expect(try container.end("systemctl restart neti").status != 0)
                #expect(container.logs("/etc/neti/ipf.conf:2:10:"))
                #expect(try container.property("ActiveState") == "failed")
                try container.configure(Container.filtered("blue"), rules: Self.noPing)
                try container.run("systemctl start neti")
                #expect(try !container.answers("192.0.2.2"))
            }
        }

        @Test(
            "The network waits for the filter at boot, and services before sysinit.target that wait for the network don't mind"
        )
        func order() throws {
            try Container.with { container in
                try container.install()
                // What cloud-init does, and Debian's networking.
                try container.write(
                    "/etc/systemd/system/networking.service",
                    """
                    [Unit]
                    DefaultDependencies=no
                    Wants=network.target network-pre.target
                    After=local-fs.target network-pre.target
                    Before=network.target
                    [Service]
                    Type=oneshot
                    RemainAfterExit=yes
                    ExecStart=/bin/true
                    """)
                try container.write(
                    "/etc/systemd/system/early.service",
                    """
                    [Unit]
                    DefaultDependencies=no
                    Wants=networking.service
                    After=networking.service
                    Before=sysinit.target
                    [Service]
                    Type=oneshot
                    RemainAfterExit=yes
                    ExecStart=/bin/true
                    [Install]
                    WantedBy=sysinit.target
                    """)
                let units = "neti.service network-pre.target networking.service early.service"
                try container.write(
                    "/etc/systemd/system/boot.target", "[Unit]\nWants=\(units)\nAfter=\(units)\n")
                try container.run("systemctl daemon-reload; systemctl enable early")
                #expect(try !container.run("systemd-analyze verify --man=no default.target 2>&1").contains("cycle"))
                // As at boot: one transaction, with nothing of it there before.
                try container.run("systemctl stop neti network-pre.target")
                try container.run("systemctl start boot.target")
                let times = try container.run(
                    "systemctl show \(units) -p ActiveEnterTimestampMonotonic --value")
                let order = times.split(separator: "\n").compactMap { Int($0) }
                #expect(order.count == 4 && order == order.sorted() && order[0] < order[1])
            }
        }
    }
}
