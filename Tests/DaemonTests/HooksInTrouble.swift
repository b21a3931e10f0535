// SPDX-License-Identifier: Apache-2.0

import Glibc
import LiveHost
import Neti
import NetiControl
import SystemPackage
import Testing

extension RunningDaemon {
    /// Hooks that fail, take too long or never return: counted, told, and dealt with as configured.
    @Suite struct HooksInTrouble {
        @Test("A hook that fails is passed over for that packet, which goes on; it is counted and told once")
        func failureSkips() throws {
            try TroubledRig.with([:]) { rig throws in
                #expect(try rig.arrivals(3, at: TroubledRig.failing) == 3)
                let hook = try #require(try rig.hook("troubled"))
                #expect(hook.failures == 3 && hook.drops == 0 && hook.state == .active)
                #expect(try rig.hook("counter")?.hits == hook.hits)
                let log = rig.logAtEnd()
                #expect(
                    log.contains("hook 'troubled' on inet PHYSICAL_IN failed 3 times, the last time with"), "\(log)")
                #expect(log.contains("its packets went on without it"))
            }
        }

        @Test("With on-failure drop the packet is dropped, and no other")
        func failureDrops() throws {
            try TroubledRig.with(["on-failure": "drop"]) { rig throws in
                #expect(try rig.arrivals(3, at: TroubledRig.failing, within: .milliseconds(200)) == 0)
                #expect(try rig.arrivals(2, at: TroubledRig.plain) == 2)
                let hook = try #require(try rig.hook("troubled"))
                #expect(hook.failures == 3 && hook.drops == 3)
                #expect(rig.logAtEnd().contains("its packets were dropped"))
            }
        }

        @Test("With on-failure remove the hook is taken off its chain, and those behind it serve on")
        func failureRemoves() throws {
            try TroubledRig.with(["on-failure": "remove"]) { rig throws in
                #expect(try rig.arrivals(at: TroubledRig.plain) == 1)
                #expect(try rig.hook("troubled") != nil)
                #expect(try rig.arrivals(at: TroubledRig.failing) == 1)
                try rig.seesItTakenOff(reason: "it failed, ")
                let before = try #require(try rig.hook("counter")?.hits)
                #expect(try rig.arrivals(2, at: TroubledRig.failing) == 2)
                #expect(try rig.hook("counter")?.hits ?? 0 >= before + 2)
                try rig.putBack()
                let log = rig.logAtEnd()
                #expect(log.contains("hook 'troubled' was taken off inet PHYSICAL_IN: it failed, "), "\(log)")
            }
        }

        @Test("Over its time budget a hook is passed over for a second, and meets packets again then")
        func slownessSkips() throws {
            try TroubledRig.with(["time-budget": "10ms", "on-over-budget": "skip"]) { rig throws in
                #expect(try rig.arrivals(5, at: TroubledRig.slow) == 5)
                let hook = try #require(try rig.hook("troubled"))
                #expect(hook.overBudget == 1 && hook.skipped >= 4 && hook.state == .skipped)
                #expect(try rig.sees { $0?.state == .active })
                #expect(try rig.arrivals(at: TroubledRig.slow) == 1)
                #expect(try rig.sees { $0?.overBudget == 2 })
                let log = rig.logAtEnd()
                #expect(log.contains("ran over its time budget of 10 ms 2 times; its longest run took "), "\(log)")
                #expect(log.contains("was passed over by "))
            }
        }

        @Test("Over its time budget a hook is counted only, unless told otherwise")
        func slownessIsReported() throws {
            try TroubledRig.with(["time-budget": "10ms"]) { rig throws in
                #expect(try rig.arrivals(3, at: TroubledRig.slow) == 3)
                #expect(try rig.sees { $0?.overBudget == 3 })
                let hook = try #require(try rig.hook("troubled"))
                #expect(hook.skipped == 0 && hook.state == .active && hook.failures == 0)
            }
        }

        @Test("With on-over-budget remove the hook is taken off its chain")
        func slownessRemoves() throws {
            try TroubledRig.with(["time-budget": "10ms", "on-over-budget": "remove"]) { rig throws in
                #expect(try rig.arrivals(3, at: TroubledRig.slow) == 3)
                try rig.seesItTakenOff(reason: "it ran over its time budget, for ")
                try rig.putBack()
                let log = rig.logAtEnd()
                #expect(log.contains("was taken off inet PHYSICAL_IN: it ran over its time budget"), "\(log)")
            }
        }

        @Test("A hook that never returns holds up the end for ten seconds, is named, and leaves no table behind")
        func silence() throws {
            try TroubledRig.with([:]) { rig throws in
                let target = try rig.getStuck()
                let begin = ContinuousClock.now
                #expect(rig.daemon.terminate() == EXIT_FAILURE)
                let duration = begin.duration(to: .now)
                #expect(duration > .seconds(9) && duration < .seconds(20))
                let log = rig.daemon.log
                #expect(
                    log.contains("hook 'troubled' has not returned from a packet of inet PHYSICAL_IN"), "\(log)")
                #expect(log.contains("stopping has not gone on for 10 seconds"))
                #expect(try rig.right.tables() == [])
                try rig.sender.send([2], to: target)
                #expect(try target.receive()?.bytes == [2], "packets pass again")
            }
        }

        @Test("A hook that never returns is named also when its namespace went before")
        func silenceOfOneThatIsGone() throws {
            try TroubledRig.with([:]) { rig throws in
                _ = try rig.getStuck()
                rig.right.remove()
                #expect(rig.daemon.sees(rig.right.name, .gone))
                #expect(rig.daemon.terminate() == EXIT_FAILURE)
                let log = rig.daemon.log
                #expect(
                    log.contains("hook 'troubled' has not returned from a packet of inet PHYSICAL_IN"), "\(log)")
            }
        }

        @Test("What passes unseen because a hook doesn't return is counted and told (fail-open)")
        func overload() throws {
            let gate = try Gate()
            try TroubledRig.with(["gate": gate.path], settings: "queue-length = 4\nfail-open = true") { rig throws in
                defer { gate.open() }
                let receiver = try UDPSocket(on: rig.right, .inet, port: TroubledRig.patient)
                for number: UInt8 in 0..<30 { try rig.sender.send([number], to: receiver) }
                // All but those that wait arrive while the hook is stuck.
                for number: UInt8 in 4..<30 { #expect(try receiver.receive()?.bytes == [number]) }
                let name = rig.right.name
                let unseen = try Deadline(.seconds(5)).sees { () throws -> Bool in
                    // The kernel itself sends a packet or two, which find no room either.
                    (26..<40).contains(try rig.daemon.instance(name)?.passedUnseen ?? 0)
                }
                #expect(unseen)
                gate.open()
                for number: UInt8 in 0..<4 { #expect(try receiver.receive()?.bytes == [number]) }
                let log = rig.logAtEnd()
                #expect(log.contains("packets pass unseen because a queue was full ('fail-open')"), "\(log)")
            }
        }
    }
}
