// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Glibc
package import SystemPackage

/// A network namespace that the thread that injects enters again and again, and leaves when nothing is left to do.
///
/// Keeps the namespace alive, so it has to go with its instance.
package struct InstanceNamespace: ~Copyable {
    private let file: Int32
    /// Which one it is.
    package let identity: NamespaceIdentity
    /// Whether it is the one in which the process started.
    package let isOwn: Bool

    /// Where it is found as long as this object exists, whatever becomes of its name.
    var location: Namespace { isOwn ? .own : .path("/proc/self/fd/\(file)") }

    /// Opens an instance's namespace.
    ///
    /// - Parameters:
    ///   - namespace: where it was found; ``Namespace/own`` is that of the calling thread.
    ///   - identity: which one it was then.
    /// - Throws: `ENOENT` when the name is gone or stands for another one now; `EMFILE`.
    package init(_ namespace: Namespace, identity: NamespaceIdentity) throws(Errno) {
        file = try Self.open(namespace, identity)
        self.identity = identity
        isOwn = namespace == .own
    }

    private static func open(_ namespace: Namespace, _ identity: NamespaceIdentity) throws(Errno) -> Int32 {
        let file =
            switch namespace {
            case .own: clnx_namespace_current()
            case .path(let path): unsafe clnx_namespace_open(path)
            }
        guard file >= 0 else { throw Errno(rawValue: -file) }
        var id = clnx_namespace_id()
        guard unsafe clnx_namespace_identify(file, &id) == 0,
            NamespaceIdentity(device: id.device, inode: id.inode) == identity
        else {
            close(file)
            throw .noSuchFileOrDirectory
        }
        return file
    }

    deinit {
        close(file)
    }

    /// Moves the calling thread there, and no other. The thread runs no Swift tasks.
    ///
    /// - Returns: why it is where it was; nil when it is there.
    package func enter() -> Errno? {
        let code = clnx_namespace_enter(file)
        return code < 0 ? Errno(rawValue: -code) : nil
    }
}
