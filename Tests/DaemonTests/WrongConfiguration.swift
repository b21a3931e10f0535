// SPDX-License-Identifier: Apache-2.0

import Glibc
import LiveHost
import Neti
import Testing

extension RunningDaemon {
    /// A daemon with a wrong configuration or rule file doesn't start, and says why.
    @Suite struct WrongConfiguration {
        @Test(
            "A wrong rule keeps the daemon from starting: file, line, column and what was expected; nothing is left",
            arguments: [
                ("pass in all\nblock in proto tpc all\n", "2:16: "),
                ("block in quick on veth0 proto tcp from any to any port = \n", "1:57: "),
                ("pass in all\n\n# no\nblock in from 192.0.2.0/33 to any\n", "4:"),
                ("block in proto udp all flags S/SA\n", "1:24: "),
                ("deny in all\n", "1:1: "),
            ])
        func wrongRule(rules: String, place: String) throws {
            try HostPair.with { hosts in
                let daemon = try DaemonProcess(
                    instances: InstanceText(netns: hosts.right.name, hooks: [.counter, .filter]).text,
                    files: ["ipf.conf": rules])
                defer { daemon.stop() }
                #expect(daemon.waitUntilEnded() == 78)
                #expect(daemon.log.hasPrefix("\(daemon.folder)/ipf.conf:\(place)"), "\(daemon.log)")
                #expect(try hosts.right.tables() == [])
                #expect(!listFolder(daemon.folder).contains("neti.sock"))
            }
        }

        @Test(
            "--check-config tells everything that is wrong in the configuration and in all rule files at once, status 1"
        )
        func checkAll() throws {
            let folder = try Folder(files: [
                "neti.toml": """
                [daemon]
                pmups = 2
                nap = "long"

                [[instance]]
                name = "global"
                on-exit = "ajar"

                  [[instance.hook]]
                  name = "one"
                  module = "ipf"
                  events = ["PHYSICAL_IN"]
                  rules = "one.conf"

                [[instance]]
                netns = "blue"

                  [[instance.hook]]
                  name = "two"
                  module = "ipf"
                  events = ["PHYSICAL_UP"]
                  rules = "two.conf"

                  [[instance.hook]]
                  name = "three"
                  module = "ipf"
                  events = ["PHYSICAL_IN"]
                  rules = "absent.conf"
                """,
                "one.conf": "pass in all\nblok in all\npass sideways all\n",
                "two.conf": "block in proto 256 all\n",
            ])
            defer { folder.remove() }
            let ending = try Command.end(
                DaemonProcess.program("neti-daemon"), ["--check-config", "\(folder.path)/neti.toml"])
            #expect(ending.status == 1)
            let places = ending.output.split(separator: "\n").filter { $0.hasPrefix(folder.path) }.map { line in
                line.dropFirst(folder.path.utf8.count + 1).split(separator: " ").first.map(String.init) ?? ""
            }
            #expect(
                places == [
                    "neti.toml:2:", "neti.toml:3:", "neti.toml:7:", "neti.toml:21:", "neti.toml:28:", "one.conf:2:1:",
                    "one.conf:3:6:", "two.conf:1:16:",
                ], "\(ending.output)")
        }

        @Test("--check-config refuses rules where they could decide nothing, and events that a family hasn't (R104)")
        func checkPlaces() throws {
            let hook = { (name: String, place: String) in
                "\n[[instance.hook]]\nname = \"\(name)\"\nmodule = \"ipf\"\n\(place)\nrules = \"ipf.conf\"\n"
            }
            let folder = try Folder(files: [
                "neti.toml": "[[instance]]\nnetns = \"blue\"\n"
                    + hook("a", #"events = ["FORWARDING", "LOOPBACK_OUT", "LOOPBACK_IN"]"#)
                    + hook("b", #"events = ["PHYSICAL_IN", "OBSERVING"]"#)
                    + hook("c", "events = [\"PHYSICAL_IN\"]\nfamilies = [\"arp\"]")
                    + hook("d", "events = [\"FORWARDING\"]\nfamilies = [\"arp\"]"),
                "ipf.conf": "pass in all\n",
            ])
            defer { folder.remove() }
            let path = "\(folder.path)/neti.toml"
            let ending = try Command.end(DaemonProcess.program("neti-daemon"), ["--check-config", path])
            #expect(ending.status == 1)
            let lines = ending.output.split(separator: "\n").filter { $0.hasPrefix(path) }.map {
                String($0.dropFirst(path.utf8.count))
            }
            #expect(
                lines == [
                    ":13: instance[0].hook[1].events: inet/OBSERVING: packets can only be looked at there, whatever rules say",
                    ":20: instance[0].hook[2].families: arp/PHYSICAL_IN: "
                        + "rules are about IP packets, and ARP packets can only be looked at",
                    ":27: instance[0].hook[3].families: arp has no FORWARDING, only PHYSICAL_IN and PHYSICAL_OUT",
                ], "\(ending.output)")
        }

        @Test("--check-config of a right configuration says what is in it, status 0, and starts nothing")
        func checkRight() throws {
            let folder = try Folder(files: [
                "neti.toml": "[daemon]\ncontrol-socket = \"/tmp/neti-\(getpid())-check/neti.sock\"\n\n"
                    + InstanceText(netns: "blue", hooks: [.counter, .filter]).text,
                "ipf.conf": "pass in all\n",
            ])
            defer { folder.remove() }
            let path = "\(folder.path)/neti.toml"
            let ending = try Command.end(DaemonProcess.program("neti-daemon"), ["--check-config", path])
            #expect(ending.status == 0)
            #expect(ending.output == "\(path): 1 instance, 2 hooks\n")
        }

        @Test("The sample configuration is right")
        func sample() throws {
            let ending = try Command.end(
                DaemonProcess.program("neti-daemon"), ["--check-config", "config/neti.toml"])
            #expect(ending.status == 0, "\(ending.output)")
        }

        @Test("A configuration that isn't there: one line, status 78")
        func absent() throws {
            let path = "/tmp/neti-\(getpid())-absent.toml"
            let ending = try Command.end(DaemonProcess.program("neti-daemon"), ["--config", path])
            #expect(ending.status == 78)
            #expect(ending.output.hasPrefix("\(path): ") && ending.output.split(separator: "\n").count == 1)
        }
    }
}

/// A folder with files.
private struct Folder {
    let path = "/tmp/neti-\(getpid())-files"
    private let names: [String]

    init(files: [String: String]) throws {
        names = Array(files.keys)
        #expect(unsafe mkdir(path, 0o700) == 0)
        for (name, text) in files { try writeFile("\(path)/\(name)", text) }
    }

    func remove() {
        for name in names { unsafe unlink("\(path)/\(name)") }
        unsafe rmdir(path)
    }
}
