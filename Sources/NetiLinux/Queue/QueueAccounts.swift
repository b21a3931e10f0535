// SPDX-License-Identifier: Apache-2.0

import CNetfilterQueue
import Glibc
import SystemPackage

/// The kernel's accounts of the queues of one namespace; for any thread.
final class QueueAccounts: Sendable {
    private let file: Int32

    /// Opens those of the namespace that the calling thread is in.
    init() throws(Errno) {
        file = cnfq_accounts_open()
        if file < 0 { throw Errno(rawValue: -file) }
    }

    deinit {
        if file >= 0 { close(file) }
    }

    /// What is written there of a queue now; nil if nobody holds it.
    func account(ofQueue number: UInt16) -> cnfq_account? {
        var account = cnfq_account()
        return unsafe cnfq_account_read(file, number, &account) == 0 ? account : nil
    }
}
