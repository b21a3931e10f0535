// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Cleans up when the demo is interrupted by Ctrl-C or ended by SIGTERM.
///
/// The signals are blocked in every thread but one, which waits for them, so that cleaning up is ordinary code.
final class Interruption: Sendable {
    private let actions = Mutex<[@Sendable () -> Void]>([])

    init() {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGINT)
        unsafe sigaddset(&signals, SIGTERM)
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
        var thread = pthread_t()
        unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<Interruption>.fromOpaque(argument).takeRetainedValue().wait()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
    }

    /// Adds something to do; the last that was added is done first.
    func onSignal(_ action: @escaping @Sendable () -> Void) {
        actions.withLock { $0.append(action) }
    }

    private func wait() {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGINT)
        unsafe sigaddset(&signals, SIGTERM)
        var signal: Int32 = 0
        unsafe sigwait(&signals, &signal)
        for action in actions.withLock({ $0.reversed() }) { action() }
        _exit(128 + signal)
    }
}
