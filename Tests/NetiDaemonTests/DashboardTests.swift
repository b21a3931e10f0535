// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import SystemPackage
import Testing

@testable import NetiDaemon

/// The dashboard for Grafana shows what there is.
struct DashboardTests {
    private struct Dashboard: Decodable {
        struct Panel: Decodable {
            struct Target: Decodable {
                var expr: String
                var legendFormat: String
            }

            var title: String
            var targets: [Target]
        }

        struct Templating: Decodable {
            struct Variable: Decodable {
                var name: String
                var definition: String?
            }

            var list: [Variable]
        }

        var panels: [Panel]
        var templating: Templating
    }

    /// The labels of each metric, a histogram's under the names that its values have.
    private static let metrics: [String: Set<String>] = {
        var metrics: [String: Set<String>] = [:]
        for line in String(decoding: MetricsSnapshot.sample.text, as: UTF8.self).split(separator: "\n")
        where !line.hasPrefix("#") {
            let name = line.prefix { $0 != "{" && $0 != " " }
            let labels = line.matches(of: /([a-z_]+)="/).map { String($0.output.1) }
            metrics[String(name), default: []].formUnion(labels)
        }
        return metrics
    }()

    private let dashboard: Dashboard

    init() throws {
        let file = try contents(of: ConfigurationTests.samples.appending("grafana-dashboard.json"))
        dashboard = try JSONDecoder().decode(Dashboard.self, from: Data(file))
    }

    @Test("Every metric that the dashboard asks for exists, with every label that it names")
    func metricsExist() throws {
        let variables = Set(dashboard.templating.list.map(\.name) + ["__rate_interval"])
        var asked: Set<String> = []
        for (title, target) in dashboard.panels.flatMap({ panel in panel.targets.map { (panel.title, $0) } }) {
            let names = target.expr.matches(of: /\b(neti|process)_[a-z0-9_]+/).map { String($0.output.0) }
            #expect(!names.isEmpty, "\(title) shows nothing")
            asked.formUnion(names)
            // What the scraping Prometheus adds.
            var labels: Set = ["job"]
            for name in names {
                let own = Self.metrics[name]
                #expect(own != nil, "\(title): there is no \(name)")
                labels.formUnion(own ?? [])
            }
            let used =
                target.expr.matches(of: /by \(([a-z_, ]+)\)/).flatMap { $0.output.1.split(separator: ", ") }
                + target.expr.matches(of: /([a-z_]+)=~?"/).map(\.output.1)
                + target.legendFormat.matches(of: /\{\{([a-z_]+)\}\}/).map(\.output.1)
            for label in used { #expect(labels.contains(String(label)), "\(title): there is no label \(label)") }
            for variable in target.expr.matches(of: /\$([a-z_]+)/).map({ String($0.output.1) }) {
                #expect(variables.contains(variable), "\(title): there is no variable \(variable)")
            }
        }
        for definition in dashboard.templating.list.compactMap(\.definition) {
            let parts = try #require(definition.firstMatch(of: /^label_values\(([a-z_]+), ([a-z_]+)\)$/))
            let labels = Self.metrics[String(parts.output.1)]?.union(["job"])
            #expect(labels?.contains(String(parts.output.2)) == true, "\(definition)")
        }
        // And the other way round: what is worth a metric is worth a look.
        let shown = asked.union(["process_start_time_seconds", "neti_event_hooks", "neti_held_bytes"])
        let histograms = Self.metrics.keys.filter { $0.hasSuffix("_sum") || $0.hasSuffix("_count") }
        #expect(Set(Self.metrics.keys).subtracting(shown).subtracting(histograms) == [])
    }
}
