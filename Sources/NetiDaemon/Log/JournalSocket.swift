// SPDX-License-Identifier: Apache-2.0

import Synchronization
import SystemPackage

/// The way to systemd's journal: one datagram an entry, as its native protocol wants
/// (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/).
///
/// A journal that has stopped reading holds nobody up: what it doesn't take at once is lost, and counted.
final class JournalSocket: Sendable {
    /// Where the journal listens.
    static let defaultPath = "/run/systemd/journal/socket"

    private let address: DatagramAddress
    private let socket: FileDescriptor
    private let lost = Atomic(0)

    /// - Throws: `ECONNREFUSED`, `ENOENT` when there is no journal.
    init(path: String = defaultPath) throws(Errno) {
        address = try DatagramAddress(path)
        socket = try DatagramAddress.socket()
        do throws(Errno) {
            // An entry without fields is left out of the journal, but whether it arrives is told.
            try address.send([], from: socket, waits: false)
        } catch {
            if error != .resourceTemporarilyUnavailable {
                try? socket.close()
                throw error
            }
        }
    }

    deinit {
        try? socket.close()
    }

    /// Writes an entry, after one that says how many were lost before it.
    func write(_ entry: JournalEntry) {
        let missing = lost.exchange(0, ordering: .relaxed)
        guard missing == 0 || send(.lost(missing)) else {
            lost.add(missing + 1, ordering: .relaxed)
            return
        }
        if !send(entry) { lost.add(1, ordering: .relaxed) }
    }

    private func send(_ entry: JournalEntry) -> Bool {
        do throws(Errno) {
            try address.send(entry.bytes, from: socket, waits: false)
            return true
        } catch {
            return false
        }
    }
}
