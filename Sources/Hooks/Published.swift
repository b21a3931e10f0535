// SPDX-License-Identifier: Apache-2.0

import BasicContainers
public import Synchronization

// The same scheme as for chains (Publication.swift): swap the pointer, begin an epoch, keep the old value until nobody
// can be inside. Nothing waits for readers here. What is replaced is freed at once when nobody happens to be inside, else
// by a later replacement, or when somebody asks for it.

/// A value that threads inside a reader look at without a lock while another thread replaces it.
///
/// May be used from any thread. Inside a ``Reader`` of the same publication, as in a hook, looking takes no lock,
/// allocates nothing and retains nothing; elsewhere it takes a lock that is held for moments.
public struct Published<Value: ~Copyable & Sendable>: ~Copyable, Sendable {
    @usableFromInline let publication: Publication
    @usableFromInline let pointer: PublishedPointer<Value>
    @usableFromInline let state: Mutex<State>

    @usableFromInline
    struct State: ~Copyable, Sendable {
        var current: ValueBox<Value>
        /// Oldest first.
        var retired = UniqueArray<RetiredValue<Value>>()

        init(_ current: consuming ValueBox<Value>) {
            self.current = current
        }
    }

    /// Publishes a first value.
    public init(_ value: consuming Value, publication: Publication) {
        let box = ValueBox(value)
        self.publication = publication
        pointer = PublishedPointer(box)
        state = Mutex(State(box))
    }

    /// Looks at the present value.
    ///
    /// `body` must not look at or replace the same value again: it may be running under the lock.
    @inlinable
    public func read<Result: Sendable>(_ body: (borrowing Value) -> Result) -> Result {
        if publication.isCallerInside { return pointer.read(body) }
        return readLocked(body)
    }

    // Inlined as well: unspecialised it takes longer than anything else of a look.
    @inlinable
    func readLocked<Result: Sendable>(_ body: (borrowing Value) -> Result) -> Result {
        state.withLock { _ in pointer.read(body) }
    }

    /// Puts another value in its place; whoever looks from now on sees that one.
    public func replace(by value: consuming Value) {
        var newcomer: ValueBox<Value>? = ValueBox(value)
        state.withLock { state in
            guard var box = newcomer.take() else { return }
            pointer.replace(by: box)
            swap(&state.current, &box)
            state.retired.append(RetiredValue(box: box, epoch: publication.advance()))
            Self.free(&state.retired, publication)
        }
    }

    /// Frees what was replaced and nobody can be inside any more. Never waits for readers.
    public func reclaim() {
        state.withLock { Self.free(&$0.retired, publication) }
    }

    private static func free(_ retired: inout UniqueArray<RetiredValue<Value>>, _ publication: Publication) {
        while !retired.isEmpty, publication.hasReached(retired[0].epoch) { _ = retired.remove(at: 0) }
    }
}

struct RetiredValue<Value: ~Copyable & Sendable>: ~Copyable, Sendable {
    let box: ValueBox<Value>
    let epoch: UInt64
}

/// The memory of one value, freed when the box is.
@safe
struct ValueBox<Value: ~Copyable & Sendable>: ~Copyable, @unchecked Sendable {
    fileprivate let pointer: UnsafeMutablePointer<Value>

    init(_ value: consuming Value) {
        unsafe pointer = .allocate(capacity: 1)
        unsafe pointer.initialize(to: value)
    }

    deinit {
        unsafe pointer.deinitialize(count: 1)
        unsafe pointer.deallocate()
    }
}

/// Which value is looked at. Owns nothing.
@safe
@usableFromInline
struct PublishedPointer<Value: ~Copyable & Sendable>: ~Copyable, @unchecked Sendable {
    @usableFromInline let pointer: Atomic<UnsafeMutablePointer<Value>>

    init(_ box: borrowing ValueBox<Value>) {
        unsafe pointer = Atomic(box.pointer)
    }

    func replace(by box: borrowing ValueBox<Value>) {
        unsafe pointer.store(box.pointer, ordering: .sequentiallyConsistent)
    }

    /// The calling thread is inside a reader, or nobody replaces the value meanwhile.
    @inlinable
    func read<Result: Sendable>(_ body: (borrowing Value) -> Result) -> Result {
        unsafe body(pointer.load(ordering: .sequentiallyConsistent).pointee)
    }
}
