// SPDX-License-Identifier: Apache-2.0

package import Kstat

/// One persistent kstat as the state file keeps it. IP instances go by name, for their numbers change from run to run.
package struct KstatRecord: Codable, Equatable, Sendable {
    /// One value, numbers in decimal and RAW in hexadecimal.
    package struct Value: Codable, Equatable, Sendable {
        let name: String
        let type: String
        let value: String
    }

    /// The name of the IP instance that sees it.
    package let ipInstance: String
    let module: String
    let instance: Int32
    let name: String
    let `class`: String
    let type: UInt8
    let flags: UInt8
    let values: [Value]

    /// What a kstat held, for the IP instance of that name.
    package init(_ kstat: KstatSnapshot, ipInstance: String) {
        self.ipInstance = ipInstance
        module = kstat.module
        instance = kstat.instance
        name = kstat.name
        self.class = kstat.class
        type = kstat.type.rawValue
        flags = kstat.flags.subtracting([.dormant, .invalid]).rawValue
        values = kstat.data.statistics.map { statistic in
            Value(name: statistic.name, type: statistic.value.typeName, value: statistic.value.description)
        }
    }

    /// The values; nil if they are not those of a kstat of this type.
    package var data: KstatData? {
        var statistics: [NamedValue] = []
        for value in values {
            guard let parsed = NamedValue.Value(value.value, ofTypeNamed: value.type) else { return nil }
            statistics.append(NamedValue(unabridged: value.name, parsed))
        }
        return KstatData(KstatType(rawValue: type), statistics: statistics)
    }

    /// Puts it back as a dormant kstat.
    func restore(to registry: KstatRegistry, netid: Int32) throws(KstatError) {
        guard let data else { return }
        try registry.restore(
            module: module, instance: instance, name: name, class: self.class, flags: KstatFlags(rawValue: flags),
            netids: [netid], data: data)
    }
}
