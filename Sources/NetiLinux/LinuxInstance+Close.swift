// SPDX-License-Identifier: Apache-2.0

import Neti
import Synchronization

extension LinuxInstance {
    /// Takes rules, queues and all the rest away, once. Waits for the pumps.
    func close() {
        changing.withLock { _ in closeForGood() }
    }

    private func closeForGood() {
        instance.injection.close()
        let (onExit, queues, kstats, steering, taps, injector, injectionKstat) = state.withLock { state in
            state.isClosed = true
            defer {
                state.queues = []
                state.kstats = nil
                state.taps = [:]
                state.steering = nil
                state.timestamps = nil
                state.injector = nil
                state.injectionKstat = nil
            }
            return (
                state.configuration.onExit, state.queues, state.kstats, state.steering, state.taps.values,
                state.injector, state.injectionKstat
            )
        }
        for tap in taps { provider.pumps.remove(tap) }
        // An owned table goes with its socket, and with its chains every packet that waits: it has to outlive them.
        withExtendedLifetime(steering) {
            if onExit == .open { try? steering?.steer([]) }
            let deadline = ContinuousClock.now + .milliseconds(250)
            for queue in queues { queue.drain(until: deadline) }
            kstats?.delete()
            for queue in queues { provider.pumps.remove(queue) }
            steering?.removeLeftTables()
        }
        if let injector { provider.injection.remove(injector) }
        injectionKstat?.delete()
    }
}
