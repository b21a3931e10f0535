// SPDX-License-Identifier: Apache-2.0

import NetiLinux

/// `InotifyEvent`: what a read from inotify(7) brought.
struct FolderMessage: Surface {
    private let memory: GuardedMemory

    init() throws { memory = try GuardedMemory(capacity: Mutator.longestInput) }

    func lengthFields(of input: [UInt8]) -> [LengthField] {
        var fields: [LengthField] = []
        var offset = 12
        while offset + 4 <= input.count, fields.count < 16 {
            let field = LengthField(offset: offset, width: 4, order: .host)
            fields.append(field)
            offset += 16 + Int(field.load(input))
        }
        return fields
    }

    func feed(_ input: [UInt8]) throws -> Bool {
        let events = try unsafe memory.withBoth(input) { bytes in
            unsafe InotifyEvent.decode(UnsafeRawBufferPointer(bytes).bytes)
        }
        // A name ends before its null byte, and what isn't UTF-8 becomes three bytes at most.
        let size = events.reduce(0) { $0 + 16 + $1.name.utf8.count / 3 }
        try require(size <= input.count, "\(events.count) events from \(input.count) bytes")
        try require(events.allSatisfy { !$0.name.utf8.contains(0) }, "a name with a null byte")
        return !events.isEmpty
    }
}
