// SPDX-License-Identifier: Apache-2.0

public import SystemPackage

/// Why the control socket could not be opened.
public enum ControlSocketError: Error, Equatable, Sendable {
    /// A live server answers at the path.
    case inUse(path: String)
    /// Something that is no socket is at the path; it is left alone.
    case notASocket(path: String)
    /// The group that shall own the socket does not exist.
    case noSuchGroup(String)
    /// A system call failed.
    case system(path: String, attempted: String, Errno)
}

extension ControlSocketError: CustomStringConvertible {
    /// One line for a person, without a full stop.
    public var description: String {
        switch self {
        case .inUse(let path): "\(path): another daemon answers there"
        case .notASocket(let path): "\(path): exists and is no socket"
        case .noSuchGroup(let name): "there is no group '\(name)'"
        case .system(let path, let attempted, let error): "\(path): \(attempted): \(error)"
        }
    }
}
