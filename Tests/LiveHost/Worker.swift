// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Glibc
public import Neti
import Synchronization
import SystemPackage

/// A plain thread that does one thing beside the test and hands back what came of it.
public final class Worker<Value: Sendable>: Sendable {
    private let outcome: Outcome<Value>
    private let thread: pthread_t

    /// Starts it; somebody must ``join()`` it.
    public init(_ body: @escaping @Sendable () throws(NetiError) -> Value) throws(NetiError) {
        let outcome = Outcome<Value>()
        self.outcome = outcome
        thread = try startThread { outcome.fill(with: body) }
    }

    /// Whether it has come to its end.
    public var isDone: Bool { outcome.isFilled }

    /// Waits for its end and returns its result. Called exactly once.
    public func join() throws(NetiError) -> Value {
        pthread_join(thread, nil)
        return try outcome.take()
    }
}

private final class Outcome<Value: Sendable>: Sendable {
    private let result = Mutex<Result<Value, NetiError>?>(nil)

    var isFilled: Bool { result.withLock { $0 != nil } }

    func fill(with body: @Sendable () throws(NetiError) -> Value) {
        let outcome: Result<Value, NetiError>
        do throws(NetiError) {
            outcome = .success(try body())
        } catch {
            outcome = .failure(error)
        }
        result.withLock { $0 = outcome }
    }

    func take() throws(NetiError) -> Value {
        guard let outcome = result.withLock({ $0 }) else { throw NetiError(.canceled, "a worker without a result") }
        return try outcome.get()
    }
}

private final class Start: Sendable {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) {
        self.body = body
    }
}

private func startThread(_ body: @escaping @Sendable () -> Void) throws(NetiError) -> pthread_t {
    let start = unsafe Unmanaged.passRetained(Start(body))
    var thread = pthread_t()
    let code = unsafe pthread_create(
        &thread, nil,
        { argument in
            guard let argument = unsafe argument else { return nil }
            _ = unsafe clnx_thread_name("live-worker")
            unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().body()
            return nil
        }, start.toOpaque())
    guard code == 0 else {
        unsafe start.release()
        throw NetiError(Errno(rawValue: code), "can't start a thread")
    }
    return thread
}
