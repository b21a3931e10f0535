// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemPackage

/// What the daemon takes of the machine, in the terms of Prometheus' client libraries.
struct ProcessFigures: Equatable {
    /// Processor time of all threads, user and system together.
    var cpuSeconds = 0.0
    /// Memory in use.
    var residentBytes = 0
    /// Open descriptors.
    var openDescriptors = 0
    /// How many there may be.
    var descriptorLimit = 0

    /// Nothing.
    init() {}

    /// The figures of this process, now; 0 for what can't be found out.
    static var current: ProcessFigures {
        var figures = ProcessFigures()
        var usage = rusage()
        if unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 {
            figures.cpuSeconds = usage.ru_utime.seconds + usage.ru_stime.seconds
        }
        if let file = try? ConfigurationFile.read("/proc/self/statm", atMost: 4_096) {
            // Pages: size, resident, shared, ... (proc(5)).
            let words = String(decoding: file, as: UTF8.self).split(separator: " ")
            figures.residentBytes = words.count > 1 ? (Int(words[1]) ?? 0) * sysconf(Int32(_SC_PAGESIZE)) : 0
        }
        if let folder = unsafe opendir("/proc/self/fd") {
            defer { unsafe closedir(folder) }
            // Less ".", ".." and the descriptor of this look.
            figures.openDescriptors = -3
            while unsafe readdir(folder) != nil { figures.openDescriptors += 1 }
        }
        var limit = rlimit()
        if unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            figures.descriptorLimit = Int(clamping: limit.rlim_cur)
        }
        return figures
    }
}

extension timeval {
    fileprivate var seconds: Double { Double(tv_sec) + Double(tv_usec) / 1e6 }
}
