// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import NetiControl

/// Somebody else's Varlink library, which knows of the interface only what the daemon tells it.
@Suite(.serialized) struct ThirdPartyClientTests {
    @Test func itReadsEveryMethodFromTheDescription() async throws {
        let client = try await ThirdPartyClient()
        try await withServer { path in
            let methods = try await client.methods(at: path)
            let samples = Dictionary(grouping: DescriptionTests.methods, by: \.interface)
            #expect(methods == samples.mapValues { Set($0.map(\.name)).sorted() })
        }
    }

    @Test func itDrivesEveryMethod() async throws {
        let client = try await ThirdPartyClient()
        let description = try VarlinkDescription(ControlInterface.description)
        let samples = DescriptionTests.methods.filter { $0.interface == ControlInterface.name }
        let calls = samples.map { sample in
            ThirdPartyClient.Call(
                interface: sample.interface, method: sample.name, parameters: sample.parameters, more: sample.isStream)
        }
        let answers = try await withServer { path in try await client.answers(to: calls, at: path) }
        try #require(answers.count == samples.count)
        for (sample, answer) in zip(samples, answers) {
            #expect(answer.error == nil, "\(sample.name): \(answer)")
            let method = try #require(description.methods[sample.name])
            let reply = try #require(answer.reply, "\(sample.name)")
            #expect(description.deviations(of: reply, from: .structure(method.reply)) == [], "\(sample.name)")
        }
    }

    @Test func whatIsRefusedReachesItByName() async throws {
        let client = try await ThirdPartyClient()
        let calls = [
            ThirdPartyClient.Call(
                interface: ControlInterface.name, method: "ListHooks",
                parameters: .object(["instance": .string("nobody")]), more: false),
            ThirdPartyClient.Call(
                interface: ControlInterface.name, method: "RemoveHook",
                parameters: .object(["hook": .string("absent")]), more: false),
        ]
        let answers = try await withServer { path in try await client.answers(to: calls, at: path) }
        #expect(answers.map(\.error) == ["io.neti.Control.NoSuchInstance", "io.neti.Control.InvalidArgument"])
        #expect(answers.first?.parameters == .object(["instance": .string("nobody")]))
    }
}
