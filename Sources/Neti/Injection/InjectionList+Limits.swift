// SPDX-License-Identifier: Apache-2.0

import Synchronization

extension InjectionList {
    /// What it may take.
    public var limits: InjectionLimits { allowed.withLock { $0 } }

    /// Changes what it may take, while packets come and go. Those that are on it stay, tickets too, also where it holds more
    /// than it may: then it takes more when it holds less.
    ///
    /// - Parameter limits: values out of their range are moved into it.
    /// - Throws: `ENOMEM` when there is no memory for more; nothing has changed then.
    public func change(_ limits: InjectionLimits) throws(NetiError) {
        try allowed.withLock { allowed throws(NetiError) in
            let limits = limits.bounded
            // What can fail comes first. Places before packets, which find them then.
            try inboxes.hold(packets: limits.packets)
            try memory.allow(chunks: limits.bytes / Self.chunkSize)
            packetLimit.store(limits.packets, ordering: .releasing)
            injectionLimit.store(limits.injections, ordering: .relaxed)
            allowed = limits
        }
    }
}
