// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Memory between two pages that nobody may touch: reading one byte outside an input is a crash and not luck.
///
/// Each input is looked at twice, behind the first page and before the last one, so that both directions are guarded.
@safe final class GuardedMemory {
    private let mapping: UnsafeMutableRawPointer
    private let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    private let usable: Int

    /// Room for inputs of `capacity` bytes.
    init(capacity: Int) throws {
        usable = (capacity + page - 1) / page * page
        let size = usable + 2 * page
        let mapped = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else { throw Violation(description: "no memory") }
        unsafe mapping = mapped
        guard unsafe mprotect(mapped, page, PROT_NONE) == 0,
            unsafe mprotect(mapped + page + usable, page, PROT_NONE) == 0
        else { throw Violation(description: "memory can't be guarded") }
    }

    deinit { unsafe munmap(mapping, usable + 2 * page) }

    /// Gives the bytes at both places to `body`, and requires equal results.
    func withBoth<Result: Equatable>(
        _ bytes: [UInt8], _ body: (UnsafeMutableRawBufferPointer) throws -> Result
    ) throws -> Result {
        try require(bytes.count <= usable, "the input is longer than the guarded memory")
        let first = try unsafe body(place(bytes, at: page))
        let second = try unsafe body(place(bytes, at: page + usable - bytes.count))
        try require(first == second, "the result depends on where the bytes are: \(first), then \(second)")
        return first
    }

    private func place(_ bytes: [UInt8], at offset: Int) -> UnsafeMutableRawBufferPointer {
        let room = unsafe UnsafeMutableRawBufferPointer(start: mapping + offset, count: bytes.count)
        unsafe room.copyBytes(from: bytes)
        return unsafe room
    }
}
