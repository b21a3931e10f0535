// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import NetiDaemon

/// The text that Prometheus reads. That Prometheus itself can read it is tested with a real one (DaemonTests).
struct MetricsTextTests {
    private let lines = String(decoding: MetricsSnapshot.sample.text, as: UTF8.self).split(separator: "\n").map(
        String.init)

    @Test(
        "Each figure stands under its name with the labels that tell it apart",
        arguments: [
            #"neti_build_info{version="1.0"} 1"#,
            "process_start_time_seconds 1760000000",
            "process_cpu_seconds_total 1.25",
            "process_resident_memory_bytes 4096",
            #"neti_instance_up{ip_instance="blue",netid="1"} 1"#,
            #"neti_instance_up{ip_instance="green",netid="2"} 0"#,
            #"neti_instance_passed_unseen_packets_total{ip_instance="blue",netid="1"} 6"#,
            #"neti_instance_hooks_taken_off{ip_instance="blue",netid="1"} 14"#,
            #"neti_queue_received_packets_total{ip_instance="blue",netid="1",queue="100"} 18446744073709551615"#,
            #"neti_queue_verdicts_total{ip_instance="blue",netid="1",queue="100",verdict="accept"} 90"#,
            #"neti_queue_verdicts_total{ip_instance="blue",netid="1",queue="100",verdict="drop"} 10"#,
            #"neti_queue_kernel_drops_total{ip_instance="blue",netid="1",queue="100",reason="queue_full"} 4"#,
            #"neti_queue_kernel_drops_total{ip_instance="blue",netid="1",queue="100",reason="socket_full"} 5"#,
            #"neti_queue_waiting_packets{ip_instance="blue",netid="1",queue="100"} 3"#,
            #"neti_event_packets_total{ip_instance="blue",netid="1",family="inet",event="PHYSICAL_IN"} 100"#,
            #"neti_event_hooks{ip_instance="blue",netid="1",family="inet",event="PHYSICAL_IN"} 2"#,
            #"neti_queue_latency_seconds_bucket{ip_instance="blue",netid="1",queue="100",le="1.024e-06"} 1"#,
            #"neti_queue_latency_seconds_bucket{ip_instance="blue",netid="1",queue="100",le="2.048e-06"} 6"#,
            #"neti_queue_latency_seconds_bucket{ip_instance="blue",netid="1",queue="100",le="4.096e-06"} 6"#,
            #"neti_queue_latency_seconds_bucket{ip_instance="blue",netid="1",queue="100",le="1.073741824"} 10"#,
            #"neti_queue_latency_seconds_bucket{ip_instance="blue",netid="1",queue="100",le="+Inf"} 15"#,
            #"neti_queue_latency_seconds_sum{ip_instance="blue",netid="1",queue="100"} 2.5"#,
            #"neti_queue_latency_seconds_count{ip_instance="blue",netid="1",queue="100"} 15"#,
            #"neti_held_packets{ip_instance="blue",netid="1"} 2"#,
            #"neti_held_bytes{ip_instance="blue",netid="1"} 3000"#,
            #"neti_held_oldest_seconds{ip_instance="blue",netid="1"} 1.5"#,
            #"neti_injected_packets_total{ip_instance="blue",netid="1",style="queue_in"} 7"#,
            #"neti_injection_refusals_total{ip_instance="blue",netid="1",reason="list_full"} 9"#,
        ])
    func figures(line: String) {
        #expect(lines.contains(line))
    }

    @Test(
        "What went wrong with a hook stands under its name",
        arguments: [("failures", 11), ("over_budget", 12), ("skipped_packets", 13)])
    func troubles(figure: String, count: Int) {
        let place = #"ip_instance="blue",netid="1",family="inet",event="PHYSICAL_IN""#
        #expect(lines.contains(#"neti_hook_\#(figure)_total{\#(place),hook="filter"} \#(count)"#))
    }

    @Test("A name with quotes and backslashes can't break out of its label")
    func escaping() {
        let place = #"ip_instance="blue",netid="1",family="inet",event="PHYSICAL_IN""#
        #expect(lines.contains(#"neti_hook_packets_total{\#(place),hook="a\"b\\c"} 100"#))
        var text = MetricsText()
        text.begin("neti_a", .gauge, "A.")
        text.value(1, MetricsText.Labels(("b", "c\nd")))
        #expect(String(decoding: text.bytes, as: UTF8.self).hasSuffix("\nneti_a{b=\"c\\nd\"} 1\n"))
    }

    @Test("Each metric is introduced once, by one line of help and its type, and its values follow together")
    func order() throws {
        var introduced: [String] = []
        for line in lines {
            let words = line.split(separator: " ", maxSplits: 3).map(String.init)
            switch words[1] {
            case "HELP":
                #expect(!introduced.contains(words[2]), "\(words[2]) twice")
                introduced.append(words[2])
                #expect(words.count == 4 && words[3].hasSuffix("."))
            case "TYPE":
                #expect(introduced.last == words[2])
                #expect(words[2].hasSuffix("_total") == (words[3] == "counter"), "\(words[2])")
            default:
                #expect(try line.hasPrefix(#require(introduced.last)), "\(line)")
            }
        }
        #expect(introduced.count > 20)
    }

    @Test("A histogram's buckets add up from below, and the last one holds all")
    func histogram() {
        var text = MetricsText()
        text.begin("neti_a_seconds", .histogram, "A.")
        text.histogram(buckets: [(0.000_001, 2), (0.5, 0), (1, 3)], rest: 1, sum: 4.5, .none)
        #expect(
            String(decoding: text.bytes, as: UTF8.self) == """
                # HELP neti_a_seconds A.
                # TYPE neti_a_seconds histogram
                neti_a_seconds_bucket{le="1e-06"} 2
                neti_a_seconds_bucket{le="0.5"} 2
                neti_a_seconds_bucket{le="1"} 5
                neti_a_seconds_bucket{le="+Inf"} 6
                neti_a_seconds_sum 4.5
                neti_a_seconds_count 6

                """)
    }

    @Test("However many ask, the figures are looked up once in a while")
    func looksSeldom() async {
        let looks = Looks()
        let source = MetricsSource(lifetime: .seconds(3600)) {
            looks.count.add(1, ordering: .relaxed)
            return .sample
        }
        await withTaskGroup(of: Int.self) { group in
            for _ in 0..<100 { group.addTask { await source.text().count } }
            for await count in group { #expect(count == MetricsSnapshot.sample.text.count) }
        }
        #expect(looks.count.load(ordering: .relaxed) == 1)
        let impatient = MetricsSource(lifetime: .zero) {
            looks.count.add(1, ordering: .relaxed)
            return .sample
        }
        _ = await impatient.text()
        _ = await impatient.text()
        #expect(looks.count.load(ordering: .relaxed) == 3)
    }
}

private final class Looks: Sendable {
    let count = Atomic(0)
}
