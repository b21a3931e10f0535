// SPDX-License-Identifier: Apache-2.0

import Glibc
import NetiControl

/// Which statistics are wanted: shell patterns, nil for any.
struct KstatPattern: Equatable {
    var module: String?
    var instance: String?
    var name: String?
    var statistic: String?
    var `class`: String?

    /// Nothing given, everything wanted.
    init(
        module: String? = nil, instance: String? = nil, name: String? = nil, statistic: String? = nil,
        class: String? = nil
    ) {
        self.module = module
        self.instance = instance
        self.name = name
        self.statistic = statistic
        self.class = `class`
    }

    /// `module:instance:name:statistic`; a part that is empty or missing at the end stands for any. Nil if there are
    /// more than four parts.
    init?(operand: String) {
        let parts = operand.split(separator: ":", omittingEmptySubsequences: false)
            .map { $0.isEmpty ? nil : String($0) }
        guard parts.count <= 4 else { return nil }
        let padded = parts + Array(repeating: nil, count: 4 - parts.count)
        self.init(module: padded[0], instance: padded[1], name: padded[2], statistic: padded[3])
    }

    /// Whether the kstat itself is wanted, whatever its statistics.
    func selects(_ kstat: ListKstats.Kstat) -> Bool {
        matches(module, kstat.module) && matches(instance, "\(kstat.instance)") && matches(name, kstat.name)
            && matches(self.class, kstat.class)
    }

    /// Whether a statistic of this name is wanted.
    func selects(statistic name: String) -> Bool {
        matches(statistic, name)
    }

    /// The part that the daemon can select, so that it need not read and send everything.
    func request(netid: Int?) -> ListKstats {
        ListKstats(
            module: literal(module), instance: literal(instance).flatMap { Int($0) }, name: literal(name), netid: netid)
    }

    private func literal(_ pattern: String?) -> String? {
        pattern.flatMap { $0.contains { "*?[\\".contains($0) } ? nil : $0 }
    }

    /// fnmatch(3). A slash is a letter like any other: `inet*` includes `inet/PHYSICAL_IN`.
    private func matches(_ pattern: String?, _ text: String) -> Bool {
        guard let pattern else { return true }
        return unsafe fnmatch(pattern, text, 0) == 0
    }
}
