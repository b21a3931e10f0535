// SPDX-License-Identifier: Apache-2.0

/// Which pump turns what: each source stays on the pump that it was given to, the one with the least to do at that time.
struct PumpPlacement {
    /// The load of a source that has little to do: what is sent to all, and taps.
    static let least = 1

    /// The load of a queue for everything else. By number alone, all of these would come to one pump of three, for each
    /// instance has two with little to do besides.
    static let most = 1000

    private var loads: [Int]
    private var places: [ObjectIdentifier: (pump: Int, load: Int)] = [:]

    init(pumps: Int) {
        loads = Array(repeating: 0, count: pumps)
    }

    /// Gives a source to a pump; which one that is.
    mutating func place(_ source: ObjectIdentifier, load: Int) -> Int {
        let pump = loads.indices.min { loads[$0] < loads[$1] } ?? 0
        loads[pump] += load
        places[source] = (pump, load)
        return pump
    }

    /// Notes that a source brings another load by now; it stays where it is.
    mutating func weigh(_ source: ObjectIdentifier, load: Int) {
        guard let place = places[source] else { return }
        loads[place.pump] += load - place.load
        places[source] = (place.pump, load)
    }

    /// Takes a source from its pump; nil when it has none.
    mutating func remove(_ source: ObjectIdentifier) -> Int? {
        guard let place = places.removeValue(forKey: source) else { return nil }
        loads[place.pump] -= place.load
        return place.pump
    }
}
