// SPDX-License-Identifier: Apache-2.0

import SystemPackage

/// What a caller asks to be created, judged and with its names cut to length.
struct KstatRequest {
    let module: String
    let instance: Int32
    let name: String
    let `class`: String
    let type: KstatType
    let count: Int
    let flags: KstatFlags
    let netids: Set<Int32>

    /// Judges everything that does not depend on other kstats (R174, R175).
    init(
        module: String, instance: Int32, name: String?, class: String, type: KstatType, count: Int,
        flags: KstatFlags, netids: Set<Int32>
    ) throws(KstatError) {
        self.module = KstatName.significant(module)
        self.instance = instance
        self.name = KstatName.significant(name ?? "\(module)\(instance)")
        self.class = KstatName.significant(`class`)
        self.type = type
        self.count = count
        self.flags = flags
        self.netids = netids

        guard type.isKnown else { throw refusal(.invalidArgument, "there is no type \(type.rawValue)") }
        if count < 0 { throw refusal(.invalidArgument, "\(count) is not a number of records") }
        if type == .interrupt || type == .io, count != 1 {
            throw refusal(.invalidArgument, "of type \(type) there is 1 record, not \(count)")
        }
        if count > Self.maximumCount { throw refusal(.noMemory, "no more than \(Self.maximumCount) records") }
        if flags.isSuperset(of: [.persistent, .virtual]) {
            throw refusal(.invalidArgument, "data that is the owner's cannot persist")
        }
        if flags.contains(.variableSize), !flags.contains(.virtual) {
            throw refusal(.invalidArgument, "only data that is the owner's can vary in size")
        }
        if flags.contains(.longStrings), type != .named || !flags.contains(.virtual) {
            throw refusal(.invalidArgument, "only fields that are the owner's can be strings")
        }
        if !flags.isDisjoint(with: [.dormant, .invalid]) || !flags.isSubset(of: .all) {
            throw refusal(.invalidArgument, "flags \(flags.rawValue): some are states or don't exist")
        }
        if netids.isEmpty { throw refusal(.invalidArgument, "no IP instance would see it") }
    }

    /// Records of one kstat; more is `ENOMEM`.
    static let maximumCount = 1 << 20

    /// What `ks_data` holds at first: nothing yet where it is the owner's, else zeros (R176).
    var zeroedData: KstatData {
        KstatData(zeroed: type, count: flags.contains(.virtual) ? 0 : count) ?? .raw([])
    }

    /// Why a dormant kstat is not the one that is asked for; nil if it is (R174).
    func difference(from dormant: Kstat) -> String? {
        if flags.contains(.virtual) { return "a dormant one keeps its data itself and can't become virtual" }
        if `class` != dormant.class { return "a dormant one is of class \(dormant.class)" }
        if type != dormant.type { return "a dormant one is of type \(dormant.type)" }
        if count != dormant.count { return "a dormant one has \(dormant.count) records" }
        if netids != dormant.netids { return "a dormant one is seen by other IP instances" }
        return nil
    }

    func refusal(_ errno: Errno, _ reason: String) -> KstatError {
        KstatError(errno, "kstat \(module):\(instance):\(name): \(reason)")
    }
}
