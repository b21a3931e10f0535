// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Bytes that end where memory ends: reading one past them, or far before them, is a crash and not luck.
@safe struct GuardedBytes: ~Copyable {
    private let mapping: UnsafeMutableRawPointer
    private let mappingSize: Int
    let start: UnsafeMutableRawPointer
    let count: Int

    /// Copies `bytes` to the end of a mapping whose last page nobody may touch.
    init(_ bytes: [UInt8]) throws(OutOfMemory) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let usable = (bytes.count + page - 1) / page * page
        let mapped = unsafe mmap(
            nil, usable + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else { throw OutOfMemory() }
        let end = unsafe mapped + usable
        guard unsafe mprotect(end, page, PROT_NONE) == 0 else { throw OutOfMemory() }
        unsafe UnsafeMutableRawBufferPointer(start: end - bytes.count, count: bytes.count).copyBytes(from: bytes)
        unsafe mapping = mapped
        mappingSize = usable + page
        unsafe start = end - bytes.count
        count = bytes.count
    }

    deinit { unsafe munmap(mapping, mappingSize) }

    struct OutOfMemory: Error {}
}

/// The same sequence for the same seed (SplitMix64), so that a failure can be repeated.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

extension [UInt8] {
    /// One to eight changes of the kind that break parsers: other bytes, extreme lengths, a cut, a repetition.
    func mutated(using generator: inout SeededGenerator) -> [UInt8] {
        var bytes = self
        for _ in 0..<Int.random(in: 1...8, using: &generator) where !bytes.isEmpty {
            let index = Int.random(in: bytes.indices, using: &generator)
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: bytes[index] = UInt8.random(in: .min ... .max, using: &generator)
            case 1: bytes[index] = [0, 1, 3, 4, 5, 0x7f, 0x80, 0xff].randomElement(using: &generator) ?? 0
            case 2: bytes.removeSubrange(index...)
            case 3: bytes.insert(contentsOf: bytes[index...].prefix(16), at: index)
            default: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            }
        }
        return bytes
    }
}
