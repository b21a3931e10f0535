// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Glibc
import Testing

/// `clnx_nft_…`: what goes into a transaction, before any kernel sees it.
@Suite struct TransactionTests {
    let family = UInt8(CLNX_NFT_IPV4)

    func withTransaction(_ body: (OpaquePointer) throws -> Void) throws {
        let transaction = try unsafe #require(unsafe clnx_nft_begin())
        defer { unsafe clnx_nft_free(transaction) }
        try unsafe body(transaction)
    }

    static func rule() -> clnx_nft_rule {
        var rule = clnx_nft_rule()
        rule.queue = 7
        rule.queues = 1
        return rule
    }

    @Test func operationsAreNumbered() throws {
        try unsafe withTransaction { transaction in
            var rule = Self.rule()
            #expect(unsafe clnx_nft_add_table(transaction, family, "neti", 0, false, nil, 0) == 0)
            #expect(unsafe clnx_nft_delete_table(transaction, family, "neti") == 1)
            #expect(unsafe clnx_nft_add_chain(transaction, family, "neti", "in", 0, -450) == 2)
            #expect(unsafe clnx_nft_flush_chain(transaction, family, "neti", "in") == 3)
            #expect(unsafe clnx_nft_add_rule(transaction, family, "neti", "in", &rule) == 4)
            #expect(unsafe clnx_nft_delete_rule(transaction, family, "neti", "in", 12) == 5)
            #expect(unsafe clnx_nft_delete_chain(transaction, family, "neti", "in") == 6)
        }
    }

    @Test(arguments: ["", String(repeating: "n", count: 256)])
    func aNameOfImpossibleLengthIsRefused(name: String) throws {
        try unsafe withTransaction { transaction in
            var rule = Self.rule()
            #expect(unsafe clnx_nft_add_table(transaction, family, name, 0, false, nil, 0) == -EINVAL)
            #expect(unsafe clnx_nft_delete_table(transaction, family, name) == -EINVAL)
            #expect(unsafe clnx_nft_add_chain(transaction, family, "neti", name, 0, 0) == -EINVAL)
            #expect(unsafe clnx_nft_add_chain(transaction, family, name, "in", 0, 0) == -EINVAL)
            #expect(unsafe clnx_nft_delete_chain(transaction, family, "neti", name) == -EINVAL)
            #expect(unsafe clnx_nft_add_rule(transaction, family, name, "in", &rule) == -EINVAL)
            #expect(unsafe clnx_nft_flush_chain(transaction, family, "neti", name) == -EINVAL)
            let longest = String(repeating: "n", count: 255)
            #expect(unsafe clnx_nft_add_table(transaction, family, longest, 0, false, nil, 0) == 0)
        }
    }

    @Test func userDataIsLimited() throws {
        let bytes = [UInt8](repeating: 0, count: 257)
        try unsafe withTransaction { transaction in
            #expect(unsafe clnx_nft_add_table(transaction, family, "neti", 0, false, bytes, 257) == -EINVAL)
            #expect(unsafe clnx_nft_add_table(transaction, family, "neti", 0, false, bytes, 256) == 0)
        }
    }

    static let impossible: [@Sendable (inout clnx_nft_rule) -> Void] = [
        { $0.queues = 0 },
        { ($0.queue, $0.queues) = (65535, 2) },
        { $0.flags = 4 },
        { $0.mechanism = 2 },
        { $0.compare_iif = 3 },
        { $0.compare_oif = 3 },
        { $0.compare_mark = 3 },
        { $0.compare_packet_type = 3 },
    ]

    @Test(arguments: impossible.indices)
    func anImpossibleRuleIsRefused(index: Int) throws {
        var rule = Self.rule()
        Self.impossible[index](&rule)
        try unsafe withTransaction { transaction in
            #expect(unsafe clnx_nft_add_rule(transaction, family, "neti", "in", &rule) == -EINVAL)
        }
    }

    @Test func aTransactionGrows() throws {
        try unsafe withTransaction { transaction in
            var rule = Self.rule()
            rule.compare_iif = UInt8(CLNX_NFT_NOT_EQUAL)
            rule.compare_mark = UInt8(CLNX_NFT_EQUAL)
            rule.mechanism = UInt8(CLNX_NFT_COMPAT)
            let chain = String(repeating: "c", count: 255)
            for number in 0..<2_000 as Range<Int32> {
                #expect(unsafe clnx_nft_add_rule(transaction, family, "neti", chain, &rule) == number)
            }
        }
    }
}
