// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import NetiControl

/// Who has a place, and who has to go.
struct ClientPlacesTests {
    private let places = ClientPlaces(limit: 4)
    private let gone = Gone()

    private final class Gone: Sendable {
        let names = Mutex<[String]>([])
    }

    private func enter(_ name: String, uid: UInt32) -> ClientPlaces.Place? {
        places.enter(uid: uid) { [gone] in gone.names.withLock { $0.append(name) } }?.place
    }

    private var evicted: [String] { gone.names.withLock { $0 } }

    @Test func whoKeepsTheDaemonWaitingTheLongestGoes() throws {
        let clients = try ["a", "b", "c", "d"].map { try #require(enter($0, uid: 1)) }
        places.serve(clients[0])
        places.wait(clients[0])
        places.serve(clients[1])
        #expect(enter("e", uid: 1) != nil)
        #expect(evicted == ["c"])
        #expect(enter("f", uid: 1) != nil)
        #expect(enter("g", uid: 1) != nil)
        #expect(evicted == ["c", "d", "a"])
        // Those that were made to go leave too, and take nobody's place with them.
        places.leave(clients[2])
        #expect(enter("h", uid: 1) != nil)
        #expect(evicted == ["c", "d", "a", "e"])
    }

    @Test func ofOneUserNobodyGoesForWhomTheDaemonIsAtWork() throws {
        for name in ["a", "b", "c", "d"] { places.serve(try #require(enter(name, uid: 1))) }
        #expect(enter("e", uid: 1) == nil)
        #expect(evicted == [])
    }

    @Test func anotherUserTakesFromTheOneWithTheMost() throws {
        #expect(enter("a", uid: 1) != nil)
        for name in ["b", "c", "d"] { places.serve(try #require(enter(name, uid: 2))) }
        // The only one that waits is of somebody who has fewer.
        #expect(enter("e", uid: 0) != nil)
        #expect(evicted == ["b"])
        #expect(enter("f", uid: 0) != nil)
        #expect(evicted == ["b", "e"])
    }

    @Test func aCrowdOfOneUserNeverTakesAnothersOnlyPlace() throws {
        #expect(enter("root", uid: 0) != nil)
        for number in 0..<100 { #expect(enter("\(number)", uid: 1000) != nil) }
        #expect(!evicted.contains("root"))
        #expect(evicted.count == 97)
    }

    @Test func aPlaceThatIsLeftIsFree() throws {
        let clients = try ["a", "b", "c", "d"].map { try #require(enter($0, uid: 1)) }
        places.leave(clients[3])
        #expect(enter("e", uid: 2) != nil)
        #expect(evicted == [])
    }

    @Test func repliesHaveSoMuchMemory() {
        let memory = ReplyMemory(limit: 10)
        #expect(memory.take(6) && memory.take(4))
        #expect(!memory.take(1))
        memory.giveBack(4)
        #expect(memory.take(4) && !memory.take(.max))
    }
}
