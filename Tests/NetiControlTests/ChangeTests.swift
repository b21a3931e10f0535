// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Logging
import Testing

@testable import NetiControl

/// What holds for every method that changes something.
struct ChangeTests {
    private static let changes = DescriptionTests.methods.filter(\.isChange)

    private func call(_ sample: DescriptionTests.Sample) throws -> [UInt8] {
        let parameters = String(decoding: try JSONEncoder().encode(sample.parameters), as: UTF8.self)
        return Array(
            #"{"method":"\#(sample.interface).\#(sample.name)","parameters":\#(parameters)}"#.utf8)
    }

    private func answer(
        _ sample: DescriptionTests.Sample, uid: UInt32, log: LogRecorder
    ) async throws -> String {
        let backend = FakeBackend()
        // For the one that confirms it.
        _ = try backend.reload(Reload(confirm: 30))
        let dispatch = Dispatch(
            backend: backend, authority: Authority(uid: 7, gid: 8), version: "1.0", logger: log.logger)
        let caller = Caller(PeerCredentials(pid: 4711, uid: uid, gid: 99, groups: uid == 1001 ? [8] : []))
        guard case .reply(let reply) = try await dispatch.answer(to: call(sample), from: caller) else { return "" }
        return String(decoding: reply, as: UTF8.self)
    }

    @Test("Each change is logged with the peer's user and process", arguments: changes)
    func logged(sample: DescriptionTests.Sample) async throws {
        let log = LogRecorder()
        let reply = try await answer(sample, uid: 1001, log: log)
        #expect(!reply.contains(#""error":"#), "\(reply)")
        let entries = log.entries.filter { $0.level == .notice }
        try #require(entries.count == 1)
        #expect(entries[0].message == "a control client changed something")
        #expect(entries[0].metadata["uid"] == "1001")
        #expect(entries[0].metadata["pid"] == "4711")
        #expect(entries[0].metadata["method"] == "\(sample.interface).\(sample.name)")
    }

    @Test("Without the right, nothing is done, and who tried is logged", arguments: changes)
    func denied(sample: DescriptionTests.Sample) async throws {
        let log = LogRecorder()
        let reply = try await answer(sample, uid: 1002, log: log)
        #expect(reply.contains("io.neti.Control.PermissionDenied"), "\(reply)")
        #expect(log.entries.map(\.level) == [.warning])
        #expect(log.entries.first?.metadata["uid"] == "1002")
    }

    @Test func theDescriptionSaysWhichTheyAre() throws {
        var needing: Set<String> = []
        var comment = ""
        for line in ControlInterface.description.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("method "), comment.contains("Needs credentials.") {
                needing.insert(String(line.dropFirst("method ".count).prefix { $0 != "(" }))
            }
            comment = line.hasPrefix("#") ? comment + line : ""
        }
        // Captured packets are what others say to each other: not a change, and not for everybody.
        #expect(needing == Set(Self.changes.map(\.name) + [Capture.name]))
    }
}
