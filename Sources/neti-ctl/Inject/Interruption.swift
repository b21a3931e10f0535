// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Ctrl-C as a wish to come to an end; a second one ends the program at once.
enum Interruption {
    private static let wish = Atomic(false)

    /// Whether it was pressed since ``watch()``.
    static var isWished: Bool { wish.load(ordering: .relaxed) }

    /// Takes SIGINT from now on.
    static func watch() {
        // Made before a signal handler touches it.
        wish.store(false, ordering: .relaxed)
        var action = sigaction()
        unsafe action.__sigaction_handler.sa_handler = { _ in Interruption.wish.store(true, ordering: .relaxed) }
        action.sa_flags = CInt(truncatingIfNeeded: SA_RESETHAND)
        unsafe sigaction(SIGINT, &action, nil)
    }
}
