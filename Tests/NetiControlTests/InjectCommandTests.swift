// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Glibc
import NetiControl
import Testing

@testable import neti_ctl

/// `neti-ctl inject` as a user runs it, against a daemon that only counts.
struct InjectCommandTests {
    private static let frames = (0..<5).map { number in
        CaptureText.Frame(time: UInt64(number) * 100_000_000, bytes: SamplePackets.inet([UInt8(number)]))
    }

    /// Runs it with the words behind `inject -i blue`; FILE stands for a capture of five packets, a tenth of a second apart.
    private func inject(
        _ arguments: [String], capture: [UInt8] = CaptureText(frames: frames).pcap,
        instance: [String] = ["-i", "blue"],
        shell: String = "exec \"$@\"", takes: (@Sendable (Inject) -> Inject.Reply)? = nil
    ) async throws -> (result: ProgramResult, calls: [Inject]) {
        let backend = takes.map { FakeBackend(takes: $0) } ?? FakeBackend()
        let result = try await withServer(backend) { path in
            try await withDirectory { directory in
                try Data(capture).write(to: URL(filePath: "\(directory)/capture"))
                let words = arguments.map { $0 == "FILE" ? "\(directory)/capture" : $0 }
                let program = try [netiCtlPath(), "inject"] + instance + words
                return try await run(
                    ["sh", "-c", shell, "sh"] + program,
                    environment: ["NETI_SOCKET": path, "CAPTURE": "\(directory)/capture"])
            }
        }
        return (result, backend.injected)
    }

    /// The last byte of each packet, in the order in which they came.
    private func numbers(_ calls: [Inject]) -> [UInt8] { calls.flatMap(\.packets).compactMap(\.bytes.last) }

