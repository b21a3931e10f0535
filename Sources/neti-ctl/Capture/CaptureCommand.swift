// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
import Glibc
public import NetiControl

/// `neti-ctl capture`.
struct CaptureCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "capture",
        abstract: "Write packets and what became of them as pcapng, until interrupted.",
        discussion: """
            Each packet is written as its hooks left it, with a comment: "pass", "drop by NAME" or "consume by NAME" with \
            the hook that stopped it, then "edited", its mark and how often it was injected, where there is something to \
            tell. The interfaces of the capture are the places where packets are met: instance, event, interface. A packet \
            that passes several events is there several times. ARP and OBSERVING have no verdicts and are left out.

            Wireshark shows the comments in a column of their own with the field frame.comment, and the places with \
            frame.interface_name.

            The daemon never waits: what comes faster than it is written is missing, and the number of these packets is \
            told at the end. --match, --snaplen and the other options make them fewer. Only root, the daemon's user and \
            members of the socket's group may capture, at most four at a time.

            Ends with status 0 when interrupted (Ctrl-C), after --count packets or --duration seconds, and with 1 when the \
            daemon goes or nobody reads on.

            EXAMPLES
              neti-ctl capture | wireshark -k -i -
              neti-ctl capture --write dropped.pcapng --verdict drop --duration 60
              neti-ctl capture --instance blue --event PHYSICAL_IN --hook filter -c 100 -w -
              neti-ctl capture --match 'proto udp from any to any port = 53' | tshark -r -
            """)

    @Option(name: .shortAndLong, help: ArgumentHelp("Only of the instance with this name.", valueName: "name"))
    var instance: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Only at this event, such as PHYSICAL_IN; may be given several times.", valueName: "event"))
    var event: [String] = []

    @Option(name: .shortAndLong, help: ArgumentHelp("Only of this family, inet or inet6.", valueName: "family"))
    var family: String?

    @Option(name: .long, help: ArgumentHelp("Only what the hook of this name stopped.", valueName: "name"))
    var hook: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Only with this verdict; may be given several times.", valueName: "verdict"))
    var verdict: [Capture.Verdict] = []

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Only packets for which this holds, in the words that stand behind 'pass in' in a rule.",
            valueName: "condition"))
    var match: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("End after so many packets.", valueName: "packets"))
    var count: Int?

    @Option(name: .shortAndLong, help: ArgumentHelp("End after so many seconds.", valueName: "seconds"))
    var duration: Double?

    @Option(
        name: .shortAndLong, help: ArgumentHelp("Bytes of each packet, 1 to 65535; all by default.", valueName: "bytes")
    )
    var snaplen: Int?

    @Option(
        name: .shortAndLong, help: ArgumentHelp("File to write, made anew; - is standard output.", valueName: "file"),
        completion: .file())
    var write = "-"

    @OptionGroup var connection: ConnectionOptions

    /// The options as a call.
    var call: Capture {
        Capture(
            instance: instance, families: family.map { [$0] }, events: event.isEmpty ? nil : event, hook: hook,
            verdicts: verdict.isEmpty ? nil : verdict, match: match, snaplen: snaplen)
    }

    func validate() throws {
        if let count, count < 1 { throw ValidationError("--count must be at least 1.") }
        if let duration, !(duration > 0 && duration <= 1e9) { throw ValidationError("--duration must be above 0.") }
        if let snaplen, !(1...65_535).contains(snaplen) { throw ValidationError("--snaplen must be 1 to 65535.") }
    }

    func run() throws {
        let output = try CaptureOutput(write) { connection.complain($0) }
        var run = CaptureRun(limit: count ?? .max, snaplen: snaplen ?? 0)
        let end = duration.map { ContinuousClock.now + .seconds($0) }
        Interruption.watch()
        var isWritten = output.write(run.take())
        defer { run.tell() }
        try connection.call(more: call, lookingEvery: .milliseconds(100)) {
            isWritten = output.hasReader
            return isWritten && !Interruption.isWished && end.map { ContinuousClock.now < $0 } != false
        } _: { reply in
            run.add(reply)
            isWritten = output.write(run.take())
            return isWritten && !run.isComplete
        }
        if !isWritten {
            connection.complain("can't write on")
            throw ExitCode.failure
        }
    }
}

extension Capture.Verdict: ExpressibleByArgument {}
