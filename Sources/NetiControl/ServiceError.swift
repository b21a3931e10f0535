// SPDX-License-Identifier: Apache-2.0

/// The errors that `org.varlink.service` declares for every service (varlink.org, "Service").
public enum ServiceError: Error, Equatable, Sendable {
    /// The service has no such interface.
    case interfaceNotFound(String)
    /// The interface has no such method.
    case methodNotFound(String)
    /// The method cannot be called in this way.
    case methodNotImplemented(String)
    /// A parameter is missing, unknown, or of the wrong type.
    case invalidParameter(String)
    /// The service refuses this client.
    case permissionDenied
    /// The method must be called with `more`.
    case expectedMore
}

extension ServiceError: CustomStringConvertible {
    /// One line for a person, without a full stop.
    public var description: String {
        switch self {
        case .interfaceNotFound(let name): "the daemon has no interface '\(name)'"
        case .methodNotFound(let name): "the daemon has no method '\(name)'"
        case .methodNotImplemented(let name): "'\(name)' cannot be called in this way"
        case .invalidParameter(let name): "parameter '\(name)' is missing, unknown, or of the wrong type"
        case .permissionDenied: "permission denied"
        case .expectedMore: "the method must be called with 'more'"
        }
    }
}

extension ServiceError {
    /// Name and parameters as they travel.
    var onTheWire: WireError {
        switch self {
        case .interfaceNotFound(let name): wireError("InterfaceNotFound", ["interface": name])
        case .methodNotFound(let name): wireError("MethodNotFound", ["method": name])
        case .methodNotImplemented(let name): wireError("MethodNotImplemented", ["method": name])
        case .invalidParameter(let name): wireError("InvalidParameter", ["parameter": name])
        case .permissionDenied: wireError("PermissionDenied", [:])
        case .expectedMore: wireError("ExpectedMore", [:])
        }
    }

    /// The error that travelled; nil if it is none of these or lacks its parameter.
    init?(_ error: WireError) {
        let prefix = ServiceInterface.name + "."
        guard error.name.hasPrefix(prefix) else { return nil }
        let parameters = error.parameters
        switch error.name.dropFirst(prefix.count) {
        case "InterfaceNotFound":
            guard let name = parameters["interface"] else { return nil }
            self = .interfaceNotFound(name)
        case "MethodNotFound":
            guard let name = parameters["method"] else { return nil }
            self = .methodNotFound(name)
        case "MethodNotImplemented":
            guard let name = parameters["method"] else { return nil }
            self = .methodNotImplemented(name)
        case "InvalidParameter":
            guard let name = parameters["parameter"] else { return nil }
            self = .invalidParameter(name)
        case "PermissionDenied":
            self = .permissionDenied
        case "ExpectedMore":
            self = .expectedMore
        default:
            return nil
        }
    }

    private func wireError(_ name: String, _ parameters: [String: String]) -> WireError {
        WireError(name: "\(ServiceInterface.name).\(name)", parameters: parameters)
    }
}
