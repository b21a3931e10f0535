// SPDX-License-Identifier: Apache-2.0

import Hooks
import Synchronization
import SystemPackage
import Testing
import Witnesses

@Suite(.timeLimit(.minutes(1)))
struct PublicationTests {
    @Test("There are as many readers as places, and a destroyed reader gives its place back")
    func places() throws {
        let publication = Publication(readers: 2)
        let first = try publication.makeReader()
        #expect(first.index == 0)
        do {
            let second = try publication.makeReader()
            #expect(second.index == 1)
            let error = #expect(throws: HookError.self) { _ = try publication.makeReader() }
            #expect(error?.errno == .noMemory)
        }
        let third = try publication.makeReader()
        #expect(third.index == 1)
        #expect(publication.readers == 2)
    }

    @Test("Waiting inside a reader of one's own is EDEADLK, also when nested; afterwards it works")
    func waitingForOneself() throws {
        let publication = Publication(readers: 2)
        let reader = try publication.makeReader()
        try publication.synchronize()
        #expect(!publication.isCallerInside)
        reader.enter()
        reader.enter()
        #expect(throws: HookError.self) { try publication.synchronize() }
        reader.leave()
        #expect(publication.isCallerInside)
        let error = #expect(throws: HookError.self) { try publication.synchronize() }
        #expect(error?.errno == .deadlock)
        reader.leave()
        #expect(!publication.isCallerInside)
        try publication.synchronize()
    }

    @Test("Code inside a reader finds the note that was left, and none of an earlier reader's")
    func notes() throws {
        let publication = Publication(readers: 1)
        do {
            let reader = try publication.makeReader()
            reader.setNote(7)
            #expect(publication.callerNote == nil)
            reader.enter()
            #expect(publication.callerNote == 7)
            reader.leave()
        }
        let next = try publication.makeReader()
        next.enter()
        #expect(publication.callerNote == 0)
        next.leave()
    }

    @Test("A reader that dies inside holds nobody up")
    func diesInside() throws {
        let publication = Publication(readers: 1)
        do {
            let reader = try publication.makeReader()
            reader.enter()
        }
        try publication.synchronize()
        #expect(try publication.makeReader().index == 0)
    }

    @Test("Synchronize waits for another thread that is inside, and only as long as it is")
    func waitsForOthers() throws {
        let publication = Publication(readers: 1)
        let isInside = Gate()
        let release = Gate()
        let hasReturned = Gate()
        let inside = TestThread {
            guard let reader = try? publication.makeReader() else { return }
            reader.enter()
            isInside.open()
            release.wait()
            reader.leave()
        }
        isInside.wait()
        #expect(!publication.isCallerInside)
        let waiting = TestThread {
            try? publication.synchronize()
            hasReturned.open()
        }
        #expect(staysFalse { hasReturned.isOpen })
        release.open()
        waiting.join()
        inside.join()
        #expect(hasReturned.isOpen)
    }
}
