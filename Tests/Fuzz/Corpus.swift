// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemPackage

/// The inputs to begin with: small files, in one directory for each surface.
///
/// - `.hex`: bytes as pairs of digits; `00*1400` repeats one, `#` begins a comment.
/// - `.case`: text, a line `--`, then bytes as in `.hex`; a null byte takes the place of that line.
/// - anything else: the bytes of the file.
enum Corpus {
    /// The inputs of a directory, ordered by name.
    static func inputs(in directory: FilePath) throws -> [[UInt8]] {
        var paths: [FilePath] = []
        for name in try names(in: directory) {
            if name.hasPrefix(".") { continue }
            paths.append(directory.appending(name))
        }
        guard !paths.isEmpty else { throw Violation(description: "\(directory) holds no inputs") }
        return try paths.sorted { $0.string < $1.string }.map(input)
    }

    private static func input(_ path: FilePath) throws -> [UInt8] {
        let bytes = try read(path)
        switch path.extension {
        case "hex": return try decode(String(decoding: bytes, as: UTF8.self), path)
        case "case":
            let text = String(decoding: bytes, as: UTF8.self)
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            guard let border = lines.firstIndex(of: "--") else { throw malformed(path, "no line '--'") }
            let head = lines[..<border].joined(separator: "\n")
            return Array(head.utf8) + [0] + (try decode(lines[(border + 1)...].joined(separator: "\n"), path))
        default: return bytes
        }
    }

    private static func decode(_ text: String, _ path: FilePath) throws -> [UInt8] {
        var bytes: [UInt8] = []
        for line in text.split(separator: "\n") {
            for word in line.prefix(while: { $0 != "#" }).split(separator: " ") {
                let parts = word.split(separator: "*")
                let digits = Array(parts[0])
                guard let count = parts.count == 1 ? 1 : Int(parts[1]), digits.count.isMultiple(of: 2) else {
                    throw malformed(path, String(word))
                }
                let piece = try stride(from: 0, to: digits.count, by: 2).map { place in
                    guard let byte = UInt8(String(digits[place...(place + 1)]), radix: 16) else {
                        throw malformed(path, String(word))
                    }
                    return byte
                }
                for _ in 0..<count { bytes += piece }
            }
        }
        return bytes
    }

    private static func malformed(_ path: FilePath, _ detail: String) -> Violation {
        Violation(description: "\(path) is malformed: \(detail)")
    }

    private static func names(in directory: FilePath) throws -> [String] {
        guard let stream = unsafe opendir(directory.string) else {
            throw Violation(description: "\(directory): \(Errno(rawValue: errno)); see --corpus")
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            names.append(name)
        }
        return names
    }

    /// All bytes of a file.
    static func read(_ path: FilePath) throws -> [UInt8] {
        let file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
        return try file.closeAfter {
            var bytes: [UInt8] = []
            var part = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = try unsafe part.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
                guard count > 0 else { return bytes }
                bytes += part[..<count]
            }
        }
    }
}
