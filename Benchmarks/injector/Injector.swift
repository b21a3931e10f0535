// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CLinuxNet
import FoundationEssentials
import Glibc
import Neti
import NetiLinux
import Packet

/// Injects datagrams that differ, as fast as they are delivered, and prints how many that were in a second: what `make bench`
/// compares with the C programs of Benchmarks/injection.
@main
struct Injector: ParsableCommand {
    @Option(name: .short, help: "The namespace.") var t: String
    @Option(name: .short, help: "queue-in, queue-out or direct-out.") var m: String
    @Option(name: .short, help: "The source, IPv4.") var s: String
    @Option(name: .short, help: "The destination, IPv4.") var d: String
    @Option(name: .short, help: "The interface.") var i = "veth0"
    @Option(name: .short, help: "Seconds.") var n = 5.0
    @Option(name: .short, help: "Bytes of payload, 8 to 1,400.") var z = 64
    @Option(name: .short, help: "The processor of the thread that makes the system calls.") var c: UInt32 = 0

    /// How many differ; then it begins anew.
    private static let packets = 64

    func run() throws {
        guard let style = InjectionStyle(rawValue: "NI_" + m.uppercased().replacing("-", with: "_")),
            let source = IPAddress(s), let destination = IPAddress(d), (8...1400).contains(z)
        else { throw ValidationError("-m queue-in|queue-out|direct-out, -s and -d addresses, -z 8 to 1400") }
        let provider = try LinuxProvider(pumps: 1)
        defer { provider.stop() }
        let instance = try provider.addInstance(named: "bench", in: .path("/run/netns/\(t)"))
        let handle = instance.protocolHandle(.inet)
        guard let interface = handle.interface(named: i) else { throw ValidationError("there is no interface \(i)") }
        // One behind the other, as the C programs have them.
        var bytes: [UInt8] = []
        for number in 0..<Self.packets {
            var header = IPHeader(from: source, to: destination)
            header.isFragmentingForbidden = true
            bytes += try header.packet(.udp(from: 9, to: 9000), payload: [UInt8](repeating: UInt8(number), count: z))
        }
        let packets = unsafe bytes.span.bytes
        let length = bytes.count / Self.packets
        try warmUp(handle, style, packets.extracting(0..<length), interface, instance.injection)
        try bind(style)

        let before = delivered(style, instance.injection)
        let spent = deliveringTime()
        let start = ContinuousClock.now
        let end = start + .nanoseconds(Int64(n * 1e9))
        var refused = 0
        while ContinuousClock.now < end {
            for number in 0..<Self.packets {
                let packet = packets.extracting(number * length..<(number + 1) * length)
                // A full list is the sign that deliveries are behind.
                while !handle.injects(style, packet, interface) {
                    refused += 1
                    clnx_nap(20_000)
                }
            }
        }
        while instance.injection.status.packets > 0 { sched_yield() }
        let seconds = start.duration(to: .now) / .seconds(1)
        let count = delivered(style, instance.injection) - before
        let wakeups = instance.injection.status["timer_wakeups"]
        print(
            "packets_per_second=\(Int(Double(count) / seconds)) us_per_packet=\(seconds * 1e6 / Double(count)) "
                + "cpu_us_per_packet=\((deliveringTime() - spent) * 1e6 / Double(count)) wakeups=\(wakeups) list_full=\(refused)"
        )
    }

    /// Binds the thread that makes the system calls to its processor, as the C programs do, and the other one elsewhere: one
    /// that naps most of the time looks idle to the kernel, which lets both share a processor for a second.
    private func bind(_ style: InjectionStyle) throws {
        let processors = UInt32(clamping: sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        let other = (c + 1) % max(1, processors)
        var codes = [clnx_thread_processor(0, style == .directOut ? c : other)]
        if let thread = Self.deliveringThread {
            codes.append(clnx_thread_processor(thread, style == .directOut ? other : c))
        }
        guard codes == [0, 0] else { throw ValidationError("can't bind threads to processors \(c) and \(other)") }
    }

    private static let tasks = "/proc/self/task"

    /// The number of the thread that delivers.
    private static var deliveringThread: Int32? {
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? []
        return tasks.first { task in
            (try? String(contentsOfFile: "\(Self.tasks)/\(task)/comm", encoding: .utf8)) == "neti-inject\n"
        }.flatMap { Int32($0) }
    }

    /// Seconds of processor time that it has used.
    private func deliveringTime() -> Double {
        guard let thread = Self.deliveringThread,
            let times = try? String(contentsOfFile: "\(Self.tasks)/\(thread)/schedstat", encoding: .utf8)
        else { return 0 }
        return (Double(times.prefix { $0 != " " }) ?? 0) / 1e9
    }

    /// Everything is opened and every neighbour known afterwards.
    private func warmUp(
        _ handle: NetworkProtocol, _ style: InjectionStyle, _ packet: RawSpan, _ interface: UInt32,
        _ list: InjectionList
    ) throws {
        for _ in 0..<1000 {
            _ = handle.injects(style, packet, interface)
            usleep(1000)
            if delivered(style, list) > 10 { return }
        }
        throw ValidationError("nothing is delivered")
    }

    private func delivered(_ style: InjectionStyle, _ list: InjectionList) -> UInt64 {
        switch style {
        case .queueIn: list.status["delivered_in"]
        case .queueOut: list.status["delivered_out"]
        case .directOut: list.status["direct_out"]
        }
    }
}

extension NetworkProtocol {
    fileprivate func injects(_ style: InjectionStyle, _ packet: RawSpan, _ interface: UInt32) -> Bool {
        do throws(InjectionError) {
            try inject(style, packet, interface: interface)
            return true
        } catch {
            return false
        }
    }
}
