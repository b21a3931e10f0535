// SPDX-License-Identifier: Apache-2.0

import BasicContainers
import Glibc
import Synchronization
import SystemPackage

// How it works
//
// An epoch number counts publications. A thread that is going to look at published things announces the present epoch
// in its own place, once for a whole batch of packets, and takes the announcement back afterwards. Whoever replaces a
// published thing swaps the pointer first, then begins a new epoch and waits until no place announces an older one:
// from then on nobody can hold the old pointer, and it may be freed.
//
// Why that is enough: announcing and loading the pointer, swapping the pointer and reading the places are sequentially
// consistent. Either the announcement comes first, then the writer sees it and waits; or the writer's look comes first,
// then the swap was earlier still and the reader loads the new pointer. A thread that announces an epoch which is
// already over only makes others wait longer than necessary.
//
// Who owns what: a Reader owns its place until it is destroyed. Only the thread inside a Reader writes its place, the
// others read it. There are no locks.

/// The readers of everything that a daemon publishes for its packet threads, and the way to wait for them.
///
/// All events of a daemon share one, so a thread that carries packets announces itself once per batch and not once per
/// event. May be used from any thread.
public final class Publication: Sendable {
    /// Numbers publications; 0 is never an epoch, it means "not inside" in a place.
    private let epoch = Atomic<UInt64>(1)
    private let places: UniqueArray<ReaderPlace>

    /// Makes a publication domain.
    ///
    /// - Parameter readers: how many readers there can be at a time; counters take that many rows.
    public init(readers: Int) {
        var places = UniqueArray<ReaderPlace>(minimumCapacity: readers)
        for _ in 0..<readers {
            places.append(ReaderPlace())
        }
        self.places = places
    }

    /// How many readers there can be at a time.
    public var readers: Int { places.count }

    /// Claims a free place for one thread.
    ///
    /// - Throws: `ENOMEM` if all places are taken.
    public func makeReader() throws(HookError) -> Reader {
        for index in places.indices where places[index].claim() {
            return Reader(publication: self, index: index)
        }
        throw HookError(.noMemory, "all \(places.count) reader places are taken")
    }

    /// Waits until nobody is inside anything that was published before this call.
    ///
    /// - Throws: `EDEADLK` when the calling thread is inside a reader itself and would wait for itself.
    public func synchronize() throws(HookError) {
        if isCallerInside {
            throw HookError(.deadlock, "waiting for the readers from inside one of them")
        }
        wait(until: advance())
    }

    /// Whether the calling thread is inside one of the readers.
    public var isCallerInside: Bool {
        let caller = UInt(pthread_self())
        for index in places.indices where places[index].isInside(thread: caller) {
            return true
        }
        return false
    }

    /// The note of the reader that the calling thread is inside, nil when it is in none.
    public var callerNote: UInt64? {
        let caller = UInt(pthread_self())
        for index in places.indices where places[index].isInside(thread: caller) {
            return places[index].note.load(ordering: .relaxed)
        }
        return nil
    }

    /// Whether the calling thread is inside a reader that announced an older epoch: `wait(until:)` waits for it.
    func isCallerInside(before target: UInt64) -> Bool {
        let caller = UInt(pthread_self())
        for index in places.indices
        where places[index].isInside(before: target) && places[index].isInside(thread: caller) {
            return true
        }
        return false
    }

    /// Begins a new epoch, after something was replaced, and returns its number.
    func advance() -> UInt64 {
        epoch.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue
    }

    /// Whether everybody inside announced `target` or a later epoch.
    func hasReached(_ target: UInt64) -> Bool {
        for index in places.indices where places[index].isInside(before: target) {
            return false
        }
        return true
    }

    /// Waits until `hasReached(target)`. The caller must not be inside a reader.
    ///
    /// Readers are told nothing, so that leaving costs them nothing: this side looks again. A batch takes
    /// microseconds, which yielding covers; a hook that blocks is looked after once a millisecond.
    func wait(until target: UInt64) {
        if hasReached(target) { return }
        WaitGraph.shared.beginWaiting(forReadersOf: self, epoch: target)
        defer { WaitGraph.shared.endWaiting() }
        var looks: UInt32 = 0
        while !hasReached(target) {
            looks += 1
            if looks <= 200 {
                sched_yield()
            } else {
                usleep(min(looks, 1000))
            }
        }
    }

    fileprivate func enter(_ index: Int) {
        places[index].enter(epoch.load(ordering: .acquiring), thread: UInt(pthread_self()))
    }

    fileprivate func leave(_ index: Int) {
        places[index].leave()
    }

    fileprivate func setNote(_ index: Int, _ note: UInt64) {
        places[index].note.store(note, ordering: .relaxed)
    }

    fileprivate func giveBack(_ index: Int) {
        places[index].giveBack()
    }
}

/// The right of one thread to look at published things; gives its place back when it is destroyed.
///
/// May be handed from thread to thread while nobody is inside; only one thread may use it at a time.
public struct Reader: ~Copyable, Sendable {
    @usableFromInline let publication: Publication

    /// The number of the place, from 0: the row in which this reader's thread counts.
    public let index: Int

    fileprivate init(publication: Publication, index: Int) {
        self.publication = publication
        self.index = index
    }

    deinit {
        publication.giveBack(index)
    }

    /// Announces the calling thread: what is published now stays valid until the matching `leave()`.
    ///
    /// Once per batch of packets. Nests on the same thread; the outermost pair counts.
    public func enter() {
        publication.enter(index)
    }

    /// Leaves a number for code that this thread calls while it is inside (``Publication/callerNote``); 0 at first.
    public func setNote(_ note: UInt64) {
        publication.setNote(index, note)
    }

    /// Takes the announcement back.
    public func leave() {
        publication.leave(index)
    }
}
