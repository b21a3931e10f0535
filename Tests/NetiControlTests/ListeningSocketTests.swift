// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc
import SystemPackage
import Testing

@testable import NetiControl

/// The socket as a file: who owns it, what it may replace, and that it goes.
struct ListeningSocketTests {
    private func status(_ path: String) throws(Errno) -> stat {
        var status = stat()
        if unsafe lstat(path, &status) != 0 { throw Errno(rawValue: errno) }
        return status
    }

    private func exists(_ path: String) -> Bool {
        (try? status(path)) != nil
    }

    private func refusal(_ path: String, group: SocketGroup? = nil) -> ControlSocketError? {
        do throws(ControlSocketError) {
            _ = try ControlServer(
                configuration: .init(path: path, group: group, version: "1.0"), backend: FakeBackend(),
                logger: LogRecorder().logger)
            return nil
        } catch {
            return error
        }
    }

    @Test func itHasModeAndGroupFromTheStartAndIsGoneAfterTheStop() async throws {
        try await withDirectory { directory in
            let path = directory + "/s"
            let group = geteuid() == 0 ? 4242 : getegid()
            let server = try ControlServer(
                configuration: .init(path: path, group: .id(group), version: "1.0"), backend: FakeBackend(),
                logger: LogRecorder().logger)
            let found = try status(path)
            #expect(found.st_mode == S_IFSOCK | 0o660)
            #expect(found.st_uid == geteuid())
            #expect(found.st_gid == group)
            try await whileRunning(server) {
                #expect(exists(path))
            }
            #expect(!exists(path))
        }
    }

    @Test func aServerThatNeverRanTakesItsSocketAway() async throws {
        try await withDirectory { directory in
            #expect(refusal(directory + "/s") == nil)
            #expect(!exists(directory + "/s"))
        }
    }

    @Test func itRunsOnce() async throws {
        try await withDirectory { directory in
            let server = try ControlServer(
                configuration: .init(path: directory + "/s", version: "1.0"), backend: FakeBackend(),
                logger: LogRecorder().logger)
            try await whileRunning(server) {}
            await #expect(throws: ControlServerError.alreadyRan) { try await server.run() }
        }
    }

    @Test func theSocketOfADeadServerIsReplaced() async throws {
        try await withDirectory { directory in
            let path = directory + "/s"
            let dead = try FileDescriptor.unixStreamSocket(blocking: true)
            try UnixAddress(path: path).bind(dead)
            try dead.close()
            #expect(exists(path))
            let server = try ControlServer(
                configuration: .init(path: path, version: "1.0"), backend: FakeBackend(), logger: LogRecorder().logger)
            try await whileRunning(server) {
                try await onThread {
                    var client = try ControlClient(path: path)
                    #expect(try client.call(GetStatus()).status == Samples.status)
                }
            }
        }
    }

    @Test func aLiveServerIsLeftAlone() async throws {
        try await withServer { path in
            #expect(refusal(path) == .inUse(path: path))
            try await onThread {
                var client = try ControlClient(path: path)
                #expect(try client.call(GetStatus()).status == Samples.status)
            }
        }
    }

    @Test func whatIsNoSocketIsLeftAlone() async throws {
        try await withDirectory { directory in
            let path = directory + "/s"
            try Data("precious".utf8).write(to: URL(filePath: path))
            #expect(refusal(path) == .notASocket(path: path))
            #expect(try Data(contentsOf: URL(filePath: path)) == Data("precious".utf8))
        }
    }

    @Test func aSymbolicLinkIsLeftAlone() async throws {
        try await withServer { path in
            let link = path + ".link"
            #expect(unsafe symlink(path, link) == 0)
            #expect(refusal(link) == .notASocket(path: link))
            #expect(exists(link))
        }
    }

    @Test func anotherSocketUnderItsNameStays() async throws {
        try await withDirectory { directory in
            let path = directory + "/s"
            let first = try ControlServer(
                configuration: .init(path: path, version: "1.0"), backend: FakeBackend(), logger: LogRecorder().logger)
            try await whileRunning(first) {
                #expect(unsafe unlink(path) == 0)
                let other = try FileDescriptor.unixStreamSocket(blocking: true)
                try UnixAddress(path: path).bind(other)
                try other.close()
            }
            #expect(exists(path))
        }
    }

    @Test func whatIsWrongWithThePathIsSaid() async throws {
        try await withDirectory { directory in
            let missing = directory + "/missing/s"
            #expect(refusal(missing) == .system(path: missing, attempted: "bind", .noSuchFileOrDirectory))
            let long = directory + "/" + String(repeating: "x", count: 107 - directory.utf8.count)
            #expect(refusal(long) == .system(path: long, attempted: "use as address", .fileNameTooLong))
            #expect(refusal(String(long.dropLast())) == nil)
            #expect(refusal("") == .system(path: "", attempted: "use as address", .invalidArgument))
        }
    }

    @Test func groupsAreFoundByName() async throws {
        #expect(try SocketGroup.name("root").resolve() == 0)
        #expect(try SocketGroup.id(4242).resolve() == 4242)
        try await withDirectory { directory in
            #expect(refusal(directory + "/s", group: .name("no such group")) == .noSuchGroup("no such group"))
            #expect(!exists(directory + "/s"))
        }
    }
}
