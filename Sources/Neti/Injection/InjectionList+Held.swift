// SPDX-License-Identifier: Apache-2.0

import Kstat
import Synchronization

extension InjectionList {
    /// Lets a held packet go on.
    ///
    /// - Returns: false when the ticket was redeemed before, or the instance is going.
    @discardableResult
    public func release(_ ticket: HeldPacket, after delay: Duration = .zero) -> Bool {
        guard ticket.slot < memory.count, let driver = try? unsafe currentDriver(),
            redeem(ticket, for: .waiting)
        else { return false }
        let now = UInt64(KstatTime.now.nanoseconds)
        unsafe send(
            memory.chunks.slot(ticket.slot), ticket.slot, at: Self.deadline(after: delay.wholeNanoseconds, from: now),
            driver)
        return true
    }

    /// Lets a held packet go for good.
    ///
    /// - Returns: false when the ticket was redeemed before.
    @discardableResult
    public func drop(_ ticket: HeldPacket) -> Bool {
        guard takeBack(ticket) else { return false }
        counters.count(.dropped)
        return true
    }

    /// The same, not counted.
    func takeBack(_ ticket: HeldPacket) -> Bool {
        guard ticket.slot < memory.count, redeem(ticket, for: .moving) else { return false }
        giveBack(unsafe memory.chunks.slot(ticket.slot).pointee.packet)
        return true
    }

    private func redeem(_ ticket: HeldPacket, for state: InjectionSlot.State) -> Bool {
        return unsafe memory.chunks.slot(ticket.slot).pointee.state.compareExchange(
            expected: InjectionSlot.word(.held, use: ticket.use), desired: InjectionSlot.word(state, use: ticket.use),
            ordering: .acquiringAndReleasing
        ).exchanged
    }
}
