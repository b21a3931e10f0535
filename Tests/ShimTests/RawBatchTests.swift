// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Glibc
import Testing

/// `clnx_raw_…` without a socket: what a batch takes and what it refuses.
@Suite struct RawBatchTests {
    func withBatch(_ body: (OpaquePointer) throws -> Void) rethrows {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: clnx_raw_batch_size(), alignment: 16)
        defer { unsafe memory.deallocate() }
        try unsafe body(clnx_raw_prepare(memory))
    }

    let bytes = [UInt8](repeating: 0x45, count: 40)

    @Test(arguments: [(AF_INET, 20), (AF_INET6, 40)] as [(Int32, Int)])
    func theFirstPartHoldsTheHeader(family: Int32, length: Int) {
        unsafe withBatch { batch in
            #expect(unsafe clnx_raw_add(batch, UInt8(family), 0, 0, bytes, length - 1) == -EINVAL)
            #expect(unsafe clnx_raw_add(batch, UInt8(family), 0, 0, bytes, length) == 0)
        }
    }

    @Test func aFullBatchRefuses() {
        unsafe withBatch { batch in
            for _ in 0..<Int(CLNX_RAW_BATCH) {
                #expect(unsafe clnx_raw_add(batch, UInt8(AF_INET), 1, 1, bytes, 20) == 0)
                for _ in 1..<Int(CLNX_RAW_PARTS) { #expect(unsafe clnx_raw_continue(batch, bytes, 40) == 0) }
                #expect(unsafe clnx_raw_continue(batch, bytes, 40) == -EMSGSIZE)
            }
            #expect(unsafe clnx_raw_add(batch, UInt8(AF_INET), 1, 1, bytes, 20) == -ENOBUFS)
            unsafe clnx_raw_clear(batch)
            #expect(unsafe clnx_raw_continue(batch, bytes, 40) == -EINVAL)
            #expect(unsafe clnx_raw_add(batch, UInt8(AF_INET), 1, 1, bytes, 20) == 0)
        }
    }

    /// Each packet of a batch gets its own answer, whatever became of those before it.
    @Test func everyPacketHasItsOutcome() {
        unsafe withBatch { batch in
            for _ in 0..<5 { #expect(unsafe clnx_raw_add(batch, UInt8(AF_INET), 0, 0, bytes, 20) == 0) }
            var outcomes = [Int32](repeating: 1, count: Int(CLNX_RAW_BATCH))
            #expect(unsafe clnx_raw_send(-1, batch, &outcomes) == 5)
            #expect(outcomes.prefix(6) == [-EBADF, -EBADF, -EBADF, -EBADF, -EBADF, 1])
        }
    }

    @Test("The MTU is asked for with one packet, and the batch is empty afterwards", arguments: [AF_INET, AF_INET6])
    func oneQuestion(family: Int32) {
        let family = UInt8(family)
        unsafe withBatch { batch in
            #expect(unsafe clnx_raw_mtu(-1, family, 0, batch) == -EINVAL)
            #expect(unsafe clnx_raw_add(batch, family, 0, 0, bytes, 40) == 0)
            #expect(unsafe clnx_raw_mtu(-1, family, 0, batch) == -EBADF)
            #expect(unsafe clnx_raw_continue(batch, bytes, 40) == -EINVAL)
            for _ in 0..<2 { #expect(unsafe clnx_raw_add(batch, family, 0, 0, bytes, 40) == 0) }
            #expect(unsafe clnx_raw_mtu(-1, family, 0, batch) == -EINVAL)
            #expect(unsafe clnx_raw_continue(batch, bytes, 40) == -EINVAL)
        }
    }

    @Test func onlyTwoFamilies() {
        #expect(clnx_raw_open(UInt8(AF_UNIX)) == -EAFNOSUPPORT)
    }
}
