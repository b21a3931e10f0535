// SPDX-License-Identifier: Apache-2.0

import NetiLinux
import Testing

@testable import NetiDaemon

/// Who becomes an instance where names and namespaces aren't one to one.
@Suite struct NamespaceAssignmentTests {
    private func name(_ path: String, _ inode: UInt64) -> NamespaceDirectories.Name {
        NamespaceDirectories.Name(path: path, identity: NamespaceIdentity(device: 4, inode: inode))
    }

    @Test("Each namespace under a name of its own is granted")
    func granted() {
        var assignment = NamespaceAssignment()
        #expect(assignment.claim(name("/a/blue", 1), for: "blue") == .granted)
        #expect(assignment.claim(name("/a/red", 2), for: "red") == .granted)
        #expect(assignment.passedOver.isEmpty)
        #expect(assignment.release(path: "/a/blue") == "blue")
        #expect(assignment.release(path: "/a/blue") == nil)
        #expect(assignment.claim(name("/a/blue", 1), for: "blue") == .granted)
    }

    @Test("A second name of a namespace is an alias until the first one goes")
    func alias() {
        var assignment = NamespaceAssignment()
        _ = assignment.claim(name("/a/blue", 1), for: "blue")
        let second = name("/b/cyan", 1)
        #expect(assignment.claim(second, for: "cyan") == .passedOver(.alias, instance: "blue"))
        #expect(assignment.passedOver["/b/cyan"]?.instance == "blue")
        #expect(assignment.candidates(after: ["red"]) == [])
        #expect(assignment.candidates(after: ["blue"]) == [second])
        #expect(assignment.release(path: "/a/blue") == "blue")
        #expect(assignment.claim(second, for: "cyan") == .granted)
        #expect(assignment.passedOver.isEmpty)
    }

    @Test("A second namespace of a name is shadowed until the first one goes")
    func shadowed() {
        var assignment = NamespaceAssignment()
        _ = assignment.claim(name("/a/blue", 1), for: "blue")
        let second = name("/b/blue", 2)
        #expect(assignment.claim(second, for: "blue") == .passedOver(.shadowed, instance: "blue"))
        // Its going touches nobody.
        #expect(assignment.release(path: "/b/blue") == nil)
        #expect(assignment.passedOver.isEmpty)
        #expect(assignment.candidates(after: ["blue"]) == [])
    }

    @Test("The daemon's own namespace is taken before anybody can name it")
    func own() {
        var assignment = NamespaceAssignment()
        assignment.claimOwn(NamespaceIdentity(device: 4, inode: 1), for: "global")
        #expect(assignment.claim(name("/a/host", 1), for: "host") == .passedOver(.alias, instance: "global"))
        #expect(assignment.claim(name("/a/other", 2), for: "other") == .granted)
    }

    @Test("Retries wait twice as long each time, a minute at most, and start over after a success")
    func retries() {
        var retries = RetryTimes()
        var now = ContinuousClock.now
        #expect(retries.due(at: now + .seconds(1000)) == [])
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            retries.failed("a", at: now)
            #expect(retries.due(at: now + .seconds(seconds) - .milliseconds(1)) == [])
            now += .seconds(seconds)
            #expect(retries.due(at: now) == ["a"])
        }
        retries.forget("a")
        #expect(retries.due(at: now) == [])
        retries.failed("a", at: now)
        retries.failed("b", at: now)
        #expect(retries.due(at: now + .seconds(1)) == ["a", "b"])
    }
}
