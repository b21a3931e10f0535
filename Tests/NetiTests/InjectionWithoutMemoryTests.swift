// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization
import Testing

@testable import Neti

/// An instance that was added when there was no memory for its list.
@Suite struct InjectionWithoutMemoryTests {
    @Test("A list without memory is full, and what needs none is sent (R147, R153)")
    func start() async {
        // In a process of its own, for no thread of it can have more memory then.
        await #expect(processExitsWith: .success) {
            var limits = InjectionLimits()
            limits.bytes = 1 << 29
            try Self.limitAddresses(toSpare: 1 << 28)
            let rig = try ListRig(limits)
            let packet = try datagram(1)
            #expect(throws: InjectionError(.listFull)) { try rig.inject(.queueOut, packet) }
            #expect(rig.instance.injection.status["list_full"] == 1)
            try rig.inject(.directOut, packet, interface: 2)
            #expect(rig.driver.sent.withLock { $0 } == [packet])
        }
    }

    /// Lets the process have so many bytes of addresses besides those that it has.
    private static func limitAddresses(toSpare bytes: Int) throws {
        let file = unsafe open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        defer { close(file) }
        var line = [UInt8](repeating: 0, count: 200)
        _ = unsafe read(file, &line, line.count)
        let pages = try #require(Int(String(decoding: line.prefix { $0 != UInt8(ascii: " ") }, as: UTF8.self)))
        let now = pages * Int(getpagesize())
        var limit = rlimit(rlim_cur: rlim_t(now + bytes), rlim_max: rlim_t.max)
        try #require(unsafe setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0)
    }
}
