// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The places that connected clients share, and who has to leave when all of them are taken.
///
/// No user can keep another one out, nor a crowd of forgotten clients the next one of the same user: a client for which
/// there is no place takes that of the user with the most, whichever of theirs has kept the daemon waiting the longest.
/// Those for which the daemon is at work are left alone, unless a user who has fewer would find no place otherwise.
final class ClientPlaces: Sendable {
    /// One client's place.
    struct Place: Equatable {
        fileprivate let number: UInt64
    }

    private struct Entry {
        let number: UInt64
        let uid: UInt32
        /// Since when the daemon has waited for the client to send or to read, as a number that grows; nil while the
        /// client waits for the daemon.
        var waitingSince: UInt64?
        let giveWay: @Sendable () -> Void
    }

    private struct State {
        var entries: [Entry] = []
        var numbers: UInt64 = 0

        mutating func next() -> UInt64 {
            numbers += 1
            return numbers
        }
    }

    /// How many there are.
    let limit: Int
    private let state = Mutex(State())

    init(limit: Int) {
        self.limit = limit
    }

    /// Finds a place for a client of this user, for which the daemon waits now.
    ///
    /// - Parameter giveWay: closes the connection, when somebody else needs the place; it is called once at most and may
    ///   not wait. ``leave(_:)`` follows nevertheless.
    /// - Returns: nil if there is none; whether another client had to go.
    func enter(uid: UInt32, giveWay: @escaping @Sendable () -> Void) -> (place: Place, hasReplaced: Bool)? {
        let found = state.withLock { state -> (Place, Entry?)? in
            var replaced: Entry?
            if state.entries.count >= limit {
                guard let index = Self.victim(in: state.entries, for: uid) else { return nil }
                replaced = state.entries.remove(at: index)
            }
            let number = state.next()
            state.entries.append(Entry(number: number, uid: uid, waitingSince: number, giveWay: giveWay))
            return (Place(number: number), replaced)
        }
        guard let (place, replaced) = found else { return nil }
        replaced?.giveWay()
        return (place, replaced != nil)
    }

    /// The daemon is at work for the client from now on.
    func serve(_ place: Place) {
        change(place) { entry, _ in entry.waitingSince = nil }
    }

    /// The daemon waits for the client from now on.
    func wait(_ place: Place) {
        change(place) { entry, number in entry.waitingSince = number }
    }

    /// The client is gone.
    func leave(_ place: Place) {
        state.withLock { state in state.entries.removeAll { $0.number == place.number } }
    }

    private func change(_ place: Place, _ body: (inout Entry, UInt64) -> Void) {
        state.withLock { state in
            let number = state.next()
            guard let index = state.entries.firstIndex(where: { $0.number == place.number }) else { return }
            body(&state.entries[index], number)
        }
    }

    /// Whose place a client of this user takes.
    private static func victim(in entries: [Entry], for uid: UInt32) -> Int? {
        var counts: [UInt32: Int] = [uid: 1]
        for entry in entries { counts[entry.uid, default: 0] += 1 }
        let most = counts.values.max() ?? 0
        let isOwn = counts[uid] == most
        let candidates = entries.indices.filter { index in
            isOwn ? entries[index].uid == uid : counts[entries[index].uid] == most
        }
        let waiting = candidates.filter { entries[$0].waitingSince != nil }
            .min { entries[$0].waitingSince ?? 0 < entries[$1].waitingSince ?? 0 }
        return waiting ?? (isOwn ? nil : candidates.min { entries[$0].number < entries[$1].number })
    }
}
