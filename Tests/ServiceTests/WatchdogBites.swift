// SPDX-License-Identifier: Apache-2.0

import LiveHost
import Testing

extension ServiceInContainer {
    /// A hook that doesn't return, and systemd's watchdog.
    @Suite struct WatchdogBites {
        @Test("A stuck hook makes the watchdog fire, and packets flow again; a daemon that works is left alone")
        func stuckHook() throws {
            try Container.with { container in
                try container.install()
                try container.run("mkdir -p /run/systemd/system/neti.service.d")
                try container.write(
                    "/run/systemd/system/neti.service.d/stuck.conf",
                    """
                    [Service]
                    ExecStart=
                    ExecStart=/usr/sbin/neti-troubled-daemon /etc/neti/neti.toml
                    WatchdogSec=2
                    """)
                try container.configure(
                    """
                    [[instance]]
                    netns = "blue"
                      [[instance.hook]]
                      name = "tar"
                      module = "trouble"
                      events = ["PHYSICAL_IN"]
                    """)
                try container.run("systemctl daemon-reload; systemctl restart neti")
                // Under traffic for longer than the watchdog waits.
                try container.run("ping -n -q -i 0.02 -c 200 192.0.2.2")
                #expect(try container.property("NRestarts") == "0")
                let process = try container.property("MainPID")

                try container.run("bash -c 'echo >/dev/udp/192.0.2.2/7103'")
                #expect(try !container.answers("192.0.2.2"))
                #expect(container.logs("neti.service: Watchdog timeout (limit 2s)!"))
                #expect(container.logs("has not come back from its packets"))
                #expect(container.comesTrue("test $(systemctl show neti -p NRestarts --value) = 1"))
                #expect(container.comesTrue("systemctl is-active neti"))
                #expect(try container.property("MainPID") != process)
                #expect(try container.answers("192.0.2.2"))
            }
        }
    }
}
