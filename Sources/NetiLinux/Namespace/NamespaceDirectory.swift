// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Glibc
public import Neti
import SystemPackage

/// The folder in which network namespaces have their names, `/run/netns` for those of `ip netns`.
///
/// Tells which names there are, and becomes readable when that may have changed.
public final class NamespaceDirectory: Sendable {
    /// The folder.
    public let path: String

    /// An inotify descriptor.
    let descriptor: Int32

    /// Starts to watch; a folder that isn't there yet is watched through the one above it.
    ///
    /// - Throws: `EMFILE`, or `ENOENT` when the folder above isn't there either.
    public init(_ path: String) throws(NetiError) {
        self.path = path
        descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        guard descriptor >= 0 else { throw NetiError(Errno(rawValue: errno), "can't watch \(path)") }
        let above = path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex)
        let isWatched = watch(path) || watch(above.isEmpty ? "/" : String(above))
        guard isWatched else { throw NetiError(Errno(rawValue: errno), "can't watch \(path)") }
    }

    deinit {
        close(descriptor)
    }

    /// What is in the folder at one moment.
    public struct Contents: Sendable {
        /// The namespaces by name.
        public var namespaces: [String: NamespaceIdentity] = [:]
        /// Whether there is a file that isn't a namespace, perhaps not yet: `ip netns add` makes an empty file first and
        /// mounts the namespace on it a moment later.
        public var isUnfinished = false
    }

    /// Looks what is there now; a folder that isn't there is empty.
    public func contents() -> Contents {
        var contents = Contents()
        guard let folder = unsafe opendir(path) else { return contents }
        defer { unsafe closedir(folder) }
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name != ".", name != ".." else { continue }
            do throws(Errno) {
                contents.namespaces[name] = try NamespaceIdentity(path: "\(path)/\(name)")
            } catch {
                if error == .resourceTemporarilyUnavailable { contents.isUnfinished = true }
            }
        }
        return contents
    }

    /// Like ``contents()``, but gives an unfinished namespace a tenth of a second to be finished.
    public func settledContents() -> Contents {
        for _ in 0..<100 {
            let contents = contents()
            if !contents.isUnfinished { return contents }
            usleep(1000)
        }
        return contents()
    }

    /// Forgets what made the descriptor readable, and follows the folder if it has just been made.
    func acknowledge() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while unsafe read(descriptor, &buffer, buffer.count) > 0 {}
        _ = watch(path)
    }

    private func watch(_ folder: String) -> Bool {
        let what = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR | IN_EXCL_UNLINK
        return unsafe inotify_add_watch(descriptor, folder, UInt32(what)) >= 0
    }
}
