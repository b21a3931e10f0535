// SPDX-License-Identifier: Apache-2.0

/// The ticket for a packet that is held until somebody decides.
///
/// Redeemed once, by ``InjectionList/release(_:after:)`` or ``InjectionList/drop(_:)`` of the instance that holds the packet;
/// from any thread. A packet whose ticket is lost stays until its instance ends.
public struct HeldPacket: Hashable, Sendable {
    let slot: UInt32
    let use: UInt32
}
