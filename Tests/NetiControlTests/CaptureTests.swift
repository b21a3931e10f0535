// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FoundationEssentials
import Glibc
import Logging
import NetiControl
import Synchronization
import Testing

@testable import neti_ctl

/// `Capture` on the wire, and `neti-ctl capture` against a daemon that captures what the test says.
struct CaptureTests {
    private static let call = #"{"method":"io.neti.Control.Capture","more":true}"#

    @Test("The first reply says that it has begun, then packets come, until the client goes")
    func stream() async throws {
        let backend = FakeBackend()
        try await withServer(backend) { path in
            try await onThread {
                let source = ControlledCapture(replies: [
                    .init(packets: [], lost: 0), .init(packets: Samples.captured, lost: 0), .init(packets: [], lost: 7),
                ])
                backend.captureSource.withLock { $0 = source }
                let asked = Capture(
                    instance: "blue", families: ["inet"], events: ["PHYSICAL_IN"], hook: "filter", verdicts: [.drop],
                    match: "all", snaplen: 96)
                var told: [Capture.Reply] = []
                do {
                    var client = try ControlClient(path: path)
                    try client.call(more: asked) { reply in
                        told.append(reply)
                        return told.count < 3
                    }
                }
                #expect(told == source.replies)
                #expect(backend.captures == [asked])
                source.waitUntilFinished()
            }
        }
    }

    @Test("What can't be captured is refused, and the connection stays usable")
    func refusals() async throws {
        let backend = FakeBackend()
        try await withServer(backend) { path in
            try await onThread {
                let client = try RawClient(path)
                try client.send(#"{"method":"io.neti.Control.Capture"}"#)
                #expect(try client.receive() == #"{"error":"org.varlink.service.ExpectedMore"}"#)
                try client.send(#"{"method":"io.neti.Control.Capture","more":true,"parameters":{"snaplen":"9"}}"#)
                #expect(try client.receive()?.contains("InvalidParameter") == true)
                try client.send(#"{"method":"io.neti.Control.Capture","more":true,"parameters":{"instance":"red"}}"#)
                #expect(try client.receive()?.contains("NoSuchInstance") == true)
                try client.send(#"{"method":"org.varlink.service.GetInfo"}"#)
                #expect(try client.receive()?.contains("neti-daemon") == true)
            }
        }
    }

    @Test("Who captures what is logged")
    func logged() async throws {
        let log = LogRecorder()
        try await withServer(FakeBackend(), log: log) { path in
            try await onThread {
                let client = try RawClient(path)
                try client.send(Self.call)
                #expect(try client.receive()?.contains(#""continues":true"#) == true)
            }
        }
        let entry = log.entries.first { $0.message == "a control client captures packets" }
        #expect(entry?.level == .notice)
        #expect(entry?.metadata["uid"] == "\(geteuid())" && entry?.metadata["pid"] == "\(getpid())")
    }

    @Test("The options as a call")
    func options() throws {
        #expect(try CaptureCommand.parse([]).call == Capture())
        let words =
            "-i blue -e PHYSICAL_IN --event FORWARDING -f inet6 --hook filter -v drop -v consume -m all -s 96"
        #expect(
            try CaptureCommand.parse(words.split(separator: " ").map(String.init)).call
                == Capture(
                    instance: "blue", families: ["inet6"], events: ["PHYSICAL_IN", "FORWARDING"], hook: "filter",
                    verdicts: [.drop, .consume], match: "all", snaplen: 96))
        for wrong in [["-c", "0"], ["-d", "0"], ["-d", "-1"], ["-s", "0"], ["-s", "65536"], ["-v", "maybe"]] {
            #expect(throws: (any Error).self) { try CaptureCommand.parse(wrong) }
        }
    }

    /// Runs `neti-ctl capture` against a daemon that has captured all samples, and lost some.
    private func capture(
        _ arguments: [String],
        replies: [Capture.Reply] = [
            .init(packets: [], lost: 0), .init(packets: Samples.captured, lost: 2),
        ], interrupt: Bool = false
    ) async throws -> ProgramResult {
        let backend = FakeBackend()
        backend.captureSource.withLock { $0 = ControlledCapture(replies: replies) }
        return try await withServer(backend) { path in
            try await onThread {
                let call = [try netiCtlPath(), "capture", "--socket", path] + arguments
                let program = try LastingProgram(call)
                if interrupt {
                    try backend.waitForCaptures(1)
                    program.interrupt()
                }
                return try program.result()
            }
        }
    }

    @Test("After as many packets as are wanted it ends with status 0, and says how many it has and how many are lost")
    func count() async throws {
        try await withDirectory { directory in
            let path = "\(directory)/a.pcapng"
            let result = try await capture(["--count", "3", "--write", path])
            #expect(
                result
                    == ProgramResult(
                        status: 0, output: "",
                        errors: "neti-ctl: capturing\nneti-ctl: 3 packets captured, 2 lost\n"))
            var file = try CaptureFile(path: path)
            var frames = 0
            while try file.next() != nil { frames += 1 }
            #expect(frames == 3)
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
        }
    }

    @Test("Interrupted, or after the time given, it ends with status 0 and a whole file", arguments: [true, false])
    func ends(isInterrupted: Bool) async throws {
        try await withDirectory { directory in
            let path = "\(directory)/a.pcapng"
            let result = try await capture(
                ["-w", path] + (isInterrupted ? [] : ["--duration", "1"]), interrupt: isInterrupted)
            #expect(result.status == 0)
            let expected = isInterrupted ? " captured, " : "neti-ctl: 4 packets captured, 2 lost\n"
            #expect(result.errors.contains(expected), "\(result.errors)")
            let check = try await run(["tshark", "-r", path])
            #expect(check.status == 0, "\(check.errors)")
        }
    }

    @Test("A file that can't be written, an instance that isn't there: one line, status 1")
    func failures() async throws {
        let file = try await capture(["-w", "/nowhere/a.pcapng"])
        let reason = "neti-ctl: /nowhere/a.pcapng: No such file or directory\n"
        #expect(file == ProgramResult(status: 1, output: "", errors: reason))
        let instance = try await capture(["-w", "/dev/null", "-i", "red"])
        #expect(
            instance == ProgramResult(status: 1, output: "", errors: "neti-ctl: no instance is named 'red'\n"))
    }
}
