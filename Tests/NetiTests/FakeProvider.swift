// SPDX-License-Identifier: Apache-2.0

import Neti
import Synchronization
import SystemPackage

/// A provider without a kernel: remembers what it was told, and refuses when a test wants it to.
final class FakeProvider: NetworkProvider {
    struct Call: Equatable, Sendable {
        let interested: Bool
        let netid: NetID
        let family: NetworkFamily
        let event: NetworkEvent
    }

    typealias Reaction = @Sendable (Call) throws(NetiError) -> Void

    private let heard = Mutex<[Call]>([])
    private let attempts = Mutex(0)
    private let reaction = Mutex<Reaction?>(nil)

    /// What it was told, oldest first.
    var calls: [Call] { heard.withLock { $0 } }

    /// How often it was asked to make injecting possible, which it can't.
    var preparations: Int { attempts.withLock { $0 } }

    /// What to do from now on when it is told something; nil for nothing.
    func react(_ reaction: Reaction?) {
        self.reaction.withLock { $0 = reaction }
    }

    func prepareInjection(in netid: NetID) throws(NetiError) {
        attempts.withLock { $0 += 1 }
        throw NetiError(.tooManyOpenFiles, "no descriptors left")
    }

    func setInterested(
        _ interested: Bool, in netid: NetID, family: NetworkFamily, event: NetworkEvent
    ) throws(NetiError) {
        let call = Call(interested: interested, netid: netid, family: family, event: event)
        heard.withLock { $0.append(call) }
        try reaction.withLock { $0 }?(call)
    }
}
