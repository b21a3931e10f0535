// SPDX-License-Identifier: Apache-2.0

/// Ports from one to another, or all but those.
struct PortInterval: BitwiseCopyable, Sendable, Equatable {
    private let low: UInt16
    private let width: UInt16
    private let isInverted: Bool

    /// All 65,536.
    static var all: PortInterval { PortInterval(0, .max) }

    /// From one port to another, both included, or the others.
    init(_ low: UInt16, _ high: UInt16, isInverted: Bool = false) {
        self.low = low
        width = high &- low
        self.isInverted = isInverted
    }

    /// The ports that a test takes, all for none; also for a single port, which is compared as a word.
    ///
    /// The parser has seen to it that there is one; bounds wrap for a test that takes none.
    init(_ test: PortTest?) {
        switch test {
        case nil, .equal: self = .all
        case .notEqual(let port): self.init(port, port, isInverted: true)
        case .less(let port): self.init(0, port &- 1)
        case .lessOrEqual(let port): self.init(0, port)
        case .greater(let port): self.init(port &+ 1, .max)
        case .greaterOrEqual(let port): self.init(port, .max)
        case .between(let low, let high): self.init(low &+ 1, high &- 1)
        case .outside(let low, let high): self.init(low, high, isInverted: true)
        case .range(let low, let high): self.init(low, high)
        }
    }

    @inline(__always)
    func contains(_ port: UInt16) -> Bool { (port &- low <= width) != isInverted }
}
