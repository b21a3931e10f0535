// SPDX-License-Identifier: Apache-2.0

import SystemPackage

/// What a platform must offer so that packets reach the hooks of an instance.
///
/// `Neti` keeps instances, protocols and chains; where packets come from is the provider's business.
public protocol NetworkProvider: Sendable {
    /// Starts or stops the flow of packets to one event (the original's `he_interested`, R87).
    ///
    /// Called with true when the first hook is on the event, before its registration returns, and with false when the
    /// last one has left. Calls for one event never overlap; calls for different events may.
    /// - Throws: when packets can't be made to flow; the registration that asked for them then fails with this error.
    func setInterested(
        _ interested: Bool, in netid: NetID, family: NetworkFamily, event: NetworkEvent
    ) throws(NetiError)

    /// Attaches a driver to the instance's list (``InjectionList/attach(_:)``), if that wasn't done before.
    ///
    /// Called when a packet is to be injected and there is none yet, from any thread and possibly several times at once.
    /// - Throws: `ENOTSUP` where packets can't be injected, `ESHUTDOWN` when the instance is going, else why it failed now.
    func prepareInjection(in netid: NetID) throws(NetiError)
}

extension NetworkProvider {
    /// Can't inject.
    public func prepareInjection(in netid: NetID) throws(NetiError) {
        throw NetiError(.notSupported, "instance \(netid): its provider can't inject packets")
    }
}
