// SPDX-License-Identifier: Apache-2.0

public import SystemPackage

/// Why a call did not bring an answer.
public enum ControlClientError: Error, Equatable, Sendable {
    /// Nobody listens at the path, or the caller may not connect.
    case unreachable(path: String, Errno)
    /// The connection broke.
    case disconnected(Errno)
    /// The daemon closed the connection before it answered, or before its last answer.
    case closed
    /// No answer came in time.
    case timedOut
    /// The call would be longer than the daemon takes.
    case callTooLong
    /// What came is no reply to the call.
    case notUnderstood
    /// The daemon refused.
    case refused(ControlError)
    /// The daemon does not know the method, or knows it in another form.
    case notOffered(ServiceError)
    /// An error that this client does not know.
    case unknown(name: String)
}

extension ControlClientError: CustomStringConvertible {
    /// One line for a person, without a full stop.
    public var description: String {
        switch self {
        case .unreachable(let path, let error): "no daemon answers at \(path): \(error)"
        case .disconnected(let error): "the connection to the daemon broke: \(error)"
        case .closed: "the daemon closed the connection"
        case .timedOut: "the daemon did not answer in time"
        case .callTooLong: "the call is too long"
        case .notUnderstood: "the daemon sent something that is no answer"
        case .refused(let error): "\(error)"
        case .notOffered(let error): "\(error)"
        case .unknown(let name): "the daemon reports \(name)"
        }
    }
}
