// SPDX-License-Identifier: Apache-2.0

import Kstat
import Synchronization
import SystemPackage

extension InjectionList {
    /// Nanoseconds until a provider is asked again that couldn't prepare injection.
    private static let pause: UInt64 = 1_000_000_000

    /// Gives the list what drives it, once. For the provider.
    public func attach(_ driver: InjectionDriver) {
        self.driver.withLock { current in
            guard current == nil, !isClosed.load(ordering: .acquiring) else { return }
            current = driver
            driverBits.store(unsafe UInt(bitPattern: Unmanaged.passUnretained(driver).toOpaque()), ordering: .releasing)
        }
    }

    /// Takes nothing more. For the provider, which then has its consumer take off what is left, once.
    public func close() {
        isClosed.store(true, ordering: .sequentiallyConsistent)
    }

    /// The driver, without a reference count; it lives as long as the list.
    @inline(__always)
    func currentDriver() throws(InjectionError) -> Unmanaged<InjectionDriver> {
        guard !isClosed.load(ordering: .acquiring) else { throw InjectionError(.deadInstance) }
        if let driver = unsafe attached { return unsafe driver }
        return try unsafe prepareDriver()
    }

    @inline(never)
    private func prepareDriver() throws(InjectionError) -> Unmanaged<InjectionDriver> {
        let now = UInt64(KstatTime.now.nanoseconds)
        guard now >= nextAttempt.load(ordering: .relaxed) else { throw InjectionError(.unavailable) }
        do throws(NetiError) {
            try prepare()
        } catch {
            switch error.errno {
            case .socketShutdown: throw InjectionError(.deadInstance)
            case .notSupported: throw InjectionError(.unsupported)
            default: nextAttempt.store(now + Self.pause, ordering: .relaxed)
            }
            throw InjectionError(.unavailable)
        }
        guard let driver = unsafe attached else {
            throw InjectionError(isClosed.load(ordering: .acquiring) ? .deadInstance : .unsupported)
        }
        return unsafe driver
    }

    @inline(__always)
    private var attached: Unmanaged<InjectionDriver>? {
        let bits = driverBits.load(ordering: .acquiring)
        guard let pointer = unsafe UnsafeRawPointer(bitPattern: bits) else { return nil }
        return unsafe Unmanaged.fromOpaque(pointer)
    }
}
