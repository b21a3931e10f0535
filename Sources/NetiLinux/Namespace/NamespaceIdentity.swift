// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Glibc
public import SystemPackage

/// What tells one network namespace from another while it lives: the device and inode of its file in nsfs.
///
/// A name can be given to another namespace from one moment to the next; this can't.
public struct NamespaceIdentity: Hashable, Sendable {
    private let device: UInt64
    private let inode: UInt64

    /// Looks at the namespace behind a path, without keeping it alive.
    ///
    /// - Throws: `ENOENT`; `EAGAIN` when the file is no namespace (yet); `EINVAL` when it is one of another kind.
    public init(path: String) throws(Errno) {
        let file = unsafe clnx_namespace_open(path)
        guard file >= 0 else { throw Errno(rawValue: -file) }
        defer { close(file) }
        var id = clnx_namespace_id()
        let code = unsafe clnx_namespace_identify(file, &id)
        guard code == 0 else { throw Errno(rawValue: -code) }
        device = id.device
        inode = id.inode
    }
}