    @Test func aFileOnceInOneCall() async throws {
        let (result, calls) = try await inject(["--style", "queue-in", "--interface", "veth0", "FILE"])
        #expect(result.status == 0)
        #expect(result.errors == "")
        #expect(result.output.contains(#/^sent 5 packets in 0\.\d\d\d s, \d+ a second\n$/#))
        #expect(
            calls == [
                Inject(
                    instance: "blue", style: .queueIn, interface: "veth0",
                    packets: Self.frames.map { HexadecimalBytes($0.bytes) })
            ])
    }

    @Test("The summary as JSON; frames that hold no whole IP packet are counted")
    func json() async throws {
        let odd = [CaptureText.Frame(bytes: [0x50]), .init(bytes: SamplePackets.inet([7], length: 90))]
        let (result, calls) = try await inject(
            ["--style", "direct-out", "--next-hop", "192.0.2.1", "--json", "FILE"],
            capture: CaptureText(frames: odd + Self.frames).pcapng)
        struct Summary: Decodable, Equatable {
            var sent, refused: Int
            var skipped: [String: Int]
            var interrupted: Bool
        }
        #expect(result.status == 0)
        let summary = try JSONDecoder().decode(Summary.self, from: Data(result.output.utf8))
        #expect(summary == Summary(sent: 5, refused: 0, skipped: ["notIP": 1, "cut": 1], interrupted: false))
        #expect(calls.map(\.nextHop) == ["192.0.2.1"])
        #expect(numbers(calls) == [0, 1, 2, 3, 4])
    }

    @Test("Packets in hexadecimal, over and over to the count")
    func hexadecimal() async throws {
        let (result, calls) = try await inject([
            "--style", "queue-out", "--hex", "45:00 01", "--hex", "6002", "--loop", "--count", "5", "-q",
        ])
        #expect(result == ProgramResult(status: 0, output: "", errors: ""))
        #expect(calls.map(\.style) == [.queueOut])
        #expect(numbers(calls) == [1, 2, 1, 2, 1])
    }

    @Test("--count ends, --loop begins again, and without it there are no more than there are")
    func count() async throws {
        let few = try await inject(["--style", "queue-out", "--count", "2", "FILE"])
        #expect(few.result.status == 0 && few.result.errors == "")
        #expect(numbers(few.calls) == [0, 1])
        let many = try await inject(["--style", "queue-out", "--count", "2502", "--loop", "FILE"])
        #expect(many.result.status == 0 && many.result.errors == "")
        #expect(many.calls.map(\.packets.count) == [1000, 1000, 502])
        #expect(numbers(many.calls) == (0..<2502).map { UInt8($0 % 5) })
        let all = try await inject(["--style", "queue-out", "--count", "6", "FILE"])
        #expect(all.result.status == 0)
        #expect(all.result.errors == "neti-ctl: there were no more than 5 packets; --loop repeats them\n")
    }

    @Test("Standard input, also as a pipe that fills slowly")
    func standardInput() async throws {
        let slow = "(head -c 70 \"$CAPTURE\"; sleep 0.3; tail -c +71 \"$CAPTURE\") | \"$@\""
        for shell in ["exec \"$@\" < \"$CAPTURE\"", "cat \"$CAPTURE\" | \"$@\"", slow] {
            let (result, calls) = try await inject(["--style", "queue-out", "-"], shell: shell)
            #expect(result.status == 0, "\(result.errors)")
            #expect(numbers(calls) == [0, 1, 2, 3, 4])
        }
    }

    @Test("--rate and --pcap-timing: packets come no sooner than they are due")
    func pacing() async throws {
        for (options, seconds) in [(["--rate", "1000", "--count", "400", "--loop"], 0.399), (["--pcap-timing"], 0.4)] {
            let (result, calls) = try await inject(["--style", "queue-out", "--json", "FILE"] + options)
            struct Summary: Decodable { var seconds: Double }
            #expect(result.status == 0, "\(result.errors)")
            let summary = try JSONDecoder().decode(Summary.self, from: Data(result.output.utf8))
            #expect(summary.seconds >= seconds)
            #expect(calls.count >= 5)
        }
    }

    @Test("While the list is full the rest is sent again: nothing is lost, and the order stays")
    func fullList() async throws {
        let (result, calls) = try await inject(["--style", "queue-out", "--count", "40", "--loop", "FILE"]) { asked in
            let taken = min(asked.packets.count, asked.packets.count % 4 == 0 ? 3 : 1)
            let rest = asked.packets.count - taken
            return Inject.Reply(
                accepted: taken, refusals: [.init(reason: .listFull, returnValue: -1, count: rest)])
        }
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.hasPrefix("sent 40 packets "))
        let taken = calls.flatMap { call in
            call.packets.prefix(call.packets.count % 4 == 0 ? 3 : 1).compactMap(\.bytes.last)
        }
        #expect(taken == (0..<40).map { UInt8($0 % 5) })
    }

    @Test("A list that stays full for five seconds is given up")
    func listThatStaysFull() async throws {
        let start = ContinuousClock.now
        let (result, _) = try await inject(["--style", "queue-out", "FILE"]) { asked in
            .init(
                accepted: 0,
                refusals: [.init(reason: .listFull, returnValue: -1, count: asked.packets.count)])
        }
        #expect(result.status == 1)
        #expect(result.output.hasSuffix("refused 5\n"))
        #expect(
            result.errors == "neti-ctl: refused 5 packets: instance 'blue' has no room for packets that wait\n")
        #expect(ContinuousClock.now - start >= .seconds(5))
    }

    @Test("Refusals are told in words; where no other packet can fare better, it ends")
    func refusals() async throws {
        let some = try await inject(["--style", "queue-out", "--count", "2000", "--loop", "FILE"]) { asked in
            .init(
                accepted: asked.packets.count - 1,
                refusals: [.init(reason: .badHeader, returnValue: 1, count: 1)])
        }
        #expect(some.result.status == 1)
        #expect(some.result.output.contains(#/^sent 1998 packets in .*\nrefused 2\n$/#))
        #expect(
            some.result.errors
                == "neti-ctl: refused 2 packets: no IP packet, or of another length than its header says\n")
        let all = try await inject(
            ["--style", "queue-in", "--interface", "veth9", "--loop", "FILE"], instance: ["--netns", "cyan"]
        ) { asked in
            .init(
                accepted: 0,
                refusals: [.init(reason: .unknownInterface, returnValue: 1, count: asked.packets.count)])
        }
        #expect(all.result.status == 1)
        #expect(all.calls.count == 1)
        #expect(
            all.result.errors
                == "neti-ctl: refused 1000 packets: interface 'veth9' is not there in instance 'blue'\n")
    }

    @Test("A damaged file is used up to the damage")
    func damage() async throws {
        let (result, calls) = try await inject(
            ["--style", "queue-out", "FILE"], capture: CaptureText(frames: Self.frames).pcap.dropLast(3))
        #expect(result.status == 1)
        #expect(result.output.hasPrefix("sent 4 packets "))
        #expect(result.errors.contains(#/^neti-ctl: .*\/capture: packet 5: truncated dump file; .*\n$/#))
        #expect(numbers(calls) == [0, 1, 2, 3])
    }

    @Test("One line and status 1, and nothing sent: no such instance, namespace or file; an answer that can't be")
    func failures() async throws {
        let words = ["--style", "queue-out", "FILE"]
        let red = try await inject(words, instance: ["-i", "red"])
        #expect(red.result == ProgramResult(status: 1, output: "", errors: "neti-ctl: no instance is named 'red'\n"))
        let green = try await inject(words, instance: ["--netns", "green"])
        #expect(green.result.errors == "neti-ctl: no instance is that of namespace 'green'\n")
        let file = try await inject(["--style", "queue-out", "/nowhere/a"])
        #expect(file.result.errors == "neti-ctl: /nowhere/a: No such file or directory\n")
        let less = try await inject(words) { _ in .init(accepted: 4, refusals: []) }
        #expect(less.result.errors == "neti-ctl: the daemon sent something that is no answer\n")
        #expect([red, green, file, less].map(\.result.status) == [1, 1, 1, 1])
        #expect([red, green, file, less].map(\.result.output) == ["", "", "", ""])
    }

    @Test("Ctrl-C ends it with the summary and status 130, while it waits for a time or for input")
    func interrupted() async throws {
        let backend = FakeBackend()
        try await withServer(backend) { path in
            try await withDirectory { directory in
                let (file, pipe) = ("\(directory)/capture", "\(directory)/pipe")
                let bytes = Data(CaptureText(frames: Self.frames).pcap)
                try bytes.write(to: URL(filePath: file))
                // Open at both ends, so that it has no end.
                #expect(unsafe mkfifo(pipe, 0o600) == 0)
                let ends = try #require(FileHandle(forUpdatingAtPath: pipe))
                try ends.write(contentsOf: bytes)
                for (source, count) in [([file, "--rate", "0.01"], 1), ([pipe], 5)] {
                    let before = numbers(backend.injected).count
                    let running = try LastingProgram(
                        [netiCtlPath(), "inject", "-i", "blue", "--style", "queue-out", "--socket", path] + source)
                    let deadline = ContinuousClock.now + .seconds(10)
                    while numbers(backend.injected).count < before + count, .now < deadline {
                        try await Task.sleep(for: .milliseconds(1))
                    }
                    running.interrupt()
                    let result = try await onThread { try running.result() }
                    #expect(result.status == 130)
                    #expect(result.errors == "")
                    #expect(result.output.hasPrefix("sent \(packets(count)) in "))
                }
            }
        }
    }

    @Test("On a terminal a run of more than a second shows how far it is, on one line that is gone at the end")
    func progress() async throws {
        let options = ["--style", "queue-out", "--rate", "100", "--count", "160", "--loop"]
        func terminal(_ more: [String]) async throws -> String {
            // script(1) is a terminal for what it runs.
            try await inject(
                options + more + ["FILE"],
                shell: "for word; do line=\"$line '$word'\"; done; script -qec \"$line\" /dev/null"
            ).result.output
        }
        let shown = try await terminal([])
        #expect(shown.contains(#/\r\[#+\.+\]  1\d\d packets  \d+\.?\d*/s +\d\d %  1 s left/#))
        #expect(shown.contains(#/\r +\rsent 160 packets in 1\.\d+ s, \d+\.?\d* a second\r\n$/#))
        #expect(try await terminal(["--quiet"]) == "")
        let piped = try await inject(options + ["FILE"])
        #expect(piped.result.errors == "" && piped.result.output.hasPrefix("sent 160"))
    }

    @Test(
        "Wrong arguments are refused",
        arguments: [
            [], ["--style", "queue-out"], ["--style", "sideways", "a"], ["--style", "queue-in", "a"],
            ["--style", "queue-out", "--next-hop", "b", "a"],
            ["--style", "queue-out", "--hex", "45", "a"], ["--style", "queue-out", "--hex", "4"],
            ["--style", "queue-out", "--hex", ""], ["--style", "queue-out", "--rate", "0", "a"],
            ["--style", "queue-out", "--rate", "-1", "a"], ["--style", "queue-out", "--rate", "nan", "a"],
            ["--style", "queue-out", "--count", "0", "a"],
            ["--style", "queue-out", "--rate", "1", "--pcap-timing", "a"],
            ["--style", "queue-out", "--hex", "45", "--pcap-timing"], ["--style", "queue-out", "--loop", "-"],
            ["--style", "queue-out", "--hex", "45", "--count", "2"], ["--style", "queue-out", "a", "b"],
            ["--netns", "a", "--style", "queue-out", "a"],
        ])
    func wrongArguments(arguments: [String]) {
        do {
            _ = try NetiCtl.parseAsRoot(["inject", "-i", "blue"] + arguments)
            Issue.record("accepted")
        } catch {
            #expect(NetiCtl.exitCode(for: error).rawValue == 64)
        }
    }
}
