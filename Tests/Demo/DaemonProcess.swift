// SPDX-License-Identifier: Apache-2.0

import Glibc
import LiveHost
import Neti
import Synchronization
import SystemPackage

/// A `neti-daemon` that runs beside the demo, with a folder of its own for configuration and socket.
final class DaemonProcess: Sendable {
    /// Its process number.
    let process: pid_t

    /// The text of its rule file.
    let rules: String

    private let folder: String
    private let programs: String
    private let isRunning = Mutex(true)

    /// Starts the daemon on one host with the sample rules of the project.
    ///
    /// The programs are looked for beside the demo's own.
    init(filtering host: Host) throws(NetiError) {
        programs = try Self.folderOfThisProgram()
        rules = try readFile("config/ipf.conf")
        folder = "/tmp/neti-demo-\(getpid())"
        guard mkdir(folder, 0o700) == 0 else {
            throw NetiError(Errno(rawValue: errno), "can't make the folder \(folder)")
        }
        do throws(NetiError) {
            try writeFile("\(folder)/ipf.conf", rules)
            try writeFile("\(folder)/neti.toml", Self.configuration(netns: host.name, folder: folder))
            process = try Command.start(
                "\(programs)/neti-daemon", ["--config", "\(folder)/neti.toml"], output: "\(folder)/log")
        } catch {
            Self.remove(folder)
            throw error
        }
    }

    /// Waits until the daemon answers, five seconds at most.
    ///
    /// - Throws: what the daemon wrote, when it ended instead.
    func waitUntilReady() throws(NetiError) {
        for _ in 0..<500 {
            if (try? control("status")) != nil { return }
            var status: Int32 = 0
            if unsafe waitpid(process, &status, WNOHANG) == process {
                isRunning.withLock { $0 = false }
                break
            }
            usleep(10_000)
        }
        let log = (try? readFile("\(folder)/log")) ?? ""
        throw NetiError(.noChildProcess, "the daemon doesn't answer; it wrote:\n\(log)")
    }

    /// Runs `neti-ctl` and returns what it wrote.
    func control(_ arguments: String...) throws(NetiError) -> String {
        try Command.run("\(programs)/neti-ctl", arguments + ["--socket", "\(folder)/neti.sock"])
    }

    /// Ends the daemon and removes its folder. May be called more than once.
    func stop() {
        isRunning.withLock { isRunning in
            if isRunning {
                kill(process, SIGTERM)
                var status: Int32 = 0
                while unsafe waitpid(process, &status, 0) == -1 && errno == EINTR {}
            }
            isRunning = false
            Self.remove(folder)
        }
    }

    private static func configuration(netns: String, folder: String) -> String {
        """
        [daemon]
        control-socket = "\(folder)/neti.sock"

        [[instance]]
        netns = "\(netns)"
        on-exit = "open"

          [[instance.hook]]
          name = "counter"
          module = "count"
          events = ["PHYSICAL_IN", "PHYSICAL_OUT"]
          hint = "first"

          [[instance.hook]]
          name = "filter"
          module = "ipf"
          events = ["PHYSICAL_IN", "PHYSICAL_OUT"]
          rules = "ipf.conf"

        """
    }

    private static func folderOfThisProgram() throws(NetiError) -> String {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe buffer.withUnsafeMutableBytes { bytes in
            unsafe readlink("/proc/self/exe", bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
        }
        guard count > 0 else { throw NetiError(Errno(rawValue: errno), "can't find the programs") }
        return FilePath(String(decoding: buffer.prefix(count), as: UTF8.self)).removingLastComponent().string
    }

    private static func remove(_ folder: String) {
        for name in ["ipf.conf", "neti.toml", "neti.sock", "log"] { unlink("\(folder)/\(name)") }
        rmdir(folder)
    }
}
