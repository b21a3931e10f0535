// SPDX-License-Identifier: Apache-2.0

package import Logging

/// Answers one call: finds the method, checks parameters and credentials, asks the backend. Knows no sockets.
package struct Dispatch: Sendable {
    /// What a call gets.
    package enum Answer: Sendable {
        /// It wants none.
        case nothing
        /// One reply, ready to be sent.
        case reply([UInt8])
        /// A reply for each event, until ``Dispatch/end(_:)``, which is due in any case.
        case events(MonitorStream)
        /// Replies until the capture is finished, which is due in any case.
        case packets(any CaptureSource)
    }

    let backend: any ControlBackend
    let authority: Authority
    let version: String
    let logger: Logger
    private let monitors: ClientPlaces
    private let monitorEvents: Int

    package init(
        backend: any ControlBackend, authority: Authority, version: String,
        limits: ControlServer.Limits = ControlServer.Limits(), logger: Logger
    ) {
        self.backend = backend
        self.authority = authority
        self.version = version
        self.logger = logger
        monitors = ClientPlaces(limit: limits.monitors)
        monitorEvents = limits.monitorEvents
    }

    /// Answers a call.
    ///
    /// A call with `more` of a method that has one reply gets that one.
    ///
    /// - Throws: ``Message/Malformed`` if `message` is no call. There is no error name for that: the connection ends.
    package func answer(to message: [UInt8], from caller: Caller) async throws -> Answer {
        let header = try Message.header(Message.CallHeader.self, of: message)
        let call = Call(header: header, message: message, caller: caller)
        let answer: Answer
        do {
            answer = try await self.answer(call)
        } catch let error as ServiceError {
            answer = .reply(try refusal(of: call, error.onTheWire))
        } catch let error as ControlError {
            answer = .reply(try refusal(of: call, error.onTheWire))
        }
        return header.oneway == true ? .nothing : answer
    }

    /// Ends an answer of many replies.
    package func end(_ stream: MonitorStream) {
        backend.stopMonitoring(stream.queue)
        stream.queue.finish()
        monitors.leave(stream.place)
    }

    private struct Call {
        let header: Message.CallHeader
        let message: [UInt8]
        let caller: Caller
        var peer: PeerCredentials { caller.credentials }
    }

    private func answer(_ call: Call) async throws -> Answer {
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
        case GetMetrics.qualifiedName:
            return try await answer(call) { (_: GetMetrics) in .init(text: try await backend.metrics()) }
        case SetKstat.qualifiedName:
            return try await answer(call) { (asked: SetKstat) in
                try await backend.setKstat(asked)
                return .init()
            }
        case ChangeHook.qualifiedName:
            return try await answer(call) { (asked: ChangeHook) in
                try await backend.changeHook(asked)
                return .init()
            }
        case AddHook.qualifiedName:
            return try await answer(call) { (asked: AddHook) in try await backend.edit(.addHook(asked)) }
        case RemoveHook.qualifiedName:
            return try await answer(call) { (asked: RemoveHook) in try await backend.edit(.removeHook(asked)) }
        case MoveHook.qualifiedName:
            return try await answer(call) { (asked: MoveHook) in try await backend.edit(.moveHook(asked)) }
        case AddInstance.qualifiedName:
            return try await answer(call) { (asked: AddInstance) in try await backend.edit(.addInstance(asked)) }
        case RemoveInstance.qualifiedName:
            return try await answer(call) { (asked: RemoveInstance) in try await backend.edit(.removeInstance(asked)) }
        case SaveConfiguration.qualifiedName:
            return try await answer(call) { (_: SaveConfiguration) in
                .init(file: try await backend.unsavedConfiguration())
            }
        case Inject.qualifiedName:
            return try await answer(call) { (asked: Inject) in try await inject(asked) }
        case Reload.qualifiedName:
            return try await answer(call) { (asked: Reload) in try await backend.reload(asked) }
        case ConfirmReload.qualifiedName:
            return try await answer(call) { (_: ConfirmReload) in
                try await backend.confirmReload()
                return .init()
            }
        case SetLogLevel.qualifiedName:
            return try await answer(call) { (asked: SetLogLevel) in
                try await backend.setLogLevel(asked.level)
                return .init()
            }
        case Monitor.qualifiedName:
            return try await monitor(call)
        case Capture.qualifiedName:
            return try await capture(call)
        default:
            throw unknown(name)
        }
    }

    /// What is the same for every method.
    private func parameters<Method: ControlMethod>(of call: Call) throws -> Method {
        if call.header.upgrade == true { throw ServiceError.methodNotImplemented(call.header.method) }
        let method = try Message.parameters(Method.self, of: call.message)
        if Method.isStream, call.header.more != true { throw ServiceError.expectedMore }
        if Method.isChange { try check(call.peer) }
        return method
    }

    /// What is the same for every method with one reply.
    private func answer<Method: ControlMethod>(
        _ call: Call, _ body: (Method) async throws -> Method.Reply
    ) async throws -> Answer {
        let method: Method = try parameters(of: call)
        let result = try await body(method)
        if Method.isChange {
            let text = try Message.text(method.logged)
            if !Method.isOneOfMany || call.caller.isNew("\(Method.name) \(text)") {
                var metadata = metadata(call)
                metadata["parameters"] = "\(text)"
                logger.notice("a control client changed something", metadata: metadata)
            }
        }
        let reply = try Message.reply(result)
        guard reply.count <= MessageLimit.reply else {
            throw ControlError.failed(reason: "the answer is longer than \(MessageLimit.reply) bytes, ask for less")
        }
        return .reply(reply)
    }

    private func inject(_ asked: Inject) async throws(ControlError) -> Inject.Reply {
        if asked.packets.isEmpty {
            throw .invalidArgument("packets", reason: "empty, there would be nothing to inject")
        }
        return try await backend.inject(asked)
    }

    private func monitor(_ call: Call) async throws -> Answer {
        let asked: Monitor = try parameters(of: call)
        if asked.kinds?.isEmpty == true {
            throw ControlError.invalidArgument("kinds", reason: "empty, there would be nothing to tell")
        }
        // Nobody would be told.
        if call.header.oneway == true { return .nothing }
        let queue = MonitorQueue(capacity: monitorEvents)
        let tooMany = ControlError.failed(reason: "\(monitors.limit) clients are monitoring, no more may")
        guard let place = monitors.enter(uid: call.peer.uid, giveWay: { queue.finish(because: tooMany) })?.place else {
            throw tooMany
        }
        // Nobody waits for one that monitors, however long it says nothing.
        monitors.serve(place)
        // Read first, and not before the backend has begun.
        queue.post(.ready())
        do {
            try await backend.monitor(asked, queue)
        } catch {
            monitors.leave(place)
            throw error
        }
        return .events(MonitorStream(queue: queue, place: place))
    }

    /// Packets tell more than figures do, so capturing needs what changing something needs, and is logged.
    private func capture(_ call: Call) async throws -> Answer {
        let asked: Capture = try parameters(of: call)
        try check(call.peer)
        if call.header.oneway == true { return .nothing }
        let source = try await backend.capture(asked)
        var metadata = metadata(call)
        metadata["parameters"] = "\(try Message.text(asked))"
        logger.notice("a control client captures packets", metadata: metadata)
        return .packets(source)
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
