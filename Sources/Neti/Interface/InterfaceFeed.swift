// SPDX-License-Identifier: Apache-2.0

// What a provider hears comes as a row of messages: changes, and answers to dumps. Changes make events at once, in the
// order in which they happened. When messages were lost, interfaces and addresses are dumped anew into a fresh state;
// changes that come meanwhile go there too, for the answers before them don't know of them. At the end the difference
// makes the events that were missed.
//
// Routes have no events. A change of one only says that they have to be dumped anew, and changes that come while a dump
// runs are joined into one more. The kernel takes IPv4 routes away without a word when their interface or address goes,
// a moment after telling that, so such news asks for the routes as well.

/// Keeps the interfaces, addresses and routes of one instance in step with a provider's messages.
///
/// Knows nothing of where they come from; asks for dumps through ``nextDump()``.
public struct InterfaceFeed: Sendable {
    /// What can be asked for.
    public enum Dump: Sendable, Equatable {
        /// All interfaces.
        case interfaces
        /// All addresses of both families.
        case addresses
        /// All routes of both families.
        case routes
        /// All interfaces once more, for nothing but waiting: the kernel answers when it has finished what it was at.
        case settling
    }

    /// What a provider can hear.
    public enum Message: Sendable, Equatable {
        /// Something about an interface or address, as news or as part of a dump.
        case change(InterfaceChange, isAnswer: Bool)
        /// A route, as part of a dump.
        case route(Route)
        /// Some route has changed.
        case routesChanged
        /// A change came between, so that what the dump says contradicts itself.
        case disturbed
        /// The end of the dump that runs; it may have been refused.
        case dumpEnded(isRefused: Bool)
        /// Messages were lost.
        case lost
    }

    /// What is known.
    public private(set) var state = InterfaceState()

    /// The number of times that messages were lost.
    public private(set) var losses: UInt64 = 0

    private var running: Dump?
    private var isDisturbed = false
    private var needsInterfaces = true
    private var needsRoutes = true
    private var needsSettling = false
    private var hasSettled = false
    private var fresh: InterfaceState?
    private var freshRoutes: [Route] = []
    private var failures = 0
    private var hasHadInterfaces = false
    private var hasHadRoutes = false
    private var hasNewState = false
    private var newRoutes: [Route]?
    private var events: [NICEvent] = []

    private static let failureLimit = 3

    /// Begins with nothing and wants everything.
    public init() {}

    /// Whether interfaces, addresses and routes were told at least once, however much has changed since.
    public var isComplete: Bool { hasHadInterfaces && hasHadRoutes }

    /// Whether nothing is being asked for or has to be.
    public var isSettled: Bool { running == nil && fresh == nil && !needsInterfaces && !needsRoutes }

    /// What to ask for now; nil if nothing, or if the last answer isn't complete.
    ///
    /// To be called when all that had come was taken: what is still waiting may be older than the loss of messages.
    public mutating func nextDump() -> Dump? {
        guard running == nil else { return nil }
        isDisturbed = false
        if needsInterfaces {
            needsInterfaces = false
            fresh = InterfaceState()
            running = .interfaces
        } else if fresh != nil {
            running = .addresses
        } else if needsRoutes, needsSettling, !hasSettled {
            needsSettling = false
            running = .settling
        } else if needsRoutes {
            // News that came meanwhile asks for another round and doesn't put this one off, or none might ever end.
            (needsRoutes, hasSettled) = (needsSettling, false)
            freshRoutes = []
            running = .routes
        }
        return running
    }

    /// Takes the next message.
    public mutating func take(_ message: Message, in netid: NetID) {
        switch message {
        case .change(let change, let isAnswer):
            take(change, isAnswer: isAnswer, netid)
        case .route(let route):
            if running == .routes { freshRoutes.append(route) }
        case .routesChanged:
            needsRoutes = true
        case .disturbed:
            isDisturbed = true
        case .dumpEnded(let isRefused):
            if let dump = running { end(dump, isRefused: isRefused, netid) }
        case .lost:
            losses += 1
            (needsInterfaces, needsRoutes) = (true, true)
        }
    }

    /// What has changed since the last call; nil for what hasn't.
    public mutating func takeNews() -> (state: InterfaceState?, routes: [Route]?, events: [NICEvent]) {
        defer { (hasNewState, newRoutes, events) = (false, nil, []) }
        return (hasNewState ? state : nil, newRoutes, events)
    }

    private mutating func take(_ change: InterfaceChange, isAnswer: Bool, _ netid: NetID) {
        if !isAnswer {
            (needsRoutes, needsSettling) = (true, true)
            if failures >= Self.failureLimit { (needsInterfaces, failures) = (true, 0) }
        }
        if fresh != nil {
            _ = fresh?.apply(change, in: netid)
        } else if !isAnswer {
            let before = state
            events += state.apply(change, in: netid)
            if state != before { hasNewState = true }
        }
    }

    private mutating func end(_ dump: Dump, isRefused: Bool, _ netid: NetID) {
        running = nil
        failures = isRefused ? failures + 1 : 0
        let isUseless = isRefused || isDisturbed
        let isTriedAgain = isUseless && failures < Self.failureLimit
        switch dump {
        case .interfaces, .addresses:
            needsInterfaces = needsInterfaces || isTriedAgain
            if isUseless || needsInterfaces {
                fresh = nil
            } else if dump == .addresses, let newer = fresh.take() {
                hasHadInterfaces = true
                guard newer != state else { break }
                events += state.become(newer, in: netid)
                hasNewState = true
            }
        case .routes:
            needsRoutes = needsRoutes || isTriedAgain
            if !isUseless { (newRoutes, hasHadRoutes) = (freshRoutes, true) }
            freshRoutes = []
        case .settling:
            hasSettled = true
        }
    }
}
