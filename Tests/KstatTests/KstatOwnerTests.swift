// SPDX-License-Identifier: Apache-2.0

import Kstat
import Synchronization
import SystemPackage
import Testing

/// Functions of owners: when they are called, with what, and what their errors do (R177 to R181).
struct KstatOwnerTests {
    private let registry = KstatRegistry(limit: 10)
    private let trail = Trail()

    /// What was called, in order.
    private final class Trail: Sendable {
        private let calls = Mutex<[String]>([])

        func note(_ call: String) { calls.withLock { $0.append(call) } }

        func take() -> [String] {
            calls.withLock { calls in
                defer { calls = [] }
                return calls
            }
        }
    }

    private func errno(_ body: () throws -> Void) -> Errno? {
        do {
            try body()
            return nil
        } catch {
            return (error as? KstatError)?.errno
        }
    }

    private func create(
        _ flags: KstatFlags = [.writable], name: String = "n", class: String = "c", type: KstatType = .raw,
        count: Int = 2, netids: Set<Int32> = [0]
    ) throws -> Kstat {
        try registry.create(
            module: "m", name: name, class: `class`, type: type, count: count, flags: flags, netids: netids)
    }

    /// Notes each call; its update adds 1 to the first byte for a reader.
    private func owner(_ failure: KstatError? = nil, on access: KstatAccess? = nil) -> KstatOwner {
        KstatOwner(
            data: .raw([1, 2]),
            update: { [trail] data, asked throws(KstatError) in
                trail.note("update \(asked) \(data.statistics[0].value)")
                guard case .raw(var bytes) = data else { return }
                if asked == .read { bytes[0] += 1 }
                data = .raw(bytes)
                if let failure, access == asked { throw failure }
            })
    }

    @Test("Reading updates, then copies; writing copies, then updates (R180)")
    func order() throws {
        let kstat = try create()
        var owner = owner()
        owner.snapshot = { [trail] data, copy, access throws(KstatError) in
            trail.note("snapshot \(access)")
            if access == .read { copy = data } else { data = copy }
        }
        try registry.install(kstat, owner: owner)
        #expect(trail.take() == [])
        #expect(try registry.read(kstat).data == .raw([2, 2]))
        #expect(trail.take() == ["update read 0102", "snapshot read"])
        try registry.write(.raw([8, 9]), to: kstat)
        #expect(trail.take() == ["snapshot write", "update write 0809"])
        #expect(try registry.read(kstat).data == .raw([9, 9]))
    }

