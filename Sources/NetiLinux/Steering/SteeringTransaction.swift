// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Neti
import SystemPackage

/// What the kernel does about a table for the process that made it.
enum TableProtection {
    /// Nobody else can change it, and it vanishes with the process: that is what "open" rests on.
    case owned
    /// Nobody else can change it while the process lives, and it stays afterwards (Linux 6.9).
    case persistent
    /// It stays, and every administrator can change it.
    case none

    fileprivate var flags: UInt32 {
        switch self {
        case .owned: UInt32(CLNX_NFT_TABLE_OWNER)
        case .persistent: UInt32(CLNX_NFT_TABLE_OWNER) | UInt32(CLNX_NFT_TABLE_PERSIST)
        case .none: 0
        }
    }
}

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

    /// Takes away the family's table with all that is in it, whether or not it is still there.
    func deleteTable(_ family: NetworkFamily) throws(NetiError) {
        let family = family.netfilterFamily
        try check(unsafe clnx_nft_add_table(transaction, family, SteeringTable.name, 0, false, nil, 0))
        try check(unsafe clnx_nft_delete_table(transaction, family, SteeringTable.name))
    }

    /// Makes the family's table; one that is there already makes the kernel refuse.
    func addTable(_ family: NetworkFamily, _ protection: TableProtection) throws(NetiError) {
        let note = TableOwner.current.userData
        try check(
            unsafe note.withUnsafeBytes { note in
                unsafe clnx_nft_add_table(
                    transaction, family.netfilterFamily, SteeringTable.name, protection.flags, true, note.baseAddress,
                    UInt32(note.count))
            })
    }

    /// Adds the base chain of an event, named like it.
    func addChain(_ point: SteeringTable.Point, priority: Int32) throws(NetiError) {
        try check(
            unsafe clnx_nft_add_chain(
                transaction, point.family.netfilterFamily, SteeringTable.name, point.event.rawValue,
                point.event.netfilterHook, priority))
    }

    func add(
        _ rule: SteeringRule, _ point: SteeringTable.Point, _ mechanism: SteeringMechanism,
        _ configuration: InstanceConfiguration
    ) throws(NetiError) {
        var encoded = rule.encoded(mechanism, onExit: configuration.onExit, counts: configuration.failOpen)
        try check(
            unsafe clnx_nft_add_rule(
                transaction, point.family.netfilterFamily, SteeringTable.name, point.event.rawValue, &encoded))
    }

    /// Takes all rules out of an event's chain.
    func flush(_ point: SteeringTable.Point) throws(NetiError) {
        try check(
            unsafe clnx_nft_flush_chain(
                transaction, point.family.netfilterFamily, SteeringTable.name, point.event.rawValue))
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
