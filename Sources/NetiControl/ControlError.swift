// SPDX-License-Identifier: Apache-2.0

/// The errors that `io.neti.Control` declares.
public enum ControlError: Error, Equatable, Sendable {
    /// No instance has this name.
    case noSuchInstance(String)
    /// The caller may not change anything; the reason says who may.
    case permissionDenied(reason: String)
    /// An argument has the right type but no meaning.
    case invalidArgument(String, reason: String)
    /// The daemon tried and could not.
    case failed(reason: String)
    /// There is no place for the client at the moment; the connection ends.
    case tooManyClients(reason: String)
}

extension ControlError: CustomStringConvertible {
    /// One line for a person, without a full stop.
    public var description: String {
        switch self {
        case .noSuchInstance(let name): "no instance is named '\(name)'"
        case .permissionDenied(let reason): "permission denied: \(reason)"
        case .invalidArgument(let argument, let reason): "\(argument): \(reason)"
        case .failed(let reason), .tooManyClients(let reason): reason
        }
    }
}

extension ControlError {
    /// Name and parameters as they travel.
    var onTheWire: WireError {
        switch self {
        case .noSuchInstance(let name): wireError("NoSuchInstance", ["instance": name])
        case .permissionDenied(let reason): wireError("PermissionDenied", ["reason": reason])
        case .invalidArgument(let argument, let reason):
            wireError("InvalidArgument", ["argument": argument, "reason": reason])
        case .failed(let reason): wireError("Failed", ["reason": reason])
        case .tooManyClients(let reason): wireError("TooManyClients", ["reason": reason])
        }
    }

    /// The error that travelled; nil if it is none of ours or lacks a parameter.
    init?(_ error: WireError) {
        let prefix = ControlInterface.name + "."
        guard error.name.hasPrefix(prefix) else { return nil }
        let parameters = error.parameters
        switch error.name.dropFirst(prefix.count) {
        case "NoSuchInstance":
            guard let name = parameters["instance"] else { return nil }
            self = .noSuchInstance(name)
        case "PermissionDenied":
            guard let reason = parameters["reason"] else { return nil }
            self = .permissionDenied(reason: reason)
        case "InvalidArgument":
            guard let argument = parameters["argument"], let reason = parameters["reason"] else { return nil }
            self = .invalidArgument(argument, reason: reason)
        case "Failed":
            guard let reason = parameters["reason"] else { return nil }
            self = .failed(reason: reason)
        case "TooManyClients":
            guard let reason = parameters["reason"] else { return nil }
            self = .tooManyClients(reason: reason)
        default:
            return nil
        }
    }

    private func wireError(_ name: String, _ parameters: [String: String]) -> WireError {
        WireError(name: "\(ControlInterface.name).\(name)", parameters: parameters)
    }
}
