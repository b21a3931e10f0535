// SPDX-License-Identifier: Apache-2.0

public import Synchronization

// The only file that handles chains by pointer: threads that run an event need a word that they can load atomically.
// Why no pointer is used after its chain is freed: EventChain.swift and Publication.swift.

/// The memory of one chain, freed when the box is.
@safe
struct ChainBox<Data: ~Copyable>: ~Copyable, @unchecked Sendable {
    fileprivate let pointer: UnsafeMutablePointer<EventChain<Data>>

    init(_ chain: consuming EventChain<Data>) {
        unsafe pointer = .allocate(capacity: 1)
        unsafe pointer.initialize(to: chain)
    }

    deinit {
        unsafe pointer.deinitialize(count: 1)
        unsafe pointer.deallocate()
    }

    var runs: UInt64 { unsafe pointer.pointee.runs }

    func registrationInside(place: Int) -> UInt64 { unsafe pointer.pointee.registrationInside(place: place) }

    func counts(of registration: UInt64) -> HookCounts { unsafe pointer.pointee.counts(of: registration) }
}

/// Which chain a run of the event takes. Owns nothing: whoever replaces a chain keeps its box until nobody can be inside.
@safe
@usableFromInline
struct PublishedChain<Data: ~Copyable>: ~Copyable, @unchecked Sendable {
    @usableFromInline let pointer: Atomic<UnsafeMutablePointer<EventChain<Data>>>

    init(_ box: borrowing ChainBox<Data>) {
        unsafe pointer = Atomic(box.pointer)
    }

    func replace(by box: borrowing ChainBox<Data>) {
        unsafe pointer.store(box.pointer, ordering: .sequentiallyConsistent)
    }

    /// Runs the published chain. The calling thread is inside a reader.
    @inlinable
    func run(_ data: inout Data, place: Int) -> HookDecision {
        unsafe pointer.load(ordering: .sequentiallyConsistent).pointee.run(&data, place: place)
    }
}
