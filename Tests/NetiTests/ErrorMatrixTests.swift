// SPDX-License-Identifier: Apache-2.0

import Hooks
import Kstat
import Neti
import SystemPackage
import Testing
import Witnesses

/// Every call of §12.1 in every state in which it is refused, and that a refusal is told to nobody (R137).
struct ErrorMatrixTests {
    /// What the calls meet.
    enum Situation: String, CaseIterable {
        /// Everything is there: hook `h` (hint first) on event `E` of family `viona`, callback `known` at all levels.
        case live
        case noFamily
        case eventShutDown
        case eventCondemned
        case familyShutDown
        case instanceShutDown
        case instanceGone
        case unregistered
    }

    /// The calls, with the names of their arguments where those matter.
    enum Call: String, CaseIterable {
        case hookRegister, hookRegisterKnown, hookRegisterKnownBadHint, hookRegisterNoEvent, hookRegisterNoEventBadHint
        case hookRegisterBusy, hookRegisterBadHint, hookRegisterWrongData
        case hookUnregister, hookUnregisterUnknown, hookUnregisterNoEvent
        case eventNotify, eventNotifyKnown, eventNotifyNoEvent
        case eventUnnotify, eventUnnotifyUnknown, eventUnnotifyNoEvent
        case protocolNotify, protocolNotifyKnown, protocolUnnotify, protocolUnnotifyUnknown
        case instanceNotify, instanceNotifyKnown, instanceUnnotify, instanceUnnotifyUnknown
        case familyRegister, familyRegisterOwn, familyShutdown, familyShutdownOther, familyUnregister
        case familyUnregisterOther
        case eventRegister, eventRegisterKnown, eventRegisterForeign, eventShutdown, eventShutdownUnknown
        case eventUnregister, eventUnregisterUnknown
        case protocolRegister, protocolRegisterKnown
    }

    /// What each call answers, by situation; what isn't listed for a situation is as on a live one.
    static func expected(_ call: Call, _ situation: Situation) -> Errno? {
        let isDead = [.instanceShutDown, .instanceGone, .unregistered].contains(situation)
        switch call {
        // 1 ESHUTDOWN dead, 2 ENXIO no family or event, ESHUTDOWN event going, EEXIST, EBUSY, EINVAL (R41, R44)
        case .hookRegister, .hookRegisterKnown, .hookRegisterKnownBadHint, .hookRegisterBusy, .hookRegisterBadHint:
            if isDead { return .socketShutdown }
            if situation == .noFamily { return .noSuchAddressOrDevice }
            if situation == .eventShutDown || situation == .eventCondemned { return .socketShutdown }
            switch call {
            case .hookRegister: return nil
            case .hookRegisterKnown, .hookRegisterKnownBadHint: return .fileExists
            case .hookRegisterBusy: return .resourceBusy
            default: return .invalidArgument
            }
        case .hookRegisterWrongData:
            if isDead { return .socketShutdown }
            return situation == .noFamily ? .noSuchAddressOrDevice : .invalidArgument
        case .hookRegisterNoEvent, .hookRegisterNoEventBadHint:
            return isDead ? .socketShutdown : .noSuchAddressOrDevice
        // R49; what is there can be taken off in every situation but without a family.
        case .hookUnregister: return situation == .noFamily ? .noSuchAddressOrDevice : nil
        case .hookUnregisterUnknown, .hookUnregisterNoEvent: return .noSuchAddressOrDevice
        case .eventNotify, .eventNotifyKnown:
            if isDead { return .socketShutdown }
            if situation == .noFamily { return .noSuchAddressOrDevice }
            if [.eventShutDown, .eventCondemned, .familyShutDown].contains(situation) { return .socketShutdown }
            return call == .eventNotify ? nil : .fileExists
        case .eventNotifyNoEvent:
            if isDead || situation == .familyShutDown { return .socketShutdown }
            return situation == .noFamily ? .noSuchAddressOrDevice : .noSuchProcess
        case .eventUnnotify, .protocolUnnotify: return situation == .noFamily ? .noSuchAddressOrDevice : nil
        case .eventUnnotifyUnknown, .eventUnnotifyNoEvent, .protocolUnnotifyUnknown:
            return situation == .noFamily ? .noSuchAddressOrDevice : .noSuchProcess
        case .protocolNotify, .protocolNotifyKnown:
            if isDead || situation == .familyShutDown { return .socketShutdown }
            if situation == .noFamily { return .noSuchAddressOrDevice }
            return call == .protocolNotify ? nil : .fileExists
        case .instanceNotify, .instanceNotifyKnown:
            if situation == .instanceGone { return .noSuchProcess }
            if situation == .instanceShutDown { return .socketShutdown }
            return call == .instanceNotify ? nil : .fileExists
        case .instanceUnnotify: return situation == .instanceGone ? .noSuchProcess : nil
        case .instanceUnnotifyUnknown: return .noSuchProcess
        // R32: dead, then the handle has one, then the name is taken.
        case .familyRegister:
            if isDead { return .socketShutdown }
            return situation == .noFamily ? nil : .fileExists
        case .familyRegisterOwn: return isDead ? .socketShutdown : .fileExists
        case .familyShutdown, .familyUnregister: return situation == .noFamily ? .noSuchAddressOrDevice : nil
        case .familyShutdownOther, .familyUnregisterOther:
            return situation == .noFamily ? .noSuchAddressOrDevice : .invalidArgument
        case .eventRegister, .eventRegisterKnown, .eventRegisterForeign:
            if isDead { return .socketShutdown }
            if situation == .noFamily { return .noSuchAddressOrDevice }
            if situation == .familyShutDown { return .socketShutdown }
            switch call {
            case .eventRegister: return nil
            case .eventRegisterKnown: return .fileExists
            default: return .invalidArgument
            }
        case .eventShutdown, .eventUnregister: return situation == .noFamily ? .noSuchAddressOrDevice : nil
        case .eventShutdownUnknown, .eventUnregisterUnknown:
            return situation == .noFamily ? .noSuchAddressOrDevice : .noSuchProcess
        case .protocolRegister: return situation == .instanceGone ? .noSuchProcess : nil
        case .protocolRegisterKnown:
            if situation == .instanceGone { return .noSuchProcess }
            return situation == .instanceShutDown || situation == .unregistered ? nil : .fileExists
        }
    }

