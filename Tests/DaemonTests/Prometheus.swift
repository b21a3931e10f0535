// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc
import LiveHost
import Neti
import SystemPackage

/// A Prometheus in a process of its own that scrapes one address every 200 milliseconds.
///
/// The programs are those of Debian's package, unpacked under `.build` (`make prometheus`) and never installed: the
/// package would start a service. It runs on the host whose daemon it asks and is asked over HTTP itself.
final class Prometheus: Sendable {
    private static let address = "127.0.0.1:9090"

    private let process: Int32
    private let folder: String
    private let host: Host

    /// The path of one of its programs.
    ///
    /// - Throws: `ENOENT` when they aren't there.
    static func program(_ name: String) throws(NetiError) -> String {
        let path = ".build/prometheus/usr/bin/\(name)"
        guard unsafe access(path, X_OK) == 0 else {
            throw NetiError(.noSuchFileOrDirectory, "there is no \(path): call 'make prometheus'")
        }
        return path
    }

    /// Starts it on a host.
    init(scraping target: String, on host: Host) throws {
        self.host = host
        let configuration = """
            global:
              scrape_interval: 200ms
            scrape_configs:
              - job_name: neti
                static_configs:
                  - targets: ["\(target)"]
            """
        let folder = "/tmp/neti-prometheus-\(getpid())"
        self.folder = folder
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        do {
            try Data(configuration.utf8).write(to: URL(filePath: "\(folder)/prometheus.yml"))
            process = try Command.start(
                "ip",
                [
                    "netns", "exec", host.name, Self.program("prometheus"),
                    "--config.file=\(folder)/prometheus.yml", "--storage.tsdb.path=\(folder)/data",
                    "--web.listen-address=\(Self.address)", "--log.level=warn",
                ], output: "\(folder)/log")
        } catch {
            try? FileManager.default.removeItem(atPath: folder)
            throw error
        }
    }

    /// Ends it, and removes what it stored.
    func stop() {
        kill(process, SIGKILL)
        var status: Int32 = 0
        while unsafe waitpid(process, &status, 0) == -1 && errno == EINTR {}
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// What it wrote.
    var log: String { (try? String(contentsOf: URL(filePath: "\(folder)/log"), encoding: .utf8)) ?? "" }

    /// The values of a PromQL expression of now, by their labels; nil while it doesn't answer.
    func values(of expression: String) -> [[String: String]: Double]? {
        struct Answer: Decodable {
            struct Result: Decodable {
                struct Series: Decodable {
                    enum Value: Decodable {
                        case time(Double)
                        case number(String)

                        init(from decoder: any Decoder) throws {
                            let container = try decoder.singleValueContainer()
                            let time = try? container.decode(Double.self)
                            self = try time.map(Value.time) ?? .number(container.decode(String.self))
                        }
                    }

                    var metric: [String: String]
                    var value: [Value]
                }

                var result: [Series]
            }

            var data: Result
        }
        let call = [
            "netns", "exec", host.name, "curl", "-s", "-G", "http://\(Self.address)/api/v1/query", "--data-urlencode",
            "query=\(expression)",
        ]
        guard let text = try? Command.run("ip", call),
            let answer = try? JSONDecoder().decode(Answer.self, from: Data(text.utf8))
        else { return nil }
        var values: [[String: String]: Double] = [:]
        for series in answer.data.result {
            if case .number(let number)? = series.value.last { values[series.metric] = Double(number) }
        }
        return values
    }
}
