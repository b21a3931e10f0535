// SPDX-License-Identifier: Apache-2.0

/// How a packet is put back (`inject_t` of `net_inject`, R144 to R156).
public enum InjectionStyle: String, CaseIterable, Hashable, Sendable, CustomStringConvertible {
    /// Later, as if it had just been received on an interface; `PHYSICAL_IN` sees it again.
    case queueIn = "NI_QUEUE_IN"
    /// Later, as if a raw socket of this host had sent it; `PHYSICAL_OUT` sees it again.
    case queueOut = "NI_QUEUE_OUT"
    /// At once, out of an interface; no hook sees it (R94).
    case directOut = "NI_DIRECT_OUT"

    /// The name in the manual: `NI_QUEUE_IN`.
    public var description: String { rawValue }
}
