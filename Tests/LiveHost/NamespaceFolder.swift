// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Glibc
public import Neti
public import NetiLinux
import Synchronization
import SystemPackage

/// A folder of network namespaces with nothing in them, made and removed by the hundred: a millisecond each, where
/// `ip netns` takes ten.
public final class NamespaceFolder: Sendable {
    /// The folder.
    public let path: String

    private static let numbers = Atomic(0)
    private static var prefix: String { "/tmp/neti-netns-\(getpid())-" }

    /// Makes a folder, hands it to `body`, and removes it with all that is in it, however `body` ends.
    ///
    /// - Parameter isThere: whether the folder is made already; otherwise `body` does it, by ``make()``.
    public static func with<Value>(isThere: Bool = true, _ body: (NamespaceFolder) throws -> Value) throws -> Value {
        let folder = NamespaceFolder()
        defer { folder.remove() }
        if isThere { try folder.make() }
        return try body(folder)
    }

    private init() {
        path = Self.prefix + "\(Self.numbers.add(1, ordering: .relaxed).newValue)"
    }

    /// Folders that this process has made and not removed yet.
    public static var remaining: [String] {
        listFolder("/tmp").map { "/tmp/\($0)" }.filter { $0.hasPrefix(prefix) }
    }

    /// Makes the folder, or one further down in it.
    public func make(_ below: String? = nil) throws(NetiError) {
        guard unsafe mkdir(below.map { "\(path)/\($0)" } ?? path, 0o700) == 0 else {
            throw NetiError(Errno(rawValue: errno), "can't make a folder in \(path)")
        }
    }

    /// Where a namespace of this name is found.
    public func namespace(_ name: String) -> Namespace { .path("\(path)/\(name)") }

    /// Makes namespaces.
    public func create(_ names: [String]) throws(NetiError) {
        // A thread of its own is away for a moment each time.
        try Worker { [path] () throws(NetiError) in
            for name in names {
                let code = unsafe clnx_namespace_create("\(path)/\(name)")
                guard code == 0 else { throw NetiError(Errno(rawValue: -code), "can't make namespace \(path)/\(name)") }
            }
        }.join()
    }

    /// Takes the names of namespaces away.
    public func delete(_ names: [String]) throws(NetiError) {
        for name in names {
            let code = unsafe clnx_namespace_delete("\(path)/\(name)")
            guard code == 0 else { throw NetiError(Errno(rawValue: -code), "can't remove namespace \(path)/\(name)") }
        }
    }

    /// Gives a namespace of another folder, or of this one, a further name here.
    public func link(_ name: String, to namespace: Namespace) throws(NetiError) {
        try writeFile("\(path)/\(name)", "")
        try Command.run("mount", ["--bind", namespace.description, "\(path)/\(name)"])
    }

    /// Removes the folder with all that is in it. May be called more than once.
    public func remove() {
        Self.remove(path)
    }

    private static func remove(_ folder: String) {
        for name in listFolder(folder) {
            let path = "\(folder)/\(name)"
            if unsafe clnx_namespace_delete(path) != 0 { remove(path) }
        }
        unsafe rmdir(folder)
    }
}