    @Test(
        "Each call answers the first error that applies (R25, R32 to R39, R41 to R49, R137 to R139)",
        arguments: Situation.allCases, Call.allCases)
    func refusal(situation: Situation, call: Call) throws {
        let stage = try Stage()
        try stage.bring(to: situation)
        _ = stage.heard.take()
        let expected = Self.expected(call, situation)
        let errno = stage.errno(of: call)
        #expect(errno == expected)
        if expected != nil { #expect(stage.heard.take() == []) }
    }
}

/// A provider like the one of virtual machines' interfaces, with its own names and its own data, and what hangs on it.
private struct Stage {
    struct Frame: ~Copyable {
        var bytes = 0
    }

    let netinfo = Netinfo(readers: 1)
    let heard = HeardLines()
    let known: NotifyCallback
    let instance: Instance
    let handle: ProtocolHandle
    let event: HookEvent<Frame>

    init() throws {
        known = heard.callback("known")
        instance = try netinfo.addInstance(named: "blue", settings: .init(provider: FakeProvider()))
        handle = try netinfo.registerProtocol(named: "NHF_VIONA", in: instance.netid)
        event = Self.makeEvent("E", netinfo)
        try netinfo.register(known, in: instance.netid)
    }

    static func makeEvent(_ name: String, family: String = "viona", _ netinfo: Netinfo) -> HookEvent<Frame> {
        HookEvent(
            family: family, name: name, ordering: .documented, publication: netinfo.publication, limit: 9
        ) { _ in }
    }

    func bring(to situation: ErrorMatrixTests.Situation) throws {
        if situation == .noFamily { return }
        try handle.registerFamily(HookFamily(name: "viona"))
        try handle.registerEvent(event)
        try handle.register(hook("h", .first), onEventNamed: "E")
        try handle.register(known)
        try handle.register(known, onEventNamed: "E")
        switch situation {
        case .live, .noFamily: break
        case .eventShutDown: try handle.shutDownEvent(named: "E")
        case .eventCondemned: try handle.unregisterEvent(named: "E")
        case .familyShutDown: try handle.shutDownFamily(named: "viona")
        case .instanceShutDown: try netinfo.shutDown(instance)
        case .instanceGone: try netinfo.removeInstance(instance)
        case .unregistered: handle.unregister()
        }
    }

