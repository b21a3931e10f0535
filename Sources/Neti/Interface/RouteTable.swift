// SPDX-License-Identifier: Apache-2.0

import BasicContainers
import Packet

/// The routes of one instance, made to be searched by pump threads: never changed, only replaced.
///
/// Routes are ordered by family, table, prefix length (longest first), destination and metric. Each stretch with the
/// same length is searched by halving, so a look-up takes as many searches as there are lengths in use.
struct RouteTable: ~Copyable, Sendable {
    private struct Stretch: Sendable {
        var version: IPVersion
        var table: Route.Table
        var prefixLength: Int
        var start: Int
        var end: Int
    }

    private var routes: UniqueArray<Route>
    private var stretches = UniqueArray<Stretch>()

    /// Takes routes in any order; of those that are equal but for where they lead, the first counts.
    init(_ unordered: [Route] = []) {
        // Sorting an array's indices along keeps equal ones in order.
        let order = unordered.indices.sorted { left, right in
            let (first, second) = (unordered[left], unordered[right])
            return first.precedes(second) || !second.precedes(first) && left < right
        }
        routes = UniqueArray(minimumCapacity: unordered.count)
        for index in order {
            let route = unordered[index]
            let version = route.destination.version
            let length = Int(route.prefixLength)
            let last = stretches.count - 1
            if last >= 0, stretches[last].version == version, stretches[last].table == route.table,
                stretches[last].prefixLength == length
            {
                stretches[last].end += 1
            } else {
                stretches.append(
                    Stretch(
                        version: version, table: route.table, prefixLength: length, start: routes.count,
                        end: routes.count + 1))
            }
            routes.append(route)
        }
    }

    /// The way to a destination by longest prefix; nil without a route, or when the route refuses (R157, R159).
    func route(to destination: IPAddress) -> NextHop? {
        var finished: Route.Table?
        var index = 0
        while index < stretches.count {
            let stretch = stretches[index]
            index &+= 1
            guard stretch.version == destination.version, stretch.table != finished else { continue }
            let network = destination.network(prefixLength: stretch.prefixLength)
            guard let found = find(network, from: stretch.start, to: stretch.end) else { continue }
            switch routes[found].action {
            case .forward:
                return NextHop(
                    interface: routes[found].interface, address: routes[found].gateway ?? destination)
            case .refuse: return nil
            case .askNextTable: finished = stretch.table
            }
        }
        return nil
    }

    /// The first route to exactly that network.
    private func find(_ network: IPAddress, from start: Int, to end: Int) -> Int? {
        var low = start
        var high = end
        while low < high {
            let middle = low &+ (high &- low) / 2
            if routes[middle].destination.precedes(network) { low = middle &+ 1 } else { high = middle }
        }
        return low < end && routes[low].destination == network ? low : nil
    }
}

extension Route {
    fileprivate func precedes(_ other: Route) -> Bool {
        if destination.version != other.destination.version {
            return destination.version.rawValue < other.destination.version.rawValue
        }
        if table != other.table { return table < other.table }
        if prefixLength != other.prefixLength { return prefixLength > other.prefixLength }
        if destination != other.destination { return destination.precedes(other.destination) }
        return metric < other.metric
    }
}

extension IPAddress {
    /// Orders addresses of one family by number.
    @inline(__always)
    fileprivate func precedes(_ other: IPAddress) -> Bool {
        high != other.high ? high < other.high : low < other.low
    }
}
