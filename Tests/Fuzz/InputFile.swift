// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemPackage

/// The file that holds the input under test, written before the input is handed over.
///
/// It is mapped, so that writing costs no system call and what was written outlives whatever happens to the process.
/// First a line with the surface and the number of bytes, then the bytes.
@safe final class InputFile {
    let path: FilePath
    private let mapping: UnsafeMutableRawPointer
    private static let capacity = Mutator.longestInput + headerLimit
    private static let headerLimit = 128

    /// Makes the file in the directory for temporary ones.
    init() throws {
        var template = Array("/tmp/neti-fuzz-input-XXXXXX".utf8CString)
        let file = FileDescriptor(rawValue: unsafe mkstemp(&template))
        guard file.rawValue >= 0 else { throw Errno(rawValue: errno) }
        path = FilePath(platformString: template)
        defer { try? file.close() }
        try file.resize(to: Int64(Self.capacity))
        let mapped = unsafe mmap(nil, Self.capacity, PROT_READ | PROT_WRITE, MAP_SHARED, file.rawValue, 0)
        guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else { throw Errno(rawValue: errno) }
        unsafe mapping = mapped
    }

    deinit { unsafe munmap(mapping, Self.capacity) }

    /// Notes what is about to be handed over.
    func record(_ input: [UInt8], surface: String) {
        let room = unsafe UnsafeMutableRawBufferPointer(start: mapping, count: Self.capacity)
        let header = "\(surface) \(input.count)\n".utf8
        unsafe room.copyBytes(from: header)
        unsafe UnsafeMutableRawBufferPointer(rebasing: room[header.count...]).copyBytes(from: input)
    }

    /// Removes the file: nothing happened.
    func remove() { _ = unsafe unlink(path.string) }

    /// The surface and the input that a file holds.
    static func read(_ path: String) throws -> (surface: String, input: [UInt8]) {
        let bytes = try Corpus.read(FilePath(path))
        let header = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        let words = header.split(separator: " ")
        guard words.count == 2, let count = Int(words[1]), count >= 0, bytes.count > header.utf8.count + count else {
            throw Violation(description: "\(path) doesn't begin with a surface and a number of bytes")
        }
        return (String(words[0]), Array(bytes[(header.utf8.count + 1)...].prefix(count)))
    }
}
