// SPDX-License-Identifier: Apache-2.0

import Hooks
import OrderingTables
import SystemPackage
import Testing

/// The order of hooks, read back from a run of the event and from the positions (R67 to R80, R186).
struct OrderingTests {
    @Test("The original's order, by the worked examples O1 to O34 (R67 to R79)", arguments: OrderingScript.illumos)
    func illumosOrdering(_ script: OrderingScript) throws {
        #expect(try script.differences(on: EventUnderTest(.illumos)) == [])
    }

    @Test("The order that the manual pages promise: the default", arguments: OrderingScript.documented)
    func documentedOrdering(_ script: OrderingScript) throws {
        #expect(try script.differences(on: EventUnderTest(.documented)) == [])
    }

    private final class EventUnderTest: OrderedHooks {
        private let event: HookEvent<Trace>
        private let reader: Reader

        init(_ ordering: Ordering) throws(HookError) {
            let publication = Publication(readers: 1)
            reader = try publication.makeReader()
            event = HookEvent<Trace>.sample(ordering: ordering, publication: publication)
        }

        func register(_ name: String, hint: Hint) -> Errno? {
            do throws(HookError) {
                try event.register(.tracing(name, hint: hint))
                return nil
            } catch {
                return error.errno
            }
        }

        func unregister(_ name: String) -> Errno? {
            do throws(HookError) {
                try event.unregister(named: name)
                return nil
            } catch {
                return error.errno
            }
        }

        func trace() -> [String] { event.trace(reader) }

        var listing: [String] { event.snapshot().map(\.name) }

        var positions: [String: Int] {
            Dictionary(uniqueKeysWithValues: event.snapshot().map { ($0.name, $0.position) })
        }
    }
}
