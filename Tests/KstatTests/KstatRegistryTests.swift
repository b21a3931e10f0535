// SPDX-License-Identifier: Apache-2.0

import Kstat
import SystemPackage
import Testing

/// Creating, installing and deleting (R169 to R179).
struct KstatRegistryTests {
    let registry = KstatRegistry(limit: 3)

    private func errno(_ body: () throws -> Void) -> Errno? {
        do {
            try body()
            return nil
        } catch {
            return (error as? KstatError)?.errno
        }
    }

    private func createVirtual(
        _ name: String, module: String = "inet", instance: Int32 = 0, netids: Set<Int32> = [0]
    ) throws -> Kstat {
        try registry.create(
            module: module, instance: instance, name: name, class: "hook_event", count: 1, flags: .virtual,
            netids: netids)
    }

    struct Refusal: Sendable {
        let reason: String
        let errno: Errno
        var type = KstatType.named
        var count = 1
        var flags: KstatFlags = []
        var netids: Set<Int32> = [0]
    }

    static let refusals = [
        Refusal(reason: "unknown type", errno: .invalidArgument, type: KstatType(rawValue: 5)),
        Refusal(reason: "negative count", errno: .invalidArgument, count: -1),
        Refusal(reason: "persistent and virtual", errno: .invalidArgument, flags: [.persistent, .virtual]),
        Refusal(reason: "variable, not virtual", errno: .invalidArgument, flags: .variableSize),
        Refusal(reason: "dormant", errno: .invalidArgument, flags: .dormant),
        Refusal(reason: "invalid", errno: .invalidArgument, flags: [.invalid, .virtual]),
        Refusal(reason: "nobody sees it", errno: .invalidArgument, netids: []),
        Refusal(reason: "no such flag", errno: .invalidArgument, flags: KstatFlags(rawValue: 0x80)),
        Refusal(reason: "strings, not virtual", errno: .invalidArgument, flags: .longStrings),
        Refusal(
            reason: "strings, not named", errno: .invalidArgument, type: .timer, flags: [.longStrings, .virtual]),
        Refusal(reason: "two sets of interrupts", errno: .invalidArgument, type: .interrupt, count: 2),
        Refusal(reason: "no interrupts", errno: .invalidArgument, type: .interrupt, count: 0),
        Refusal(reason: "two of io", errno: .invalidArgument, type: .io, count: 2),
        Refusal(reason: "too many bytes", errno: .noMemory, type: .raw, count: 1 << 20 + 1),
    ]

