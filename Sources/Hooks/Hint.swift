// SPDX-License-Identifier: Apache-2.0

/// Where a hook asks to stand in the chain of its event: `h_hint` and `h_hintvalue` of hook_t(9S).
///
/// A struct and not an enum: the C interface can express a code that does not exist, and promises `EINVAL` for it (R74).
public struct Hint: Sendable, Equatable {
    /// `HH_NONE` 0, `HH_FIRST` 1, `HH_LAST` 2, `HH_BEFORE` 3, `HH_AFTER` 4; anything else is refused at registration.
    public let code: Int32

    /// The name of another hook on the same event, for `HH_BEFORE` and `HH_AFTER`; nil for every other code (R80).
    public let target: String?

    /// Any hint the C interface can express.
    ///
    /// - Parameters:
    ///   - code: an `HH_*` number, checked when the hook is registered.
    ///   - target: dropped unless `code` is `HH_BEFORE` or `HH_AFTER`; nil with one of those is `EINVAL` at registration.
    public init(code: Int32, target: String? = nil) {
        self.code = code
        self.target = code == Self.beforeCode || code == Self.afterCode ? target : nil
    }

    static let noneCode: Int32 = 0
    static let firstCode: Int32 = 1
    static let lastCode: Int32 = 2
    static let beforeCode: Int32 = 3
    static let afterCode: Int32 = 4

    /// No wish.
    public static let none = Hint(code: noneCode)
    /// In front of all others.
    public static let first = Hint(code: firstCode)
    /// Behind all others.
    public static let last = Hint(code: lastCode)

    /// In front of the hook called `name`.
    public static func before(_ name: String) -> Hint {
        Hint(code: beforeCode, target: name)
    }

    /// Behind the hook called `name`.
    public static func after(_ name: String) -> Hint {
        Hint(code: afterCode, target: name)
    }

    /// The name this hint wants its owner to precede, or nil.
    var beforeTarget: String? { code == Self.beforeCode ? target : nil }

    /// The name this hint wants its owner to follow, or nil.
    var afterTarget: String? { code == Self.afterCode ? target : nil }

    /// Whether registration accepts it: a known code, and a target where one is needed.
    var isValid: Bool {
        switch code {
        case Self.noneCode, Self.firstCode, Self.lastCode: true
        case Self.beforeCode, Self.afterCode: target != nil
        default: false
        }
    }
}

extension Hint: CustomStringConvertible {
    /// `none`, `first`, `last`, `before NAME`, `after NAME`, or `hint N` for a code that does not exist.
    public var description: String {
        switch code {
        case Self.noneCode: "none"
        case Self.firstCode: "first"
        case Self.lastCode: "last"
        case Self.beforeCode: "before \(target ?? "(no name)")"
        case Self.afterCode: "after \(target ?? "(no name)")"
        default: "hint \(code)"
        }
    }
}
