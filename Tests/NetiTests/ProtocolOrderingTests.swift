// SPDX-License-Identifier: Apache-2.0

import Hooks
import Kstat
import Neti
import OrderingTables
import SystemPackage
import Testing

/// The order of hooks registered at a protocol, read back from a run and from the kstat `position` (R67 to R80, R186).
struct ProtocolOrderingTests {
    @Test("The original's order, by the worked examples O1 to O34 (R67 to R79)", arguments: OrderingScript.illumos)
    func illumosOrdering(_ script: OrderingScript) throws {
        #expect(try script.differences(on: ProtocolUnderTest(.illumos)) == [])
    }

    @Test("The order that the manual pages promise: the default", arguments: OrderingScript.documented)
    func documentedOrdering(_ script: OrderingScript) throws {
        #expect(try script.differences(on: ProtocolUnderTest(.documented)) == [])
    }

    @Test func documentedOrderingIsTheDefault() throws {
        let settings = Instance.Settings(provider: FakeProvider())
        #expect(settings.ordering == .documented)
    }

    private final class ProtocolUnderTest: OrderedHooks {
        private let sample: SampleInstance
        private let trail = Trace()

        init(_ ordering: Ordering) throws {
            sample = try SampleInstance(ordering: ordering)
        }

        func register(_ name: String, hint: Hint) -> Errno? {
            sample.inet.errno(registering: .passing(name, hint: hint, trace: trail))
        }

        func unregister(_ name: String) -> Errno? {
            sample.inet.errno(unregistering: name)
        }

        func trace() throws -> [String] {
            try sample.run()
            return trail.take()
        }

        var listing: [String] { sample.inet.event(.physicalIn).snapshot().map(\.name) }

        var positions: [String: Int] {
            let selection = KstatSelection(module: "inet/PHYSICAL_IN", statistic: "position")
            var positions: [String: Int] = [:]
            for kstat in sample.netinfo.kstats.snapshot(selection, visibleIn: sample.instance.netid.rawValue) {
                if case .int32(let position) = kstat.fields.first?.value { positions[kstat.name] = Int(position) }
            }
            return positions
        }
    }
}
