// SPDX-License-Identifier: Apache-2.0

import Glibc
import Logging
import Testing

@testable import NetiControl

/// Who may change something.
struct PeerCredentialsTests {
    /// A daemon that runs as user 100 and gave its socket to group 200.
    @Test(arguments: [
        (PeerCredentials(pid: 1, uid: 0, gid: 0), true),
        (PeerCredentials(pid: 1, uid: 100, gid: 1), true),
        (PeerCredentials(pid: 1, uid: 101, gid: 1), false),
        (PeerCredentials(pid: 1, uid: 101, gid: 200), true),
        (PeerCredentials(pid: 1, uid: 101, gid: 1, groups: [7, 200]), true),
        (PeerCredentials(pid: 1, uid: 101, gid: 0, groups: [0, 100, 201]), false),
        (PeerCredentials(pid: 1, uid: 200, gid: 100), false),
    ])
    func rootTheDaemonsUserAndTheGroupMayChangeThings(peer: PeerCredentials, expected: Bool) {
        #expect(Authority(uid: 100, gid: 200).allows(peer) == expected)
    }

    @Test func withoutAGroupOnlyRootAndTheDaemonsUserMay() {
        let authority = Authority(uid: 100, gid: nil)
        #expect(authority.allows(PeerCredentials(pid: 1, uid: 0, gid: 5)))
        #expect(authority.allows(PeerCredentials(pid: 1, uid: 100, gid: 5)))
        #expect(!authority.allows(PeerCredentials(pid: 1, uid: 7, gid: 0, groups: [0, 100])))
    }

    @Test func theKernelSaysWhoThePeerIs() throws {
        var pair: [CInt] = [-1, -1]
        #expect(unsafe socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &pair) == 0)
        defer { pair.forEach { _ = close($0) } }
        let peer = try PeerCredentials(ofPeerAt: pair[0])
        #expect(peer.pid == getpid())
        #expect(peer.uid == geteuid())
        #expect(peer.gid == getegid())
        let count = getgroups(0, nil)
        var groups = [gid_t](repeating: 0, count: Int(count))
        #expect(unsafe getgroups(count, &groups) == count)
        #expect(Set(peer.groups) == Set(groups))
    }

    /// Calls `SetLogLevel` from another process: as `nobody` with the given further groups if this process is root, else
    /// as the same user.
    private func setLogLevel(_ path: String, groups: [Int]) async throws -> String {
        let call = #"{"method":"io.neti.Control.SetLogLevel","parameters":{"level":"error"}}"#
        let perl = """
            use IO::Socket::UNIX; $/ = chr(0);
            my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or do { print "connect: $!"; exit 0 };
            print $s $ARGV[1], chr(0); $s->flush; my $r = <$s>; chomp $r; print $r;
            """
        let program = ["perl", "-e", perl, path, call]
        let asNobody = ["setpriv", "--reuid=65534", "--regid=65534"]
        let further = groups.isEmpty ? "--clear-groups" : "--groups=" + groups.map(String.init).joined(separator: ",")
        let result = try await run(geteuid() == 0 ? asNobody + [further] + program : program)
        #expect(result.status == 0, "\(result.errors)")
        return result.output
    }

    @Test func aStrangerMayLookButNotChange() async throws {
        let backend = FakeBackend()
        let log = LogRecorder()
        // Not root's own daemon nor this user's, so that the peer is a stranger whoever runs the tests.
        let daemonUser = geteuid() + 1
        try await withServer(backend, daemonUser: daemonUser, log: log) { path in
            #expect(unsafe chmod(path, 0o666) == 0)
            let reply = try await setLogLevel(path, groups: [])
            #expect(
                reply == """
                    {"error":"io.neti.Control.PermissionDenied","parameters":\
                    {"reason":"only root and user \(daemonUser) may do this"}}
                    """)
        }
        #expect(backend.levelsSet == [])
        let warning = log.entries.first { $0.level == .warning }
        #expect(warning?.metadata["uid"] == "\(geteuid() == 0 ? 65534 : geteuid())")
        #expect(warning?.metadata["method"] == "io.neti.Control.SetLogLevel")
        #expect(!log.entries.contains { $0.level == .notice })
    }

    @Test func aMemberOfTheGroupMayChangeThings() async throws {
        let backend = FakeBackend()
        let log = LogRecorder()
        let group = geteuid() == 0 ? 4242 : getegid()
        try await withServer(backend, group: .id(group), daemonUser: geteuid() + 1, log: log) { path in
            let reply = try await setLogLevel(path, groups: [7, Int(group)])
            #expect(reply == "{}")
        }
        #expect(backend.levelsSet == [.error])
        let notice = log.entries.first { $0.level == .notice }
        #expect(notice?.metadata["uid"] == "\(geteuid() == 0 ? 65534 : geteuid())")
        #expect(notice?.metadata["pid"] != nil)
        #expect(notice?.metadata["parameters"] == #"{"level":"error"}"#)
    }
}
