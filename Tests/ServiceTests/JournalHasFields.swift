// SPDX-License-Identifier: Apache-2.0

import LiveHost
import Testing

extension ServiceInContainer {
    /// Log lines as journalctl finds them.
    @Suite struct JournalHasFields {
        @Test("journalctl finds lines by NETID, HOOK and INSTANCE, with priority and program")
        func fields() throws {
            try Container.with { container in
                try container.install()
                try container.configure(
                    Container.filtered("blue") + Container.filtered("green"), rules: "pass in all\npass out all\n")
                try container.run("systemctl restart neti")
                #expect(container.logs("instance=green netid=2"))
                func messages(_ matches: String) throws -> String {
                    try container.run("journalctl -u neti -q -o cat \(matches)")
                }
                #expect(try messages("INSTANCE=blue").contains("instance 'blue' is up with 1 hook"))
                #expect(try !messages("INSTANCE=blue").contains("green"))
                #expect(try messages("NETID=2 PRIORITY=6").contains("instance 'green' is up"))
                let loaded = "2 rules loaded, default policy is to pass hook=filter instance=blue netid=1\n"
                #expect(try messages("HOOK=filter INSTANCE=blue") == loaded)
                #expect(
                    try container.run("journalctl -t neti-daemon -q -o cat -p notice HOOK=filter NETID=1") == loaded)
                // Nothing went another way than by fields.
                let process = try container.property("MainPID")
                #expect(try messages("_TRANSPORT=stdout _PID=\(process)").isEmpty)
            }
        }
    }
}