    @Test("What cannot be created is refused, and nothing is left of it (R174)", arguments: refusals)
    func refusal(_ refusal: Refusal) throws {
        let errno = errno {
            _ = try registry.create(
                module: "m", name: "n", class: "c", type: refusal.type, count: refusal.count,
                flags: refusal.flags, netids: refusal.netids)
        }
        #expect(errno == refusal.errno, "\(refusal.reason)")
        #expect(
            self.errno { _ = try registry.create(module: "m", name: "n", class: "c", count: 0, netids: [0]) }
                == nil)
    }

    @Test("The numbers of types and flags are those of kstat.h")
    func constants() {
        #expect([KstatType.raw, .named, .interrupt, .io, .timer].map(\.rawValue) == [0, 1, 2, 3, 4])
        let flags: [KstatFlags] = [
            .virtual, .variableSize, .writable, .persistent, .dormant, .invalid, .longStrings,
        ]
        #expect(flags.map(\.rawValue) == [1, 2, 4, 8, 0x10, 0x20, 0x40])
    }

    @Test("One name may exist once per IP instance, and again where nobody sees both (R171)")
    func visibility() throws {
        _ = try createVirtual("PHYSICAL_IN", netids: [0])
        #expect(errno { _ = try createVirtual("PHYSICAL_IN", netids: [0]) } == .fileExists)
        _ = try createVirtual("PHYSICAL_IN", netids: [1])
        #expect(errno { _ = try createVirtual("PHYSICAL_IN", netids: [1, 2]) } == .fileExists)
        _ = try createVirtual("PHYSICAL_IN", netids: [2, 3])
    }

    @Test("Module, instance and name together make a name (R174)")
    func names() throws {
        _ = try createVirtual("a", module: "m", instance: 0)
        _ = try createVirtual("a", module: "m", instance: 1)
        _ = try createVirtual("a", module: "n", instance: 0)
    }

    @Test("The limit is ENOMEM, and deleting makes room")
    func limit() throws {
        let kstat = try createVirtual("a")
        _ = try createVirtual("b")
        _ = try createVirtual("c")
        #expect(errno { _ = try createVirtual("d") } == .noMemory)
        #expect(errno { _ = try createVirtual("a") } == .fileExists)
        try registry.delete(kstat)
        _ = try createVirtual("d")
    }

    @Test("A missing name is the module with the instance behind it (R175)")
    func defaultName() throws {
        let kstat = try registry.create(module: "ipd", instance: 7, class: "net", count: 0, netids: [0])
        #expect(kstat.name == "ipd7")
    }

    @Test("Names are cut to 30 bytes without cutting a character, and collide if equal then (R174, R188)")
    func truncation() throws {
        let thirty = String(repeating: "x", count: 30)
        let kstat = try createVirtual(thirty + "1", module: thirty + "m")
        #expect(kstat.name == thirty)
        #expect(kstat.module == thirty)
        #expect(errno { _ = try createVirtual(thirty + "2", module: thirty) } == .fileExists)
        let umlaut = try createVirtual(String(repeating: "x", count: 29) + "ü")
        #expect(umlaut.name == String(repeating: "x", count: 29))
        let long = try registry.create(
            module: "m", name: "n", class: thirty + "c", count: 0, netids: [0])
        #expect(long.class == thirty)
    }

    @Test("Until it is installed a kstat is invalid and not read (R176, R178)")
    func installing() throws {
        let kstat = try createVirtual("a")
        #expect(kstat.flags == [.virtual, .invalid])
        #expect(registry.snapshot().isEmpty)
        try registry.install(kstat) { [NamedValue("x", .int32(1))] }
        #expect(kstat.flags == .virtual)
        #expect(registry.snapshot().map(\.name) == ["a"])
    }

    @Test("A virtual kstat needs data or an update; a string needs a virtual kstat; an owner comes once (R177, R178)")
    func installingWrongly() throws {
        let virtual = try createVirtual("a")
        #expect(errno { try registry.install(virtual) } == .invalidArgument)
        try registry.install(virtual) { [] }
        #expect(errno { try registry.install(virtual) { [] } } == .invalidArgument)
        try registry.install(virtual)

        let stored = try registry.create(module: "m", name: "s", class: "c", count: 1, netids: [0])
        let two = KstatOwner(data: .named([NamedValue("a", .int32(1)), NamedValue("b", .int32(1))]))
        #expect(errno { try registry.install(stored, owner: two) } == .invalidArgument)
        #expect(errno { try registry.install(stored, owner: KstatOwner(data: .io(KstatIO()))) } == .invalidArgument)
        try stored.withFields { $0[0] = NamedValue("text", .string("t")) }
        #expect(errno { try registry.install(stored) } == .invalidArgument)
        #expect(stored.flags == .invalid)
        try stored.withFields { $0[0] = NamedValue("text", .char("t")) }
        try registry.install(stored)
    }

    @Test("A deleted kstat is gone: not read, not installed, not deleted again (R178, R179)")
    func deleting() throws {
        let kstat = try createVirtual("a")
        try registry.install(kstat) { [NamedValue("x", .int32(1))] }
        try registry.delete(kstat)
        #expect(registry.snapshot().isEmpty)
        #expect(errno { try registry.delete(kstat) } == .noSuchAddressOrDevice)
        #expect(errno { try registry.install(kstat) } == .noSuchAddressOrDevice)
        #expect(errno { try KstatRegistry(limit: 1).delete(kstat) } == .noSuchAddressOrDevice)
        let again = try createVirtual("a")
        #expect(again.id > kstat.id)
    }

    @Test("A stored kstat keeps what it was given, and ends with its registration")
    func stored() throws {
        let kstat = try registry.create(module: "m", name: "s", class: "c", count: 2, netids: [0])
        try registry.install(kstat)
        #expect(registry.snapshot()[0].fields == [NamedValue("", .char("")), NamedValue("", .char(""))])
        try kstat.withFields { fields in
            #expect(fields.count == 2)
            fields[0] = NamedValue("in", .uint64(1))
            fields[1] = NamedValue("out", .uint64(2))
        }
        #expect(registry.snapshot()[0].fields == [NamedValue("in", .uint64(1)), NamedValue("out", .uint64(2))])
        try registry.delete(kstat)
        #expect(errno { try kstat.withFields { _ in } } == .noSuchAddressOrDevice)
    }

    @Test("Errors name the kstat and say what is wrong")
    func messages() {
        let error = #expect(throws: KstatError.self) {
            try registry.create(module: "m", name: "n", class: "c", type: .io, count: 2, netids: [0])
        }
        #expect(error?.message == "kstat m:0:n: of type IO there is 1 record, not 2")
    }
}
