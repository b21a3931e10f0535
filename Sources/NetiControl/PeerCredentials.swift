// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemPackage

/// Who is at the other end of a Unix socket, as the kernel saw it when the peer connected (unix(7)).
package struct PeerCredentials: Equatable, Sendable {
    /// Process id; 0 if it has none in our namespace.
    let pid: Int32
    /// Effective user id.
    let uid: UInt32
    /// Effective group id.
    let gid: UInt32
    /// Supplementary group ids.
    let groups: [UInt32]

    package init(pid: Int32, uid: UInt32, gid: UInt32, groups: [UInt32] = []) {
        self.pid = pid
        self.uid = uid
        self.gid = gid
        self.groups = groups
    }

    /// Asks the kernel about the peer of a connected socket.
    init(ofPeerAt descriptor: CInt) throws(Errno) {
        // Swift's Glibc module lacks `struct ucred`; the layout is the kernel's, in include/linux/socket.h.
        var credentials: (pid: Int32, uid: UInt32, gid: UInt32) = (0, 0, 0)
        var length = socklen_t(MemoryLayout.size(ofValue: credentials))
        guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0 else {
            throw Errno(rawValue: errno)
        }
        self.init(
            pid: credentials.pid, uid: credentials.uid, gid: credentials.gid,
            groups: try Self.groups(ofPeerAt: descriptor))
    }

    private static func groups(ofPeerAt descriptor: CInt) throws(Errno) -> [UInt32] {
        // A process may have up to 65536 groups. The kernel writes back how much room it needs, and credentials of a
        // connected socket never change, so the second try is large enough.
        var groups = [UInt32](repeating: 0, count: 32)
        for _ in 1...2 {
            var length = socklen_t(groups.count * MemoryLayout<UInt32>.stride)
            if unsafe getsockopt(descriptor, SOL_SOCKET, SO_PEERGROUPS, &groups, &length) == 0 {
                return Array(groups.prefix(Int(length) / MemoryLayout<UInt32>.stride))
            }
            guard errno == ERANGE else { throw Errno(rawValue: errno) }
            groups = [UInt32](repeating: 0, count: Int(length) / MemoryLayout<UInt32>.stride)
        }
        throw .outOfRange
    }
}

/// Who may change something: root, one user, and the members of one group.
package struct Authority: Equatable, Sendable {
    /// The daemon's own user.
    let uid: UInt32
    /// The group of the socket, if it was given one.
    let gid: UInt32?

    package init(uid: UInt32, gid: UInt32?) {
        self.uid = uid
        self.gid = gid
    }

    /// Whether the peer may.
    func allows(_ peer: PeerCredentials) -> Bool {
        if peer.uid == 0 || peer.uid == uid { return true }
        guard let gid else { return false }
        return peer.gid == gid || peer.groups.contains(gid)
    }
}
