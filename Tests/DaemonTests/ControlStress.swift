// SPDX-License-Identifier: Apache-2.0

import Glibc
import LiveHost
import Neti
import Synchronization
import SystemPackage

/// All that clients can do to a control socket at once, from threads that give way to those that carry packets.
///
/// A crowd of connections that are silent, send a byte now and then, or ask for much and read nothing; each that is closed
/// is opened again. Beside it a few clients that send damaged calls as fast as they are taken.
final class ControlStress: Sendable {
    /// How the crowd behaves.
    private enum Manner {
        case silent, slow, deaf

        /// Few are deaf: what they ask for costs the processor, which is not what is tested.
        init(_ index: Int) {
            self = index.isMultiple(of: 20) ? .deaf : index.isMultiple(of: 2) ? .slow : .silent
        }
    }

    private struct Member {
        var socket: CInt
        var place = 0
    }

    private final class Shared: Sendable {
        let isStopping = Atomic(false)
        let isPaused = Atomic(true)
        let messages = Atomic(0)
        let answers = Atomic(0)
        let opened = Atomic(0)
    }

    private let shared = Shared()
    private let workers: Mutex<[Worker<Void>]>

    /// Prepares it; nothing happens until ``resume()``.
    init(_ socket: String, crowd: Int, fuzzers: Int) throws(NetiError) {
        let shared = shared
        var all = [try Worker { () throws(NetiError) in Self.beCrowd(socket, crowd, shared) }]
        for number in 0..<UInt64(fuzzers) {
            all.append(
                try Worker { () throws(NetiError) in
                    Self.fuzz(socket, number: number, of: UInt64(fuzzers), shared)
                })
        }
        workers = Mutex(all)
    }

    /// Damaged calls that the daemon has looked at: it has answered them or closed the connection because of them.
    var messages: Int { shared.messages.load(ordering: .relaxed) }
    /// Replies that came back to them.
    var answers: Int { shared.answers.load(ordering: .relaxed) }
    /// Connections of the crowd, those included that were closed again.
    var opened: Int { shared.opened.load(ordering: .relaxed) }

    func resume() { shared.isPaused.store(false, ordering: .relaxed) }
    func pause() { shared.isPaused.store(true, ordering: .relaxed) }

    /// Ends all of it. May be called more than once.
    func stop() {
        shared.isStopping.store(true, ordering: .relaxed)
        let workers = workers.withLock { workers in
            defer { workers = [] }
            return workers
        }
        for worker in workers { try? worker.join() }
    }

    /// Waits while it is paused; whether to go on.
    private static func mayGoOn(_ shared: Shared) -> Bool {
        while !shared.isStopping.load(ordering: .relaxed) {
            if !shared.isPaused.load(ordering: .relaxed) { return true }
            usleep(1000)
        }
        return false
    }

    private static func beModest() {
        // Of this thread alone (setpriority(2), "C library/kernel differences").
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
    }

    private static func beCrowd(_ path: String, _ count: Int, _ shared: Shared) {
        beModest()
        let slowCall = Array(#"{"method":"io.neti.Control.ListInstances","parameters":{}}"#.utf8)
        let large =
            Array(
                #"{"method":"org.varlink.service.GetInterfaceDescription","parameters":{"interface":"io.neti.Control"}}"#
                    .utf8) + [0]
        var members = [Member](repeating: Member(socket: -1), count: count)
        defer { for member in members where member.socket >= 0 { close(member.socket) } }
        while mayGoOn(shared) {
            for index in members.indices {
                guard mayGoOn(shared) else { return }
                let manner = Manner(index)
                if members[index].socket < 0 {
                    members[index] = Member(socket: connection(path))
                    if members[index].socket < 0 { continue }
                    shared.opened.add(1, ordering: .relaxed)
                    // A few hundred new ones a second: more would only measure how fast they can be made.
                    usleep(2000)
                    // Replies enough to fill what the kernel holds for a client.
                    if manner == .deaf {
                        _ = send(members[index].socket, Array(repeatElement(large, count: 40).joined()))
                    }
                }
                let member = members[index]
                if manner == .slow, member.place < slowCall.count {
                    _ = send(member.socket, [slowCall[member.place]])
                    members[index].place += 1
                }
                if isClosed(member.socket) {
                    close(member.socket)
                    members[index].socket = -1
                }
            }
        }
    }

    private static func fuzz(_ path: String, number: UInt64, of fuzzers: UInt64, _ shared: Shared) {
        beModest()
        var fuzzer = ControlFuzzer(seeds: number, every: fuzzers)
        while mayGoOn(shared) {
            let socket = connection(path)
            guard socket >= 0 else {
                usleep(1000)
                continue
            }
            defer { close(socket) }
            var goesOn = true
            while goesOn, mayGoOn(shared) {
                let turn = fuzzer.turn(at: socket)
                shared.messages.add(turn.lookedAt, ordering: .relaxed)
                shared.answers.add(turn.answers, ordering: .relaxed)
                goesOn = turn.goesOn
            }
        }
    }

    static func connection(_ path: String) -> CInt {
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { return -1 }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        if result == 0 { return descriptor }
        close(descriptor)
        return -1
    }

    /// Sends without waiting; whether all of it was taken.
    static func send(_ socket: CInt, _ bytes: [UInt8]) -> Bool {
        let flags = CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT)
        return unsafe Glibc.send(socket, bytes, bytes.count, flags) == bytes.count
    }

    /// Whether the daemon has closed it, without reading what it said.
    private static func isClosed(_ socket: CInt) -> Bool {
        var entry = pollfd(fd: socket, events: 0, revents: 0)
        return unsafe poll(&entry, 1, 0) == 1
    }
}
