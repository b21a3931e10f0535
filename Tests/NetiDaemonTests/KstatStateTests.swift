// SPDX-License-Identifier: Apache-2.0

import Kstat
import NetiDaemon
import Testing

/// The file that keeps persistent kstats.
struct KstatStateTests {
    private static let data: [KstatData] = {
        var io = KstatIO()
        io.bytesRead = .max
        io.enterRunQueue()
        var timer = KstatTimer("a name of quite some length, ü")
        timer.start()
        timer.stop()
        return [
            .raw([0, 255]), .raw([]), .named([]),
            .named([
                NamedValue("in", .uint64(.max)), NamedValue("low", .int64(.min)), NamedValue("half", .double(0.1)),
                NamedValue("none", .float(.infinity)), NamedValue("text", .char("a\"b\\")),
            ]),
            .interrupts(KstatInterrupts()), .io(io), .timers([timer, KstatTimer(".num_events")]),
        ]
    }()

    private func records() throws -> [KstatRecord] {
        let registry = KstatRegistry(limit: 100)
        for (index, data) in Self.data.enumerated() {
            try registry.restore(
                module: "m", instance: Int32(index), name: "n", class: "c", flags: .writable, netids: [7], data: data)
        }
        return registry.persistentValues().map { KstatRecord($0, ipInstance: "blue") }
    }

    @Test("Data of every type come back as they were (R178)")
    func allTypes() throws {
        let state = KstatState(try records())
        let (bytes, count) = try state.encoded()
        #expect(count == Self.data.count)
        let read = try KstatState(bytes)
        #expect(read == state)
        #expect(read.kstats.map(\.data) == Self.data)
        #expect(read.kstats.allSatisfy { $0.ipInstance == "blue" })
    }

    @Test("What finds no room is left out, and the rest is whole")
    func bounded() throws {
        let state = KstatState(try records())
        let size = try state.encoded().bytes.count
        for limit in [size - 1, size / 2, 400, 10] {
            let (bytes, count) = try state.encoded(limit: limit)
            #expect(count < Self.data.count)
            #expect(bytes.count <= limit || count == 0)
            #expect(try KstatState(bytes).kstats == Array(state.kstats.prefix(count)))
        }
    }

    static let damaged = [
        "", "{", "[]", "null", #"{"version":1}"#, #"{"version":2,"kstats":[]}"#, #"{"version":1,"kstats":[{}]}"#,
        record(type: 1, #"{"name":"a","type":"uint64","value":"-1"}"#),
        record(type: 1, #"{"name":"a","type":"uint128","value":"1"}"#),
        record(type: 0, #"{"name":"raw","type":"string","value":"0g"}"#), record(type: 0, ""),
        record(type: 2, ""), record(type: 3, #"{"name":"nread","type":"uint64","value":"1"}"#),
        record(type: 5, ""), record(type: 300, ""),
    ]

    private static func record(type: Int, _ values: String) -> String {
        """
        {"version":1,"kstats":[{"ipInstance":"i","module":"m","instance":0,"name":"n","class":"c","type":\(type),
        "flags":8,"values":[\(values)]}]}
        """
    }

    @Test("What is no state is refused with a reason", arguments: damaged)
    func damage(text: String) {
        let error = #expect(throws: KstatState.Damage.self) { try KstatState(Array(text.utf8)) }
        #expect(error?.description.isEmpty == false)
    }
}
