// SPDX-License-Identifier: Apache-2.0

package import Logging

/// Answers one call: finds the method, checks parameters and credentials, asks the backend. Knows no sockets.
package struct Dispatch: Sendable {
    let backend: any ControlBackend
    let authority: Authority
    let version: String
    let logger: Logger

    package init(backend: any ControlBackend, authority: Authority, version: String, logger: Logger) {
        self.backend = backend
        self.authority = authority
        self.version = version
        self.logger = logger
    }

    /// The reply, ready to be sent; nil to a call that wants none.
    ///
    /// A call with `more` gets one reply like any other, since no method has more to say.
    ///
    /// - Throws: ``Message/Malformed`` if `message` is no call. There is no error name for that: the connection ends.
    package func reply(to message: [UInt8], from peer: PeerCredentials) async throws -> [UInt8]? {
        let header = try Message.header(Message.CallHeader.self, of: message)
        let call = Call(header: header, message: message, peer: peer)
        let reply: [UInt8]
        do {
            reply = try await answer(call)
        } catch let error as ServiceError {
            reply = try refusal(of: call, error.onTheWire)
        } catch let error as ControlError {
            reply = try refusal(of: call, error.onTheWire)
        }
        return header.oneway == true ? nil : reply
    }

    private struct Call {
        let header: Message.CallHeader
        let message: [UInt8]
        let peer: PeerCredentials
    }

    private func answer(_ call: Call) async throws -> [UInt8] {
        let name = call.header.method
        switch name {
        case GetInfo.qualifiedName:
            return try await answer(call) { (_: GetInfo) in info }
        case GetInterfaceDescription.qualifiedName:
            return try await answer(call) { (asked: GetInterfaceDescription) in try description(of: asked.described) }
        case GetStatus.qualifiedName:
            return try await answer(call) { (_: GetStatus) in .init(status: try await backend.status()) }
        case ListInstances.qualifiedName:
            return try await answer(call) { (_: ListInstances) in .init(instances: try await backend.instances()) }
        case ListHooks.qualifiedName:
            return try await answer(call) { (asked: ListHooks) in
                .init(hooks: try await backend.hooks(instance: asked.instance))
            }
        case ListKstats.qualifiedName:
            return try await answer(call) { (asked: ListKstats) in
                .init(kstats: asked.select(from: try await backend.kstats(asked)))
            }
        case SetLogLevel.qualifiedName:
            return try await answer(call) { (asked: SetLogLevel) in
                try await backend.setLogLevel(asked.level)
                return .init()
            }
        default:
            throw unknown(name)
        }
    }

    /// What is the same for every method.
    private func answer<Method: ControlMethod>(
        _ call: Call, _ body: (Method) async throws -> Method.Reply
    ) async throws -> [UInt8] {
        if call.header.upgrade == true { throw ServiceError.methodNotImplemented(call.header.method) }
        let method = try Message.parameters(Method.self, of: call.message)
        if Method.isChange { try check(call.peer) }
        let result = try await body(method)
        if Method.isChange {
            var metadata = metadata(call)
            metadata["parameters"] = "\(try Message.text(method))"
            logger.notice("a control client changed something", metadata: metadata)
        }
        let reply = try Message.reply(result)
        guard reply.count <= MessageLimit.reply else {
            throw ControlError.failed(reason: "the answer is longer than \(MessageLimit.reply) bytes, ask for less")
        }
        return reply
    }

    private func check(_ peer: PeerCredentials) throws(ControlError) {
        if authority.allows(peer) { return }
        guard let group = authority.gid else {
            throw .permissionDenied(reason: "only root and user \(authority.uid) may do this")
        }
        throw .permissionDenied(reason: "only root, user \(authority.uid) and members of group \(group) may do this")
    }

    private func refusal(of call: Call, _ error: WireError) throws -> [UInt8] {
        var metadata = metadata(call)
        metadata["error"] = "\(error.name)"
        if case .permissionDenied? = ControlError(error) {
            logger.warning("a control client may not do what it asked for", metadata: metadata)
        } else {
            logger.debug("refused a call", metadata: metadata)
        }
        return try Message.reply(error)
    }

    private func metadata(_ call: Call) -> Logger.Metadata {
        ["method": "\(call.header.method)", "uid": "\(call.peer.uid)", "pid": "\(call.peer.pid)"]
    }

    private var info: GetInfo.Reply {
        GetInfo.Reply(
            vendor: "Neti", product: "neti-daemon", version: version, url: "",
            interfaces: [ControlInterface.name, ServiceInterface.name])
    }

    private func description(of interface: String) throws(ServiceError) -> GetInterfaceDescription.Reply {
        switch interface {
        case ControlInterface.name: .init(description: ControlInterface.description)
        case ServiceInterface.name: .init(description: ServiceInterface.description)
        default: throw .interfaceNotFound(interface)
        }
    }

    private func unknown(_ method: String) -> ServiceError {
        let interface = method.lastIndex(of: ".").map { String(method[..<$0]) } ?? method
        return interface == ControlInterface.name || interface == ServiceInterface.name
            ? .methodNotFound(method) : .interfaceNotFound(interface)
    }
}
