// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemPackage

/// Which kstats, and which of their statistics: the operand `module:instance:name:statistic` of kstat(1M).
///
/// Each part is a shell pattern with `*`, `?` and `[...]`, matched against the whole name (fnmatch(3)); the instance is
/// matched as a decimal number. Nil fits everything.
public struct KstatSelection: Sendable, Equatable {
    /// Fits everything.
    public static let all = KstatSelection()

    /// Pattern for `ks_module`.
    public var module: String?
    /// Pattern for `ks_instance` in decimal.
    public var instance: String?
    /// Pattern for `ks_name`.
    public var name: String?
    /// Pattern for the names of fields, and for `class`, `crtime` and `snaptime`.
    public var statistic: String?
    /// Pattern for `ks_class`.
    public var `class`: String?

    /// Puts a selection together.
    public init(
        module: String? = nil, instance: String? = nil, name: String? = nil, statistic: String? = nil,
        class: String? = nil
    ) {
        self.module = module
        self.instance = instance
        self.name = name
        self.statistic = statistic
        self.class = `class`
    }

    /// Takes an operand apart; parts that are empty or missing fit everything.
    ///
    /// - Throws: `EINVAL` for more than four parts.
    public init(operand: String) throws(KstatError) {
        let parts = operand.split(separator: ":", omittingEmptySubsequences: false).map {
            $0.isEmpty ? nil : String($0)
        }
        if parts.count > 4 {
            throw KstatError(.invalidArgument, "\(operand): expected module:instance:name:statistic")
        }
        let padded = parts + Array(repeating: nil, count: 4 - parts.count)
        self.init(module: padded[0], instance: padded[1], name: padded[2], statistic: padded[3])
    }

    /// Whether a field of that name, or a property such as `snaptime`, is selected.
    public func matches(statistic name: String) -> Bool {
        Self.fits(name, statistic)
    }

    func matches(_ kstat: Kstat) -> Bool {
        Self.fits(kstat.module, module) && Self.fits(kstat.instance.description, instance)
            && Self.fits(kstat.name, name) && Self.fits(kstat.class, `class`)
    }

    private static func fits(_ text: String, _ pattern: String?) -> Bool {
        guard let pattern else { return true }
        return unsafe fnmatch(pattern, text, 0) == 0
    }
}
