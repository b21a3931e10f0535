// SPDX-License-Identifier: Apache-2.0

/// One of the hooks that `HookEvent.arrange` puts in order.
public enum HookPlace<Data: ~Copyable>: Sendable {
    /// The registered hook of that name, which stays what it is, with this hint from now on.
    case registered(String, hint: Hint)
    /// A new hook. It takes the place of a registered one of its name, if there is one.
    case new(Hook<Data>)

    /// The hook's name.
    public var name: String {
        switch self {
        case .registered(let name, _): name
        case .new(let hook): hook.name
        }
    }

    /// Where it asks to stand.
    public var hint: Hint {
        switch self {
        case .registered(_, let hint): hint
        case .new(let hook): hook.hint
        }
    }

    var isNew: Bool {
        if case .new = self { true } else { false }
    }
}

/// What `HookEvent.arrange` tells of one hook.
public enum HookPassage: Sendable, Equatable {
    /// It is in its place.
    case came(String)
    /// It runs nowhere any more.
    case left(String)
}

/// What holds for all hooks of an event.
public struct ChainRules: Sendable, Equatable {
    /// How hints become an order.
    public var ordering: Ordering
    /// How many hooks there can be at a time.
    public var limit: Int

    /// Puts them together.
    public init(ordering: Ordering, limit: Int) {
        self.ordering = ordering
        self.limit = limit
    }
}
