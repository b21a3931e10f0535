// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Testing

@testable import NetiControl

/// The Swift types mean what the `.varlink` files say, in both directions.
struct DescriptionTests {
    private let control: VarlinkDescription
    private let service: VarlinkDescription

    init() throws {
        control = try VarlinkDescription(ControlInterface.description)
        service = try VarlinkDescription(ServiceInterface.description)
    }

    private func description(of interface: String) throws -> VarlinkDescription {
        try #require([control, service].first { $0.interface == interface })
    }

    /// Each method with parameters and a reply, or several, in which every optional field is present somewhere.
    static let methods: [Sample] =
        single + Samples.events.map { Sample(Monitor(kinds: [.nic], instance: "a"), .init(event: $0)) }

    private static let single = [
        Sample(GetStatus(), .init(status: Samples.status)),
        Sample(ListInstances(), .init(instances: Samples.instances)),
        Sample(ListHooks(instance: "blue"), .init(hooks: Samples.hooks)),
        Sample(
            ListKstats(module: "a", instance: 1, name: "b", statistic: "c", netid: 2), .init(kstats: Samples.kstats)),
        Sample(
            Capture(
                instance: "blue", families: ["inet"], events: ["b"], hook: "c", verdicts: [.drop], match: "d",
                snaplen: 96),
            .init(packets: Samples.captured, lost: 3)),
        Sample(GetMetrics(), .init(text: Samples.metrics)),
        Sample(
            SetKstat(module: "count", instance: 1, name: "b", statistic: "c", value: "d", netid: 2), .init()),
        Sample(ChangeHook(instance: "a", hook: "slow", values: ["c": "d"]), .init()),
        Sample(
            AddHook(
                instance: "a", hook: "b", module: "c", events: ["d"], families: ["e"], hint: .after, hintValue: "f",
                values: ["g": "h"], save: true), .init(file: FakeBackend.fileEdit)),
        Sample(RemoveHook(instance: "a", hook: "b", save: true), .init(file: FakeBackend.fileEdit)),
        Sample(
            MoveHook(instance: "a", hook: "b", hint: .before, hintValue: "c", save: true),
            .init(file: FakeBackend.fileEdit)),
        Sample(
            AddInstance(name: "a", netns: "b", values: ["c": "d"], save: true), .init(file: FakeBackend.fileEdit)),
        Sample(RemoveInstance(instance: "a", save: true), .init(file: FakeBackend.fileEdit)),
        Sample(SaveConfiguration(), .init(file: FakeBackend.fileEdit)),
        Sample(Samples.injection, Samples.injectionReply),
        Sample(Reload(confirm: 30, dryRun: true), .init(changes: Samples.changes, discarded: Samples.changes)),
        Sample(ConfirmReload(), .init()),
        Sample(SetLogLevel(level: .debug), .init()),
        Sample(GetInfo(), .init(vendor: "a", product: "b", version: "c", url: "d", interfaces: ["e"])),
        Sample(GetInterfaceDescription("a"), .init(description: "b")),
    ]

    struct Sample: Sendable, CustomTestStringConvertible {
        let interface: String
        let name: String
        let parameterNames: [String]
        let isChange: Bool
        let isStream: Bool
        let parameters: JSONValue
        let reply: JSONValue
        /// Whether the Swift type can be read from a value.
        let readsParameters: @Sendable (JSONValue) -> Bool
        let readsReply: @Sendable (JSONValue) -> Bool

        init<Method: ControlMethod>(_ method: Method, _ reply: Method.Reply) {
            interface = Method.interface
            name = Method.name
            parameterNames = Method.parameterNames
            isChange = Method.isChange
            isStream = Method.isStream
            parameters = Self.json(method)
            self.reply = Self.json(reply)
            readsParameters = { Self.reads(Method.self, $0) }
            readsReply = { Self.reads(Method.Reply.self, $0) }
        }

        var testDescription: String { name }

        private static func json(_ value: some Encodable) -> JSONValue {
            (try? JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(value))) ?? .null
        }

