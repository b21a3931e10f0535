// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Neti
import SystemPackage

/// Reads a whole file, also one of `/proc` that has no length.
public func readFile(_ path: String) throws(NetiError) -> String {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw NetiError(Errno(rawValue: errno), "can't open \(path)") }
    defer { close(file) }
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16_384)
    while true {
        let count = unsafe read(file, &buffer, buffer.count)
        guard count >= 0 else { throw NetiError(Errno(rawValue: errno), "can't read \(path)") }
        guard count > 0 else { return String(decoding: all, as: UTF8.self) }
        all += buffer.prefix(count)
    }
}

/// Where a symbolic link leads, such as `net:[4026531840]` for one of `/proc/self/fd`; nil when it is none.
public func readLink(_ path: String) -> String? {
    var buffer = [UInt8](repeating: 0, count: 256)
    let count = unsafe buffer.withUnsafeMutableBytes { buffer -> Int in
        guard let start = buffer.baseAddress else { return 0 }
        return unsafe readlink(path, start.assumingMemoryBound(to: CChar.self), buffer.count)
    }
    return count > 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : nil
}

/// Makes a file anew, readable by its owner alone.
public func writeFile(_ path: String, _ text: String) throws(NetiError) {
    let file = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw NetiError(Errno(rawValue: errno), "can't write \(path)") }
    defer { close(file) }
    let bytes = Array(text.utf8)
    guard unsafe write(file, bytes, bytes.count) == bytes.count else {
        throw NetiError(Errno(rawValue: errno), "can't write \(path)")
    }
}

/// The names in a folder, sorted; none when it isn't there.
public func listFolder(_ path: String) -> [String] {
    guard let folder = unsafe opendir(path) else { return [] }
    defer { unsafe closedir(folder) }
    var names: [String] = []
    while let entry = unsafe readdir(folder) {
        let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
}