    @Test("Writing one statistic reads first and keeps the others (R180)")
    func setting() throws {
        let kstat = try create(type: .named)
        try registry.install(
            kstat, owner: KstatOwner(data: .named([NamedValue("a", .int32(1)), NamedValue("b", .uint64(2))])))
        try registry.set([("b", "18446744073709551615")], of: kstat)
        #expect(try registry.read(kstat).fields.map(\.value) == [.int32(1), .uint64(.max)])
        for (name, text) in [("b", "-1"), ("a", "2147483648"), ("c", "1"), ("a", "")] {
            #expect(errno { try registry.set([(name, text)], of: kstat) } == .invalidArgument, "\(name)=\(text)")
        }
        #expect(
            errno { try registry.write(.named([NamedValue("a", .int32(1)), NamedValue("b", .int64(1))]), to: kstat) }
                == .invalidArgument)
        #expect(errno { try registry.write(.named([NamedValue("a", .int32(1))]), to: kstat) } == .invalidArgument)
        #expect(try registry.read(kstat).fields.map(\.value) == [.int32(1), .uint64(.max)])
    }

    @Test("What an update answers is what the caller gets, and nothing has changed (R180)")
    func failures() throws {
        for (name, failing, expected) in [("r", KstatAccess.read, Errno.ioError), ("w", .write, .permissionDenied)] {
            let kstat = try create(name: name)
            try registry.install(kstat, owner: owner(KstatError(expected, "no"), on: failing))
            _ = trail.take()
            let read = errno { _ = try registry.read(kstat) }
            let write = errno { try registry.write(.raw([7, 7]), to: kstat) }
            #expect(read == (failing == .read ? expected : nil))
            #expect(write == (failing == .write ? expected : nil))
            #expect(registry.snapshot(KstatSelection(name: name)).count == (failing == .read ? 0 : 1))
        }
    }

    @Test("Data of another type or size from an update is EIO")
    func wrongShape() throws {
        for (index, data) in [KstatData.io(KstatIO()), .raw([1, 2, 3]), .raw([])].enumerated() {
            let kstat = try create(name: "\(index)")
            try registry.install(kstat, owner: KstatOwner(update: { shown, _ throws(KstatError) in shown = data }))
            #expect(errno { _ = try registry.read(kstat) } == .ioError)
        }
    }

    @Test("VAR_SIZE shows as many records as there are, others as many as were announced (R177)")
    func variableSize() throws {
        for flags in [KstatFlags.virtual, [.virtual, .variableSize]] {
            let kstat = try create(flags, name: "\(flags.rawValue)")
            try registry.install(
                kstat, owner: KstatOwner(update: { data, _ throws(KstatError) in data = .raw([1, 2, 3]) }))
            let expected: [UInt8] = flags.contains(.variableSize) ? [1, 2, 3] : [1, 2]
            #expect(try registry.read(kstat).data == .raw(expected))
        }
    }

    @Test("LONGSTRINGS shows as soon as there is a string; its size counts the text and its end (R181)")
    func longStrings() throws {
        let kstat = try create(.virtual, type: .named)
        try registry.install(kstat) { [NamedValue("text", .string("abc")), NamedValue("none", .string(nil))] }
        #expect(kstat.flags == .virtual)
        #expect(try registry.read(kstat).data.byteCount == 2 * 48 + 4)
        #expect(kstat.flags == [.virtual, .longStrings])
        try kstat.withFields { $0[0] = NamedValue("text", .int32(1)) }
        #expect(kstat.flags == [.virtual, .longStrings])
        try kstat.withFields { $0[1] = NamedValue("none", .int32(1)) }
        #expect(kstat.flags == .virtual)
    }

    @Test("A STRING of a WRITABLE kstat is written through the owner's snapshot function alone (R178)")
    func writableStrings() throws {
        let plain = try create([.virtual, .writable], type: .named)
        let data = KstatData.named([NamedValue("a", .string("x"))])
        #expect(errno { try registry.install(plain, owner: KstatOwner(data: data)) } == .invalidArgument)
        try registry.install(
            plain,
            owner: KstatOwner(
                data: data,
                snapshot: { data, copy, access throws(KstatError) in
                    if access == .read { copy = data } else { data = copy }
                }))
        try registry.set([("a", "y")], of: plain)
        #expect(try registry.read(plain).fields == [NamedValue("a", .string("y"))])

        let late = try create([.virtual, .writable], name: "late", type: .named)
        try registry.install(late, owner: KstatOwner(update: { shown, _ throws(KstatError) in shown = data }))
        #expect(errno { try registry.set([("a", "y")], of: late) } == .invalidArgument)
    }

    @Test("Private data is the owner's for as long as it owns (R177, R179)")
    func privateData() throws {
        let kstat = try create(.persistent)
        #expect(try kstat.privateData == nil)
        try registry.install(kstat, owner: KstatOwner(privateData: 42))
        #expect(try kstat.privateData as? Int == 42)
        try registry.delete(kstat)
        #expect(try kstat.privateData == nil)
    }

    // MARK: - Persistence

    @Test("The last update is for reading; then nobody is asked any more, and the values stay (R179)")
    func dormancy() throws {
        let kstat = try create(.persistent)
        try registry.install(kstat, owner: owner())
        try registry.delete(kstat)
        #expect(trail.take() == ["update read 0102"])
        #expect(kstat.flags == [.persistent, .dormant])
        #expect(try registry.read(kstat).data == .raw([2, 2]))
        #expect(registry.snapshot().map(\.data) == [.raw([2, 2])])
        #expect(trail.take() == [])
        #expect(errno { try kstat.withBytes { $0[0] = 0 } } == .noSuchAddressOrDevice)
        #expect(errno { try registry.install(kstat) } == .noSuchAddressOrDevice)
    }

    @Test("Created again it loads the old values by update for writing (R178, R179)")
    func revival() throws {
        let kstat = try create(.persistent)
        try registry.install(kstat, owner: owner())
        try registry.delete(kstat)
        _ = trail.take()
        #expect(try create(.persistent) === kstat)
        #expect(errno { _ = try registry.read(kstat) } == .noSuchAddressOrDevice)
        #expect(errno { _ = try create(.persistent) } == .fileExists)
        try registry.install(kstat, owner: owner())
        #expect(trail.take() == ["update write 0202"])
        #expect(try registry.read(kstat).data == .raw([3, 2]))
    }

    @Test("An owner that gives up before installing leaves the values as they were (R179)")
    func revivedAndLeft() throws {
        let kstat = try create(.persistent)
        try registry.install(kstat, owner: owner())
        try registry.delete(kstat)
        _ = try create(.persistent)
        try registry.delete(kstat)
        #expect(kstat.flags == [.persistent, .dormant])
        #expect(try registry.read(kstat).data == .raw([2, 2]))
        #expect(try create(.persistent) === kstat)
    }

    @Test("A persistent kstat that was never installed has nothing to keep")
    func neverInstalled() throws {
        try registry.delete(try create(.persistent))
        #expect(registry.snapshot().isEmpty)
        #expect(registry.persistentValues().isEmpty)
    }

    @Test("A dormant kstat is created again only as what it was (R174)")
    func differences() throws {
        let kstat = try create(.persistent, netids: [0, 1])
        try registry.install(kstat)
        try registry.delete(kstat)
        #expect(errno { _ = try create(.persistent, class: "other", netids: [0, 1]) } == .fileExists)
        #expect(errno { _ = try create(.persistent, type: .named, netids: [0, 1]) } == .fileExists)
        #expect(errno { _ = try create(.persistent, count: 3, netids: [0, 1]) } == .fileExists)
        #expect(errno { _ = try create(.virtual, netids: [0, 1]) } == .fileExists)
        #expect(errno { _ = try create(.persistent, netids: [0]) } == .fileExists)
        _ = try create(.persistent, netids: [2])
        #expect(try create([], netids: [0, 1]) === kstat)
    }

    @Test("Fields of a new owner keep old values where name and type are the same (R178, R182)")
    func newFields() throws {
        let old = KstatOwner(data: .named([NamedValue("a", .uint64(1)), NamedValue("b", .int32(2))]))
        let kstat = try create(.persistent, type: .named)
        try registry.install(kstat, owner: old)
        try registry.delete(kstat)
        _ = try create(.persistent, type: .named)
        try kstat.withFields { fields in
            fields[0].initialize("a", as: .uint64(0))
            fields[1].initialize("b", as: .int32(0))
        }
        try registry.install(kstat)
        #expect(try registry.read(kstat).fields.map(\.value) == [.uint64(1), .int32(2)])
        try registry.delete(kstat)
        _ = try create(.persistent, type: .named)
        let new = KstatOwner(data: .named([NamedValue("b", .int64(5)), NamedValue("a", .uint64(6))]))
        try registry.install(kstat, owner: new)
        #expect(try registry.read(kstat).fields == [NamedValue("b", .int64(5)), NamedValue("a", .uint64(1))])
    }

    @Test("Values of an earlier process are there, dormant, until an owner comes (R178, R179)")
    func restoring() throws {
        let kstat = try registry.restore(
            module: "m", instance: 0, name: "n", class: "c", flags: .writable, netids: [0], data: .raw([4, 5]))
        #expect(kstat.flags == [.writable, .persistent, .dormant])
        #expect(try registry.read(kstat).data == .raw([4, 5]))
        #expect(
            errno {
                try registry.restore(
                    module: "m", instance: 0, name: "n", class: "c", flags: [], netids: [0], data: .raw([1, 1]))
            } == .fileExists)
        #expect(
            errno {
                try registry.restore(
                    module: "m", instance: 0, name: "s", class: "c", flags: [], netids: [0],
                    data: .named([NamedValue("a", .string("s"))]))
            } == .invalidArgument)
        #expect(try create(.persistent) === kstat)
        #expect(registry.persistentValues().map(\.data) == [.raw([4, 5])])
        try registry.install(kstat, owner: owner())
        #expect(registry.persistentValues().map(\.data) == [.raw([5, 5])])
    }

    @Test("A dormant kstat can be taken out of the registry, one with an owner can't")
    func eviction() throws {
        let kstat = try create(.persistent)
        try registry.install(kstat, owner: owner())
        #expect(registry.evict(kstat) == nil)
        #expect(registry.dormantKstats(ofOnly: 0).isEmpty)
        try registry.delete(kstat)
        #expect(registry.dormantKstats(ofOnly: 0).map(\.id) == [kstat.id])
        #expect(registry.dormantKstats(ofOnly: 1).isEmpty)
        #expect(registry.evict(kstat)?.data == .raw([2, 2]))
        #expect(registry.evict(kstat) == nil)
        #expect(registry.snapshot().isEmpty)
        #expect(errno { try registry.install(kstat) } == .noSuchAddressOrDevice)
        #expect(try create(.persistent) !== kstat)
    }

    @Test("A new field has its type's zero; a STRING is set with a text or none, another type is EINVAL (R182)")
    func namedValues() throws {
        var field = NamedValue("", .char(""))
        field.initialize("abc", as: .string("ignored"))
        #expect(field == NamedValue("abc", .string(nil)))
        try field.setString("text")
        #expect(KstatData.named([field]).byteCount == 48 + 5)
        try field.setString(nil)
        #expect(KstatData.named([field]).byteCount == 48)
        field.initialize("n", as: .uint32(9))
        #expect(field.value == .uint32(0))
        #expect(errno { try field.setString("x") } == .invalidArgument)
        #expect(field.value == .uint32(0))
        field.initialize(String(repeating: "x", count: 40), as: .uint32(0))
        #expect(field.name.utf8.count == 30)
    }
}
