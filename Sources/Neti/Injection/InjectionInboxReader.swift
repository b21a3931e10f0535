// SPDX-License-Identifier: Apache-2.0

/// What the consumer has read of a list's inboxes.
struct InjectionInboxReader {
    /// From the first place that wasn't looked at yet up to those that others are writing.
    private struct Cursor {
        var place: UInt32 = 0
        var end: UInt32 = 0
    }

    /// One for each inbox that there may be, ``InjectionInboxes/most``.
    private var cursors = InlineArray<21, Cursor>(repeating: Cursor())
    /// How many packets are asked for ahead at most: as many as one call delivers, so that the next one's come while this
    /// one's are delivered.
    static let farthest: UInt32 = 64

    /// The inbox that is read now, and how many there are.
    private var inbox = 0
    private var count = 0
    /// That one's, and its places, nil behind the last inbox.
    private var cursor = Cursor()
    private var places: InjectionInbox.Places?

    /// How many places of the inbox that is read now are left, filled or about to be.
    var left: Int { places == nil ? 0 : Int(cursor.end &- cursor.place) }

    /// Says up to where inboxes are read. The last one comes first, so that what a thread put into an earlier one before is
    /// within its end: it is read first, and a thread's packets stay in their order.
    mutating func look(at inboxes: borrowing InjectionInboxes) {
        leave()
        count = inboxes.count
        inbox = 0
        var index = count
        while index > 0 {
            index &-= 1
            cursors[index].end = inboxes[index].end
        }
        enter(inboxes)
    }

    private mutating func enter(_ inboxes: borrowing InjectionInboxes) {
        guard inbox < count else { return }
        cursor = cursors[inbox]
        places = inboxes[inbox].places
    }

    private mutating func leave() {
        if places != nil { cursors[inbox] = cursor }
        places = nil
    }

    /// The next slot; nil behind the last one, and where the next place isn't filled yet.
    @inline(__always)
    mutating func slot(in inboxes: borrowing InjectionInboxes) -> UInt32? {
        while let places {
            if cursor.place != cursor.end { return places.slot(at: cursor.place) }
            leave()
            inbox &+= 1
            enter(inboxes)
        }
        return nil
    }

    /// Whether a place is left that was drawn when ``look(at:)`` was called. Where ``slot(in:)`` has just found none, this
    /// one isn't filled yet, and all behind it have to wait, those of later inboxes too.
    var isHeldUp: Bool { places != nil && cursor.place != cursor.end }

    /// Takes the next slot, which there is.
    @inline(__always)
    mutating func advance() {
        places?.empty(cursor.place)
        cursor.place &+= 1
    }

    /// A slot that comes later in the same inbox, each one once; nil where there is none within a distance.
    ///
    /// - Parameters:
    ///   - place: the place to ask for; moves on.
    ///   - distance: from the next slot, up to ``farthest``.
    @inline(__always)
    func slot(after place: inout UInt32, within distance: UInt32) -> UInt32? {
        // It is of another inbox, or what it was ahead of is taken.
        if place &- cursor.place > Self.farthest { place = cursor.place }
        guard place &- cursor.place < distance, let places, let slot = places.slot(at: place) else { return nil }
        places.fetch(behind: place)
        place &+= 1
        return slot
    }
}