    private func hook(_ name: String, _ hint: Hint = .none) -> Hook<Frame> {
        Hook(name: name, hint: hint) { _ in .pass }
    }

    func errno(of call: ErrorMatrixTests.Call) -> Errno? {
        do throws(NetiError) {
            try make(call)
            return nil
        } catch {
            return error.errno
        }
    }

    private func make(_ call: ErrorMatrixTests.Call) throws(NetiError) {
        let unknown = heard.callback("unknown")
        let badHint = Hint(code: 7)
        switch call {
        case .hookRegister: try handle.register(hook("n"), onEventNamed: "E")
        case .hookRegisterKnown: try handle.register(hook("h"), onEventNamed: "E")
        case .hookRegisterKnownBadHint: try handle.register(hook("h", badHint), onEventNamed: "E")
        case .hookRegisterNoEvent: try handle.register(hook("n"), onEventNamed: "F")
        case .hookRegisterNoEventBadHint: try handle.register(hook("n", badHint), onEventNamed: "F")
        case .hookRegisterBusy: try handle.register(hook("n", .first), onEventNamed: "E")
        case .hookRegisterBadHint: try handle.register(hook("n", badHint), onEventNamed: "E")
        case .hookRegisterWrongData: try handle.register(Hook<PacketEvent>(name: "n") { _ in .pass }, onEventNamed: "E")
        case .hookUnregister: try handle.unregister("h", fromEventNamed: "E")
        case .hookUnregisterUnknown: try handle.unregister("n", fromEventNamed: "E")
        case .hookUnregisterNoEvent: try handle.unregister("h", fromEventNamed: "F")
        case .eventNotify: try handle.register(unknown, onEventNamed: "E")
        case .eventNotifyKnown: try handle.register(known, onEventNamed: "E")
        case .eventNotifyNoEvent: try handle.register(known, onEventNamed: "F")
        case .eventUnnotify: try handle.unregister(known, fromEventNamed: "E")
        case .eventUnnotifyUnknown: try handle.unregister(unknown, fromEventNamed: "E")
        case .eventUnnotifyNoEvent: try handle.unregister(known, fromEventNamed: "F")
        case .protocolNotify: try handle.register(unknown)
        case .protocolNotifyKnown: try handle.register(known)
        case .protocolUnnotify: try handle.unregister(known)
        case .protocolUnnotifyUnknown: try handle.unregister(unknown)
        case .instanceNotify: try netinfo.register(unknown, in: instance.netid)
        case .instanceNotifyKnown: try netinfo.register(known, in: instance.netid)
        case .instanceUnnotify: try netinfo.unregister(known, in: instance.netid)
        case .instanceUnnotifyUnknown: try netinfo.unregister(unknown, in: instance.netid)
        case .familyRegister: try handle.registerFamily(HookFamily(name: "other"))
        case .familyRegisterOwn: try handle.registerFamily(HookFamily(name: "inet"))
        case .familyShutdown: try handle.shutDownFamily(named: "viona")
        case .familyShutdownOther: try handle.shutDownFamily(named: "inet")
        case .familyUnregister: try handle.unregisterFamily(named: "viona")
        case .familyUnregisterOther: try handle.unregisterFamily(named: "inet")
        case .eventRegister: try handle.registerEvent(Self.makeEvent("G", netinfo))
        case .eventRegisterKnown: try handle.registerEvent(event)
        case .eventRegisterForeign: try handle.registerEvent(Self.makeEvent("G", family: "inet", netinfo))
        case .eventShutdown: try handle.shutDownEvent(named: "E")
        case .eventShutdownUnknown: try handle.shutDownEvent(named: "F")
        case .eventUnregister: try handle.unregisterEvent(named: "E")
        case .eventUnregisterUnknown: try handle.unregisterEvent(named: "F")
        case .protocolRegister: _ = try netinfo.registerProtocol(named: "NHF_OTHER", in: instance.netid)
        case .protocolRegisterKnown: _ = try netinfo.registerProtocol(named: "NHF_VIONA", in: instance.netid)
        }
    }
}
