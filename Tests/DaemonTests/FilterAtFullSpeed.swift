// SPDX-License-Identifier: Apache-2.0

import LiveHost
import Neti

/// What a daemon has done up to a moment, told by the kernel so that asking disturbs nobody.
struct FilterLook {
    /// Packets that came back from the daemon's hooks.
    private(set) var treated = 0
    /// Packets for which the queues had no room.
    private(set) var lost = 0
    /// Processor time of the threads that turn queues, in nanoseconds.
    private(set) var pumps = 0
    /// Processor time of the daemon's other threads, in nanoseconds.
    private(set) var others = 0
    let time: ContinuousClock.Instant

    /// - Parameter host: the only one whose packets the daemon sees.
    init(_ daemon: DaemonProcess, on host: Host) throws {
        // Number, port id, waiting, copy mode, copy range, dropped by the queue, dropped by the socket, last id.
        for line in try host.procFile("net/netfilter/nfnetlink_queue").split(separator: "\n") {
            let fields = line.split(separator: " ").compactMap { Int($0) }
            treated += fields[7] - fields[2] - fields[6]
            lost += fields[5] + fields[6]
        }
        let tasks = "/proc/\(daemon.process)/task"
        for task in listFolder(tasks) {
            // Threads come and go.
            guard let name = try? readFile("\(tasks)/\(task)/comm"),
                let times = try? readFile("\(tasks)/\(task)/schedstat"),
                let time = times.split(separator: " ").first.flatMap({ Int($0) })
            else { continue }
            if name.hasPrefix("neti-pump") { pumps += time } else { others += time }
        }
        time = .now
    }
}

/// A stretch of time, in which more packets should come than the filter takes.
struct FilterWindow {
    /// Packets a second.
    let rate: Double
    /// Packets in a second of the daemon's processor time: unlike ``rate`` it doesn't change with what other programs leave
    /// for the daemon.
    let yield: Double
    /// How much of the daemon's processor time its pumps did not have, from 0 to 1.
    let share: Double
    /// Whether there were too many packets.
    let isSaturated: Bool

    init(from start: FilterLook, to end: FilterLook) {
        let (seconds, attoseconds) = (end.time - start.time).components
        let treated = Double(end.treated - start.treated)
        let (pumps, others) = (Double(end.pumps - start.pumps), Double(end.others - start.others))
        rate = treated / (Double(seconds) + Double(attoseconds) / 1e18)
        yield = treated / (pumps + others) * 1e9
        share = others / (pumps + others)
        isSaturated = end.lost > start.lost
    }
}
