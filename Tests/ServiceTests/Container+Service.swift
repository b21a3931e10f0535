// SPDX-License-Identifier: Apache-2.0

import LiveHost
import Neti

/// The service inside a container, and the network that it filters.
extension Container {
    /// Installs the Debian package and makes two namespaces, `blue` and `green`, each with an interface `up0` to the
    /// container's own, which is 192.0.2.1 for blue at 192.0.2.2, and 198.51.100.1 for green at 198.51.100.2.
    func install() throws(NetiError) {
        try run("dpkg -i /neti.deb")
        for (name, network) in [("blue", "192.0.2"), ("green", "198.51.100")] {
            try run(
                """
                ip netns add \(name)
                ip link add \(name)0 type veth peer name up0 netns \(name)
                ip addr add \(network).1/24 dev \(name)0
                ip link set \(name)0 up
                ip -n \(name) addr add \(network).2/24 dev up0
                ip -n \(name) link set up0 up
                """)
        }
    }

    /// Writes the configuration; the service isn't told.
    ///
    /// - Parameter instances: what stands behind `[daemon]` and its `control-group`.
    func configure(_ instances: String, rules: String = "pass in all\n") throws(NetiError) {
        try write("/etc/neti/neti.toml", "[daemon]\ncontrol-group = \"neti\"\n\(instances)")
        try write("/etc/neti/ipf.conf", rules)
    }

    /// A hook `filter` on what comes into a namespace.
    static func filtered(_ namespace: String, onExit: String = "open") -> String {
        """
        [[instance]]
        netns = "\(namespace)"
        on-exit = "\(onExit)"
          [[instance.hook]]
          name = "filter"
          module = "ipf"
          events = ["PHYSICAL_IN"]
          rules = "ipf.conf"

        """
    }

    /// Whether a ping of the host at an address is answered.
    func answers(_ address: String) throws(NetiError) -> Bool {
        try end("ping -n -q -c 1 -W 1 \(address)").status == 0
    }

    /// A property of the unit, as `systemctl show` tells it.
    func property(_ name: String) throws(NetiError) -> String {
        try run("systemctl show neti --property=\(name) --value").trimmed
    }

    /// Whether the journal of the service has a line with this text, or comes to have one within some seconds.
    func logs(_ text: String) -> Bool {
        comesTrue("journalctl -u neti -o cat --no-pager | grep -qF -e '\(text.replacing("'", with: "'\\''"))'")
    }
}
