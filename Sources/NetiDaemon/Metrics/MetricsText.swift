// SPDX-License-Identifier: Apache-2.0

/// Writes the text in which Prometheus reads metrics (exposition format 0.0.4), into one buffer.
struct MetricsText {
    /// What a metric's values are.
    enum Kind: String {
        /// Only grows, until its owner begins anew.
        case counter
        /// Goes up and down.
        case gauge
        /// Numbers of observations by upper bounds, with their count and sum.
        case histogram
    }

    /// What tells the values of one metric apart, written once and used for several metrics.
    struct Labels {
        fileprivate let text: [UInt8]

        /// None.
        static let none = Labels(text: [])

        private init(text: [UInt8]) {
            self.text = text
        }

        /// Names, which are the program's own, with any values.
        init(_ pairs: (name: String, value: String)...) {
            var text: [UInt8] = []
            for (name, value) in pairs { Self.append(name, value, to: &text) }
            self.text = text
        }

        /// These and one more.
        func adding(_ name: String, _ value: String) -> Labels {
            var text = text
            Self.append(name, value, to: &text)
            return Labels(text: text)
        }

        private static func append(_ name: String, _ value: String, to text: inout [UInt8]) {
            if !text.isEmpty { text.append(UInt8(ascii: ",")) }
            text.append(contentsOf: name.utf8)
            text.append(contentsOf: #"=""#.utf8)
            for byte in value.utf8 {
                switch byte {
                case UInt8(ascii: "\n"): text.append(contentsOf: #"\n"#.utf8)
                case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += [UInt8(ascii: "\\"), byte]
                default: text.append(byte)
                }
            }
            text.append(UInt8(ascii: "\""))
        }
    }

    /// What has been written.
    private(set) var bytes: [UInt8] = []

    /// The metric to which the next values belong.
    private var name = ""

    /// Begins a metric; all its values follow before the next one begins.
    ///
    /// - Parameter help: one line.
    mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
        self.name = name
        append("# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n")
    }

    /// A value that is a number of things.
    mutating func value(_ value: some BinaryInteger, _ labels: Labels = .none) {
        sample("", labels, "\(value)")
    }

    /// A value in a unit.
    mutating func value(_ value: Double, _ labels: Labels = .none) {
        sample("", labels, Self.text(value))
    }

    /// A histogram.
    ///
    /// - Parameters:
    ///   - buckets: upper bounds, rising, with the observations that are above the one before and not above this one.
    ///   - rest: observations above the last bound.
    ///   - sum: of all observations.
    mutating func histogram(
        buckets: [(bound: Double, count: UInt64)], rest: UInt64, sum: Double, _ labels: Labels
    ) {
        var total: UInt64 = 0
        for (bound, count) in buckets {
            total &+= count
            sample("_bucket", labels.adding("le", Self.text(bound)), "\(total)")
        }
        total &+= rest
        sample("_bucket", labels.adding("le", "+Inf"), "\(total)")
        sample("_sum", labels, Self.text(sum))
        sample("_count", labels, "\(total)")
    }

    private mutating func sample(_ suffix: String, _ labels: Labels, _ value: String) {
        append(name)
        append(suffix)
        if !labels.text.isEmpty {
            append("{")
            bytes.append(contentsOf: labels.text)
            append("}")
        }
        append(" ")
        append(value)
        append("\n")
    }

    private mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    /// The shortest text that reads back as the same number, a whole number without a fraction.
    private static func text(_ value: Double) -> String {
        Int64(exactly: value).map { "\($0)" } ?? "\(value)"
    }
}
