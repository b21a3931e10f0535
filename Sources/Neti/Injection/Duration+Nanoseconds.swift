// SPDX-License-Identifier: Apache-2.0

extension Duration {
    /// Whole nanoseconds; 0 for what is negative.
    var wholeNanoseconds: UInt64 {
        // Without 128-bit arithmetic.
        if self == .zero { return 0 }
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (whole, isOver) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, isMore) = whole.addingReportingOverflow(UInt64(attoseconds) / 1_000_000_000)
        return isOver || isMore ? .max : sum
    }
}
