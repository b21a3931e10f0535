// SPDX-License-Identifier: Apache-2.0

import LiveHost
import Neti
import Testing

extension RealPackets {
    /// The hosts themselves: what they leave, what they refuse, and that they work without anybody's help.
    @Suite struct HostsForTests {
        @Test("Hosts reach each other while nobody filters", arguments: Crossing.all)
        func reachable(_ crossing: Crossing) throws {
            try HostPair.with { hosts in
                let talk = try Conversation(over: crossing, between: hosts)
                try talk.send([1, 2, 3])
                #expect(try talk.receive(3) == [1, 2, 3])
            }
        }

        @Test("A test that fails removes its hosts")
        func removedAfterFailure() throws {
            struct Failure: Error {}
            #expect(throws: Failure.self) {
                try HostPair.with { _ in throw Failure() }
            }
            #expect(HostPair.remaining == [])
        }

        @Test("Hosts that a dead process left are removed; what others named is not")
        func leftovers() throws {
            // Beyond the highest number that a process can have.
            let orphan = "neti-\(String(4_194_305, radix: 36))-1"
            let foreign = "neti-orphan"
            for name in [orphan, foreign] { try Command.run("ip", ["netns", "add", name]) }
            defer { _ = try? Command.run("ip", ["netns", "delete", foreign]) }
            try HostPair.with { _ in }
            #expect(!listFolder("/run/netns").contains(orphan))
            #expect(listFolder("/run/netns").contains(foreign))
        }

        @Test("A program that is missing or fails is a clear error")
        func programs() {
            #expect {
                try Command.run("neti-no-such-program", [])
            } throws: { error in
                "\(error)".contains("the program 'neti-no-such-program' is missing")
            }
            #expect {
                try Command.run("ip", ["link", "show", "dev", "nobody0"])
            } throws: { error in
                "\(error)".contains("'ip link show dev nobody0' failed: Device \"nobody0\" does not exist.")
            }
        }
    }
}
