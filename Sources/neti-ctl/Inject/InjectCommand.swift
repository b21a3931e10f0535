// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FoundationEssentials
import NetiControl

/// `neti-ctl inject`.
struct InjectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inject",
        abstract: "Inject packets from a file or from the command line.",
        discussion: """
            The packets are those of a file in pcap or pcapng format, as tcpdump and Wireshark write it, without what \
            stands in front of their IP headers; or they are given in hexadecimal. --style says which way they go:

              queue-in    as if they came in on --interface: through PHYSICAL_IN, and on
                          to sockets of the instance or whom it forwards them to
              queue-out   as if this host sent them: routed, through PHYSICAL_OUT; only
                          IPv6 link-local and multicast destinations need --interface
              direct-out  straight out of --interface, past all hooks, to --next-hop or
                          else to their destination

            Frames that are no whole IP packet are skipped and counted. A damaged file is used up to the damage.

            Packets go as fast as the daemon takes them, or so many a second (--rate), or as they were captured \
            (--pcap-timing; what tcpreplay does by default), both to the millisecond. A packet that is late makes no other \
            late: the next ones follow faster. While the daemon has no room for more, the program waits, five seconds at \
            most, and loses none. A file is used once. --count ends after so many packets, and alone repeats none (like \
            tcpreplay's --limit); --loop begins again at the end, until --count or Ctrl-C.

            On a terminal runs of more than a second show how far they are. At the end it says how many packets were \
            sent. "Sent" means accepted: of the queue styles kstat neti:0:injection counts what failed later. What was \
            refused is told with the reasons.

            Only root, the daemon's user, and members of the socket's group may inject, and the log tells who did.

            EXIT STATUS
              0    the daemon accepted all packets
              1    it refused some, or is absent; or the file is damaged
              64   wrong arguments
              130  interrupted (Ctrl-C)

            EXAMPLES
              neti-ctl inject --netns blue -s queue-in --interface veth0 in.pcap
              neti-ctl inject -i blue -s queue-out -r 1000 -c 60000 --loop in.pcap
              neti-ctl inject -i blue -s direct-out --next-hop 192.0.2.1 in.pcap
              tcpdump -i eth0 -U -w - udp | neti-ctl inject -i blue -s queue-out -
              neti-ctl inject -i blue -s queue-out --hex \\
                4500001c000000004011f6cdc0000201c00002020009000900087bc8
            """)

    @OptionGroup var target: InjectionTarget

    @Option(name: .shortAndLong, help: "Which way the packets go.")
    var style: Inject.Style

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Where packets come in (queue-in) or go out (direct-out; default: as routed).",
            valueName: "name"))
    var interface: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Whom direct-out hands them to. (default: the destination of each)", valueName: "address"))
    var nextHop: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("So many packets a second.", valueName: "pps"))
    var rate: Double?

    @Flag(name: .long, help: "At the times at which the packets were captured.")
    var pcapTiming = false

    @Option(name: .shortAndLong, help: ArgumentHelp("So many packets at most.", valueName: "number"))
    var count: Int?

    @Flag(name: .long, help: "Begin again with the first packet after the last one.")
    var loop = false

    @Flag(name: .shortAndLong, help: "No progress and no summary, only what went wrong.")
    var quiet = false

    @Flag(name: .long, help: "Print the summary as JSON, keys sorted, instead of text.")
    var json = false

    @OptionGroup var connection: ConnectionOptions

    @Option(
        name: .long,
        help: ArgumentHelp(
            "A packet from its IP header on, two digits a byte, blanks and colons between them or not; again for more.",
            valueName: "text"))
    var hex: [String] = []

    @Argument(help: "A capture file; - for standard input.", completion: .file())
    var file: String?

    func validate() throws {
        if (file == nil) == hex.isEmpty { throw ValidationError("name one file, or give packets with --hex") }
        for text in hex where packet(text) == nil { throw ValidationError("'\(text)' is no packet in hexadecimal") }
        if style == .queueIn, interface == nil { throw ValidationError("queue-in needs an --interface") }
        if style != .directOut, nextHop != nil { throw ValidationError("only direct-out has a --next-hop") }
        if let rate, !(rate > 0 && rate.isFinite) { throw ValidationError("--rate must be above 0") }
        if let count, count < 1 { throw ValidationError("--count must be above 0") }
        if pcapTiming, rate != nil { throw ValidationError("--rate and --pcap-timing exclude each other") }
        if pcapTiming, file == nil { throw ValidationError("packets in hexadecimal have no times for --pcap-timing") }
        if loop, file == "-" { throw ValidationError("standard input can't be read twice, as --loop needs") }
        if let count, !hex.isEmpty, count > hex.count, !loop {
            throw ValidationError("--count \(count) is more than the packets given: add --loop to repeat them")
        }
    }

    /// The longest IP packet: 65,535 bytes behind an IPv6 header.
    private static let longest = 65_575

    private func packet(_ text: String) -> [UInt8]? {
        let digits = String(text.filter { !$0.isWhitespace && $0 != ":" })
        guard let bytes = HexadecimalBytes(text: digits)?.bytes, (1...Self.longest).contains(bytes.count) else {
            return nil
        }
        return bytes
    }

    func run() throws {
        do {
            if let file {
                try inject(CapturedPackets(path: file, isLoop: loop))
            } else {
                try inject(GivenPackets(hex.compactMap(packet), isLoop: loop))
            }
        } catch let error as ExitCode {
            throw error
        } catch {
            connection.complain("\(error)")
            throw ExitCode.failure
        }
    }

    private func inject(_ source: consuming some PacketSource & ~Copyable) throws {
        Interruption.watch()
        var daemon = try InjectionConnection(path: connection.path)
        let instance = try target.name(among: daemon.call(ListInstances()).instances)
        let call = Inject(instance: instance, style: style, interface: interface, nextHop: nextHop, packets: [])
        var run = InjectionRun(
            call, from: source, pacing: rate.map(Pacing.rate) ?? (pcapTiming ? .recorded : .none), limit: count,
            over: daemon, progress: ProgressLine(isWanted: !quiet))
        var failure: ControlClientError?
        do throws(ControlClientError) {
            try run.run()
        } catch {
            failure = error
        }
        let summary = run.summary
        if failure == nil || summary.offered > 0 { try show(summary) }
        if let failure { connection.complain("\(failure)") }
        for refusal in summary.refusals {
            connection.complain("refused \(packets(refusal.count)): \(refusal.words(call))")
        }
        if let damage = run.damage { connection.complain("\(damage)") }
        if summary.isInterrupted { throw ExitCode(130) }
        if failure != nil || run.damage != nil || summary.refused > 0 { throw ExitCode.failure }
        if let count, summary.offered < count {
            connection.complain("there were no more than \(packets(summary.offered)); --loop repeats them")
        }
    }

    private func show(_ summary: InjectionSummary) throws {
        if json {
            print(try jsonText(summary))
        } else if !quiet {
            for line in summary.lines { print(line) }
        }
        try Terminal.flush()
    }
}
