// SPDX-License-Identifier: Apache-2.0

import IPFilter
import Neti

extension Impairment {
    /// What each key says unless it is given; the seed is always given in the end.
    static let presets: [ImpairKey: String] = [
        .delay: "0ms", .jitter: "0ms", .distribution: Delay.Distribution.uniform.rawValue, .loss: "0%",
        .duplicate: "0%", .reorder: "0%", .corrupt: "0%", .rate: "0", .limit: "1000", .match: "all",
    ]

    /// Everything that is wrong with some values; keys that aren't the module's are passed over.
    static func problems(in values: [String: String]) -> [ImpairProblem] {
        var reading = ImpairReading(values)
        _ = reading.impairment()
        _ = reading.condition()
        reading.checkNeeds()
        return reading.problems
    }
}

/// Reads values key by key; what is wrong is kept and reads as if it weren't given.
struct ImpairReading {
    private(set) var problems: [ImpairProblem] = []
    private let values: [String: String]

    init(_ values: [String: String]) {
        self.values = values
    }

    /// All but the condition.
    mutating func impairment() -> Impairment {
        var impairment = Impairment()
        read(.delay, time, into: &impairment.delay.mean)
        read(.jitter, time, into: &impairment.delay.jitter)
        read(.distribution, distribution, into: &impairment.delay.distribution)
        read(.loss, share, into: &impairment.loss)
        read(.duplicate, share, into: &impairment.duplicate)
        read(.reorder, share, into: &impairment.reorder)
        read(.corrupt, share, into: &impairment.corrupt)
        read(.rate, rate, into: &impairment.rate)
        read(.limit, limit, into: &impairment.limit)
        read(.seed, seed, into: &impairment.seed)
        return impairment
    }

    /// Which packets are meant; nil when that is wrong. Services have the system's names, as in rule files.
    mutating func condition() -> PacketCondition? {
        let text = values[ImpairKey.match.rawValue] ?? "all"
        // The system's are in a file, which most conditions have no need of.
        let services = text.contains("port") ? ServiceNames.system() : .builtIn
        do throws(RuleErrors) {
            return try PacketCondition(parsing: text, name: ImpairKey.match.rawValue, services: services)
        } catch {
            problems += error.errors.map { error in
                ImpairProblem(key: .match, message: "column \(error.location.column): \(error.message)")
            }
            return nil
        }
    }

    /// Keys that mean nothing by themselves. Once given, the other one may well be 0.
    mutating func checkNeeds() {
        for (key, needed) in [(ImpairKey.jitter, ImpairKey.delay), (.reorder, .delay), (.limit, .rate)]
        where values[key.rawValue] != nil && values[needed.rawValue] == nil {
            problems.append(
                ImpairProblem(key: key, message: "needs '\(needed.rawValue)', without which it does nothing"))
        }
    }

    private mutating func read<Value>(
        _ key: ImpairKey, _ convert: (String) throws(QuantityError) -> Value, into property: inout Value
    ) {
        guard let text = values[key.rawValue] else { return }
        do throws(QuantityError) {
            property = try convert(text)
        } catch {
            problems.append(ImpairProblem(key: key, message: error.message))
        }
    }
}

// MARK: - Formats

private func time(_ text: String) throws(QuantityError) -> UInt64 {
    UInt64(try Quantity.time.value(of: text).rounded())
}

private func share(_ text: String) throws(QuantityError) -> Share {
    Share(try Quantity.share.value(of: text))
}

private func rate(_ text: String) throws(QuantityError) -> UInt64 {
    UInt64(try Quantity.rate.value(of: text).rounded())
}

private func distribution(_ text: String) throws(QuantityError) -> Delay.Distribution {
    if let distribution = Delay.Distribution(rawValue: text.lowercased()) { return distribution }
    let words = Delay.Distribution.allCases.map(\.rawValue)
    let hint = text.utf8.count > 20 ? nil : words.nearest(to: text.lowercased())
    throw .expected("\"uniform\" or \"normal\"", text, hint: hint)
}

/// Packets, or the time that one may wait.
private func limit(_ text: String) throws(QuantityError) -> RateLimiter.Limit {
    let expected = "1 to 65536 packets such as \"1000\", or a time such as \"200ms\""
    if text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) {
        guard let packets = Int(text), 1...65_536 ~= packets else { throw .expected(expected, text) }
        return .packets(packets)
    }
    do throws(QuantityError) {
        return .time(UInt64(try Quantity.time.value(of: text).rounded()))
    } catch {
        throw .expected(expected, text)
    }
}

private func seed(_ text: String) throws(QuantityError) -> UInt64 {
    guard text.utf8.first != UInt8(ascii: "+"), let seed = UInt64(text) else {
        throw .expected("a number from 0 to \(UInt64.max)", text)
    }
    return seed
}

extension QuantityError {
    fileprivate static func expected(_ expected: String, _ text: String, hint: String? = nil) -> QuantityError {
        let found = "expected \(expected), found \(String(reflecting: String(text.prefix(40))))"
        return QuantityError(message: hint.map { "\(found); did you mean \"\($0)\"?" } ?? found)
    }
}
