// SPDX-License-Identifier: Apache-2.0

import CNetfilterQueue
import Neti
import NetiLinux
import SystemPackage

/// Takes a queue number in a namespace as another program would, until the descriptor is closed.
func takeQueue(_ number: UInt16, in namespace: Namespace) throws -> Int32 {
    let broker = try NamespaceBroker()
    defer { broker.stop() }
    return try broker.run(in: namespace) { () throws(NetiError) in
        var config = cnfq_config()
        config.queue = number
        config.copy_mode = UInt8(CNFQ_COPY_META)
        var opened = cnfq_opened()
        let code = unsafe cnfq_open(&config, &opened)
        guard code == 0 else { throw NetiError(.ioError, "can't open queue \(number)") }
        return opened.fd
    }
}
