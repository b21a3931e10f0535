// SPDX-License-Identifier: Apache-2.0

/// A rate in few characters: `0`, `3.5`, `840`, `12.3k`, `1.2M`; `-` where it is not known.
func rateText(_ rate: Double?) -> String {
    guard let rate else { return "-" }
    if rate < 0.05 { return "0" }
    if rate < 9.95 { return fixed(rate, digits: 1) }
    var (value, unit) = (rate, "")
    for next in ["k", "M", "G", "T"] where value >= 999.5 {
        (value, unit) = (value / 1000, next)
    }
    // 1,000 T and more is no rate of packets.
    if value >= 999.5 { return "many" }
    return fixed(value, digits: unit.isEmpty || value >= 99.95 ? 0 : 1) + unit
}

/// A share, 0 to 1, in percent. What is not all of it never looks like all.
func shareText(_ share: Double?) -> String {
    guard let share else { return "-" }
    if share >= 1 { return "100%" }
    if share <= 0 { return "0%" }
    return fixed(min(99.9, max(0.1, share * 100)), digits: 1) + "%"
}

/// Nanoseconds in few characters: `850ns`, `23us`, `1.2ms`, `2.0s`; `-` where there are none, `>1s` where
/// it is more than is measured.
func latencyText(_ nanoseconds: Int?) -> String {
    guard let nanoseconds, nanoseconds >= 0 else { return "-" }
    if nanoseconds == Latency.unbounded { return ">1s" }
    var (value, unit) = (Double(nanoseconds), "ns")
    for next in ["us", "ms", "s"] where value >= 999.5 {
        (value, unit) = (value / 1000, next)
    }
    return fixed(value, digits: value < 9.95 && unit != "ns" ? 1 : 0) + unit
}
