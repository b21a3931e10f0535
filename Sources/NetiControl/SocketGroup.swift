// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemPackage

/// The group that owns the control socket: its members may connect and change things.
public enum SocketGroup: Equatable, Sendable {
    /// By name, as in group(5).
    case name(String)
    /// By number.
    case id(UInt32)

    /// The number.
    package func resolve() throws(ControlSocketError) -> UInt32 {
        switch self {
        case .id(let number):
            return number
        case .name(let name):
            var size = 1024
            while true {
                var entry = unsafe group()
                var found: UnsafeMutablePointer<group>?
                var text = [CChar](repeating: 0, count: size)
                let error = unsafe getgrnam_r(name, &entry, &text, text.count, &found)
                // A group with many members needs more room.
                if error == ERANGE, size < 1 << 20 {
                    size *= 4
                    continue
                }
                guard unsafe found != nil else { throw .noSuchGroup(name) }
                return unsafe entry.gr_gid
            }
        }
    }
}
