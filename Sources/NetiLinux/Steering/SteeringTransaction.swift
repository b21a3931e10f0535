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

    /// Takes away a table with all that is in it, whether or not it is still there.
    func deleteTable(_ table: SteeringChain.Table) throws(NetiError) {
        let family = table.family.netfilterFamily
        try check(unsafe clnx_nft_add_table(transaction, family, table.name, 0, false, nil, 0))
        try check(unsafe clnx_nft_delete_table(transaction, family, table.name))
    }

    /// Makes a table; one that is there already makes the kernel refuse.
    func addTable(_ table: SteeringChain.Table, _ protection: TableProtection) throws(NetiError) {
        let note = TableOwner.current.userData
        try check(
            unsafe note.withUnsafeBytes { note in
                unsafe clnx_nft_add_table(
                    transaction, table.family.netfilterFamily, table.name, protection.flags, true, note.baseAddress,
                    UInt32(note.count))
            })
    }

    /// Adds a base chain.
    func addChain(_ chain: SteeringChain) throws(NetiError) {
        try check(
            unsafe clnx_nft_add_chain(
                transaction, chain.table.family.netfilterFamily, chain.table.name, chain.name,
                chain.point.event.netfilterHook, chain.priority))
    }

    func add(
        _ rule: SteeringRule, _ chain: SteeringChain, _ mechanism: SteeringMechanism,
        _ configuration: InstanceConfiguration
    ) throws(NetiError) {
        var encoded = rule.encoded(mechanism, onExit: configuration.onExit, counts: configuration.failOpen)
        try check(
            unsafe clnx_nft_add_rule(
                transaction, chain.table.family.netfilterFamily, chain.table.name, chain.name, &encoded))
    }

    /// Takes all rules out of a chain.
    func flush(_ chain: SteeringChain) throws(NetiError) {
        try check(
            unsafe clnx_nft_flush_chain(
                transaction, chain.table.family.netfilterFamily, chain.table.name, chain.name))
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