        private static func reads<Value: Decodable>(_: Value.Type, _ value: JSONValue) -> Bool {
            (try? JSONDecoder().decode(Value.self, from: JSONEncoder().encode(value))) != nil
        }
    }

    @Test func bothKnowTheSameMethods() {
        let names = { (interface: String) in Set(Self.methods.filter { $0.interface == interface }.map(\.name)) }
        #expect(control.interface == ControlInterface.name)
        #expect(service.interface == ServiceInterface.name)
        #expect(Set(control.methods.keys) == names(ControlInterface.name))
        #expect(Set(service.methods.keys) == names(ServiceInterface.name))
    }

    @Test func theServerHasEveryDescribedMethod() async throws {
        let calls = [control, service].flatMap { description in
            description.methods.keys.map { #"{"method":"\#(description.interface).\#($0)","parameters":{"?":0}}"# }
        }
        try await withServer { path in
            try await onThread {
                let client = try RawClient(path)
                for call in calls {
                    try client.send(call)
                    #expect(try client.receive()?.contains("InvalidParameter") == true, "\(call)")
                }
            }
        }
    }

    @Test(arguments: methods) func whatSwiftWritesIsAsDescribed(sample: Sample) throws {
        let description = try description(of: sample.interface)
        let method = try #require(description.methods[sample.name])
        #expect(sample.parameterNames == method.parameters.map(\.name))
        #expect(description.deviations(of: sample.parameters, from: .structure(method.parameters)) == [])
        #expect(description.deviations(of: sample.reply, from: .structure(method.reply)) == [])
    }

    @Test(arguments: methods) func swiftNeedsWhatIsDescribedAndNothingElse(sample: Sample) throws {
        let description = try description(of: sample.interface)
        let method = try #require(description.methods[sample.name])
        for (type, value, reads) in [
            (VarlinkType.structure(method.parameters), sample.parameters, sample.readsParameters),
            (VarlinkType.structure(method.reply), sample.reply, sample.readsReply),
        ] {
            #expect(reads(value))
            for without in description.withoutOneField(value, type) {
                #expect(reads(without.value) == without.isOptional, "without \(without.path)")
            }
        }
    }

    @Test func everyOptionalFieldIsPresentInASample() throws {
        for (name, samples) in Dictionary(grouping: Self.methods, by: \.name) {
            let description = try description(of: samples[0].interface)
            let method = try #require(description.methods[name])
            let present = samples.flatMap {
                description.withoutOneField($0.reply, .structure(method.reply)).map(\.path)
            }
            #expect(description.paths(.structure(method.reply)).subtracting(present) == [], "\(name)")
        }
    }

    @Test func enumerationsHaveTheSameMembers() {
        let enumerations: [(String, [String])] = [
            ("QueueMechanism", GetStatus.QueueMechanism.allCases.map(\.rawValue)),
            ("InjectionStyle", Inject.Style.allCases.map(\.rawValue)),
            ("RefusalReason", Inject.Reason.allCases.map(\.rawValue)),
            ("InstanceState", ListInstances.State.allCases.map(\.rawValue)),
            ("OnExit", ListInstances.OnExit.allCases.map(\.rawValue)),
            ("Ordering", ListInstances.Ordering.allCases.map(\.rawValue)),
            ("Hint", ListHooks.Hint.allCases.map(\.rawValue)),
            ("HookState", ListHooks.State.allCases.map(\.rawValue)),
            ("StatisticType", ListKstats.StatisticType.allCases.map(\.rawValue)),
            ("MonitorKind", Monitor.Kind.allCases.map(\.rawValue)),
            ("NotificationCommand", Monitor.Notification.Command.allCases.map(\.rawValue)),
            ("KstatAction", Monitor.KstatChange.Action.allCases.map(\.rawValue)),
            ("KstatType", ListKstats.KstatType.allCases.map(\.rawValue)),
            ("KstatFlag", ListKstats.KstatFlag.allCases.map(\.rawValue)),
            ("ChangeAction", Reload.Action.allCases.map(\.rawValue)),
            ("Verdict", Capture.Verdict.allCases.map(\.rawValue)),
            ("LogLevel", SetLogLevel.LogLevel.allCases.map(\.rawValue)),
        ]
        for (name, members) in enumerations {
            #expect(control.types[name] == .enumeration(members), "\(name)")
        }
        let described = control.types.filter { if case .enumeration = $0.value { true } else { false } }
        #expect(Set(described.keys) == Set(enumerations.map(\.0)))
    }

    @Test func errorsHaveTheSameNamesAndParameters() {
        let controlErrors: [ControlError] = [
            .noSuchInstance(""), .permissionDenied(reason: ""), .invalidArgument("", reason: ""), .failed(reason: ""),
            .tooManyClients(reason: ""),
        ]
        let serviceErrors: [ServiceError] = [
            .interfaceNotFound(""), .methodNotFound(""), .methodNotImplemented(""), .invalidParameter(""),
            .permissionDenied, .expectedMore,
        ]
        for (description, errors) in [
            (control, controlErrors.map(\.onTheWire)), (service, serviceErrors.map(\.onTheWire)),
        ] {
            let swift = Dictionary(uniqueKeysWithValues: errors.map { ($0.name, Set($0.parameters.keys)) })
            let described = Dictionary(
                uniqueKeysWithValues: description.errors.map { name, fields in
                    ("\(description.interface).\(name)", Set(fields.map(\.name)))
                })
            #expect(swift == described)
            #expect(description.errors.values.joined().allSatisfy { $0.type == .string })
        }
    }

    @Test func theTextIsTheFile() throws {
        let directory = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources/NetiControl")
        for (name, text) in [
            (ControlInterface.name, ControlInterface.description),
            (ServiceInterface.name, ServiceInterface.description),
        ] {
            let file = try Data(contentsOf: directory.appending(path: name + ".varlink"))
            #expect(file == Data(text.utf8))
        }
    }
}
