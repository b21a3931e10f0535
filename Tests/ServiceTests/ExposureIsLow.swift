// SPDX-License-Identifier: Apache-2.0

import LiveHost
import Testing

/// What `systemd-analyze security` says of the unit, without a container.
struct ExposureIsLow {
    @Test(
        "The unit's exposure is 2.5 at most, its four capabilities are the ones that the README names, and so is the figure"
    )
    func figures() throws {
        let unit = "systemd/neti.service"
        let ending = try Command.end("systemd-analyze", ["security", "--offline=true", "--no-pager", "./\(unit)"])
        let line = try #require(ending.output.split(separator: "\n").last { $0.contains("Overall exposure level") })
        let level = try #require(line.split(separator: " ").compactMap { Double($0) }.first)
        #expect(level <= 2.5)
        #expect(try Command.run("cat", ["README.md"]).contains("says \(level)"))

        let lines = try Command.run("cat", [unit]).split(separator: "\n")
        for option in ["AmbientCapabilities", "CapabilityBoundingSet"] {
            #expect(
                lines.filter { $0.hasPrefix(option) } == ["\(option)=CAP_NET_ADMIN CAP_NET_RAW CAP_SYS_ADMIN CAP_BPF"])
        }
    }
}
