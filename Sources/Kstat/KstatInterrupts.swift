// SPDX-License-Identifier: Apache-2.0

/// Data of a kstat of type INTR: kstat_intr(9S). The counters go round at 32 bits.
public struct KstatInterrupts: Sendable, Equatable {
    /// `KSTAT_INTR_HARD`: from the device.
    public var hard: UInt32 = 0
    /// `KSTAT_INTR_SOFT`: from the owner's own program.
    public var soft: UInt32 = 0
    /// `KSTAT_INTR_WATCHDOG`: from a timer that looks after the device.
    public var watchdog: UInt32 = 0
    /// `KSTAT_INTR_SPURIOUS`: for nothing.
    public var spurious: UInt32 = 0
    /// `KSTAT_INTR_MULTSVC`: served together with another one.
    public var multipleService: UInt32 = 0

    /// All 0.
    public init() {}
}
