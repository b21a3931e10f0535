// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Neti
import SystemPackage

/// Changes to our tables that the kernel makes all at once or not at all.
@safe
struct SteeringTransaction: ~Copyable {
    private let transaction: OpaquePointer

    init() throws(NetiError) {
        guard let transaction = unsafe clnx_nft_begin() else {
            throw NetiError(.noMemory, "can't start an nftables transaction")
        }
        unsafe self.transaction = transaction
    }

    deinit {
        unsafe clnx_nft_free(transaction)
    }

    /// Makes the family's table anew, whatever a dead daemon left there.
    ///
    /// Owned tables vanish with the process, by the kernel's doing: that is what "open" rests on.
    func replaceTable(_ family: NetworkFamily, onExit: InstanceConfiguration.OnExit) throws(NetiError) {
        let family = family.netfilterFamily
        try check(unsafe clnx_nft_add_table(transaction, family, SteeringTable.name, 0, false, nil, 0))
        try check(unsafe clnx_nft_delete_table(transaction, family, SteeringTable.name))
        let flags = onExit == .open ? UInt32(CLNX_NFT_TABLE_OWNER) : 0
        let note = TableOwner.current.userData
        try check(
            unsafe note.withUnsafeBytes { note in
                unsafe clnx_nft_add_table(
                    transaction, family, SteeringTable.name, flags, true, note.baseAddress, UInt32(note.count))
            })
    }

    /// Adds the base chain of an event, named like it.
    func addChain(_ family: NetworkFamily, _ event: NetworkEvent, priority: Int32) throws(NetiError) {
        try check(
            unsafe clnx_nft_add_chain(
                transaction, family.netfilterFamily, SteeringTable.name, event.rawValue, event.netfilterHook, priority))
    }

    func add(
        _ rule: SteeringRule, _ family: NetworkFamily, _ event: NetworkEvent, _ mechanism: SteeringMechanism,
        onExit: InstanceConfiguration.OnExit
    ) throws(NetiError) {
        var encoded = rule.encoded(mechanism, onExit: onExit)
        try check(
            unsafe clnx_nft_add_rule(
                transaction, family.netfilterFamily, SteeringTable.name, event.rawValue, &encoded))
    }

    /// Takes all rules out of an event's chain.
    func flush(_ family: NetworkFamily, _ event: NetworkEvent) throws(NetiError) {
        try check(
            unsafe clnx_nft_flush_chain(transaction, family.netfilterFamily, SteeringTable.name, event.rawValue))
    }

    /// Returns 0 or a negative errno; with an errno nothing has changed.
    func commit(on socket: Int32) -> Int32 {
        var refused: UInt32 = 0
        return unsafe clnx_nft_commit(socket, transaction, nil, 0, &refused)
    }

    private func check(_ code: Int32) throws(NetiError) {
        if code < 0 { throw NetiError(Errno(rawValue: -code), "can't build an nftables transaction") }
    }
}
