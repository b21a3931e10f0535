// SPDX-License-Identifier: Apache-2.0

import Glibc
import LiveHost
import Neti

/// The main job on real packets: two hosts, the daemon on one of them, traffic that passes and traffic that doesn't.
///
/// Ends with status 0 when every packet did what the rules say.
@main
enum Demo {
    static func main() {
        do {
            exit(try run() ? EXIT_SUCCESS : EXIT_FAILURE)
        } catch {
            print("demo: \(error)")
            exit(EXIT_FAILURE)
        }
    }

    private static func run() throws -> Bool {
        let interruption = Interruption()
        return try HostPair.with { pair in
            interruption.onSignal {
                pair.left.remove()
                pair.right.remove()
            }
            let rules = try readFile("config/ipf.conf")
            let daemon = try DaemonProcess(instances: instances(netns: pair.left.name), files: ["ipf.conf": rules])
            interruption.onSignal { daemon.stop() }
            defer { daemon.stop() }
            print("Two hosts in namespaces of their own, joined by a cable: \(pair.left.name) and \(pair.right.name).")
            print("neti-daemon (process \(daemon.process)) filters \(pair.left.name) with these rules:\n")
            for rule in rules.split(separator: "\n") where !rule.hasPrefix("#") { print("    \(rule)") }
            try daemon.waitUntilReady()

            let results = try Traffic(between: pair).send()
            print("\n" + Table.render(results))
            print("What the hooks counted (neti-ctl hook list):\n")
            print(try daemon.control("hook", "list"))
            print("The daemon as a whole (neti-ctl status):\n")
            print(try daemon.control("status"))
            let isRight = results.allSatisfy(\.isRight)
            print(isRight ? "Every packet did what the rules say." : "Some packets did NOT do what the rules say.")
            return isRight
        }
    }

    private static func instances(netns: String) -> String {
        """
        [[instance]]
        netns = "\(netns)"
        on-exit = "open"

          [[instance.hook]]
          name = "counter"
          module = "count"
          events = ["PHYSICAL_IN", "PHYSICAL_OUT"]
          hint = "first"

          [[instance.hook]]
          name = "filter"
          module = "ipf"
          events = ["PHYSICAL_IN", "PHYSICAL_OUT"]
          rules = "ipf.conf"

        """
    }
}
