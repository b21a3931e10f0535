// SPDX-License-Identifier: Apache-2.0

package import Neti

/// By what a packet that NI_QUEUE_OUT sent is known again at its next event: the number that its socket gives it as
/// priority (`SO_PRIORITY`).
///
/// ```
/// 31      28 27          18 17        12 11      4 3   0
///  1 1 1 1    random         injections   stamps   zero
/// ```
///
/// Queueing disciplines look at the lowest four bits, which say "no particular priority", and take the upper half for
/// one of their classes where it is a handle in use; those that begin with four ones belong to nobody who chose his own.
/// Priorities above 6 need `CAP_NET_ADMIN` of the namespace, so only its administrators could forge one, once they found
/// out the random bits.
package struct InjectionCookie: Hashable, Sendable, BitwiseCopyable {
    /// The most injections that it can tell.
    package static let maximumInjections: UInt8 = 63

    /// The one of this process.
    package static let ofProcess = InjectionCookie(random: .random(in: .min ... .max))

    /// Bits 31 to 18, the rest zero.
    private let secret: UInt32

    /// Takes the ten lowest bits as secret.
    package init(random: UInt16) {
        secret = 0xF000_0000 | UInt32(random & 0x3FF) << 18
    }

    /// The priority of a packet that has been injected so often, once at least, and bears these stamps.
    ///
    /// - Parameter injections: more than the most are told as the most.
    @inline(__always)
    package func priority(injections: UInt8, stamps: Stamps) -> UInt32 {
        let count = min(max(injections, 1), Self.maximumInjections)
        return secret | UInt32(count) << 12 | UInt32(stamps.rawValue) << 4
    }

    /// What a packet's priority tells; nil for every number that this process didn't make.
    @inline(__always)
    package func read(_ priority: UInt32) -> (injections: UInt8, stamps: Stamps)? {
        guard priority & 0xFFFC_000F == secret else { return nil }
        let injections = UInt8(priority >> 12 & 0x3F)
        guard injections > 0 else { return nil }
        return (injections, Stamps(rawValue: UInt8(truncatingIfNeeded: priority >> 4)))
    }
}
