// SPDX-License-Identifier: Apache-2.0

import SystemPackage

/// What a caller asks to be created, judged and with its names cut to length.
struct KstatRequest {
    let module: String
    let instance: Int32
    let name: String
    let `class`: String
    let type: KstatType
    let fieldCount: Int
    let flags: KstatFlags
    let netids: Set<Int32>

    /// Judges everything that does not depend on other kstats (R174, R175).
    init(
        module: String, instance: Int32, name: String?, class: String, type: KstatType, fieldCount: Int,
        flags: KstatFlags, netids: Set<Int32>
    ) throws(KstatError) {
        self.module = KstatName.significant(module)
        self.instance = instance
        self.name = KstatName.significant(name ?? "\(module)\(instance)")
        self.class = KstatName.significant(`class`)
        self.type = type
        self.fieldCount = fieldCount
        self.flags = flags
        self.netids = netids

        guard type.isKnown else { throw refusal(.invalidArgument, "there is no type \(type.rawValue)") }
        if fieldCount < 0 { throw refusal(.invalidArgument, "\(fieldCount) is not a number of fields") }
        if flags.isSuperset(of: [.persistent, .virtual]) {
            throw refusal(.invalidArgument, "data that is the owner's cannot persist")
        }
        if flags.contains(.variableSize), !flags.contains(.virtual) {
            throw refusal(.invalidArgument, "only data that is the owner's can vary in size")
        }
        if !flags.isDisjoint(with: [.dormant, .invalid]) {
            throw refusal(.invalidArgument, "dormant and invalid are states, not wishes")
        }
        if netids.isEmpty { throw refusal(.invalidArgument, "no IP instance would see it") }
        guard type == .named else { throw refusal(.notSupported, "only type NAMED is supported") }
        guard flags.isSubset(of: [.virtual, .variableSize]) else {
            throw refusal(.notSupported, "flags \(flags.rawValue) are not supported")
        }
    }

    /// Whether both cannot exist at once: one name where somebody would see two (R171).
    func collides(with kstat: Kstat) -> Bool {
        module == kstat.module && instance == kstat.instance && name == kstat.name
            && !netids.isDisjoint(with: kstat.netids)
    }

    func refusal(_ errno: Errno, _ reason: String) -> KstatError {
        KstatError(errno, "kstat \(module):\(instance):\(name): \(reason)")
    }
}
