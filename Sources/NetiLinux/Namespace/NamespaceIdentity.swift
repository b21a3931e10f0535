// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Glibc
public import SystemPackage

/// What tells one network namespace from another while it lives: the device and inode of its file in nsfs.
///
/// A name can be given to another namespace from one moment to the next; this can't. Once a namespace is gone, the
/// kernel may give its inode to a new one.
public struct NamespaceIdentity: Hashable, Sendable {
    private let device: UInt64

    /// The inode's number, as `ls -i /run/netns` and `lsns` show it. It serves as the zone id (R20, R21).
    public let inode: UInt64

    /// Looks at the namespace behind a path, without keeping it alive.
    ///
    /// - Throws: `ENOENT`; `EAGAIN` when the file is no namespace (yet); `EINVAL` when it is one of another kind.
    public init(path: String) throws(Errno) {
        try self.init(opened: unsafe clnx_namespace_open(path))
    }

    /// The namespace that the calling thread is in.
    ///
    /// - Throws: `EMFILE`, or `ENOENT` without `/proc`.
    public static func current() throws(Errno) -> NamespaceIdentity {
        try NamespaceIdentity(opened: clnx_namespace_current())
    }

    package init(device: UInt64, inode: UInt64) {
        self.device = device
        self.inode = inode
    }

    private init(opened file: Int32) throws(Errno) {
        guard file >= 0 else { throw Errno(rawValue: -file) }
        defer { close(file) }
        var id = clnx_namespace_id()
        let code = unsafe clnx_namespace_identify(file, &id)
        guard code == 0 else { throw Errno(rawValue: -code) }
        self.init(device: id.device, inode: id.inode)
    }
}

extension Errno {
    /// Whether there was no room to look at a file, which says nothing about the file.
    package var isShortage: Bool {
        switch self {
        case .tooManyOpenFiles, .tooManyOpenFilesInSystem, .noMemory, .interrupted: true
        default: false
        }
    }
}
