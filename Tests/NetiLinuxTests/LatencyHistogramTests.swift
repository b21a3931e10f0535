// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import NetiLinux

/// Which times are told apart, and how they are counted.
struct LatencyHistogramTests {
    @Test("Each time is in the bucket whose bounds it lies between")
    func bounds() {
        for bucket in 0..<LatencyHistogram.bucketCount - 1 {
            guard let end = LatencyHistogram.end(of: bucket) else {
                Issue.record("bucket \(bucket) has no end")
                continue
            }
            #expect(LatencyHistogram.bucket(of: end - 1) == bucket)
            #expect(LatencyHistogram.bucket(of: end) == bucket + 1)
        }
    }

    @Test("Times from nothing to years are counted, those beyond a second without a bound")
    func extremes() {
        #expect(LatencyHistogram.bucket(of: 0) == 0)
        #expect(LatencyHistogram.end(of: 0) == 1024)
        let last = LatencyHistogram.bucketCount - 1
        #expect(LatencyHistogram.bucket(of: .max) == last)
        #expect(LatencyHistogram.end(of: last - 1) == 1 << 30)
        #expect(LatencyHistogram.end(of: last) == nil)
    }

    @Test("Packets of a batch count together, and empty buckets aren't told")
    func counting() {
        let histogram = LatencyHistogram()
        histogram.add(packets: 64, nanoseconds: 5000)
        histogram.add(packets: 1, nanoseconds: 4999)
        histogram.add(packets: 2, nanoseconds: 3_000_000_000)
        #expect(
            histogram.current == [LatencyBucket(below: 5120, count: 65), LatencyBucket(below: nil, count: 2)])
    }
}
