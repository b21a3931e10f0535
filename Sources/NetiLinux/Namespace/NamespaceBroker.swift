// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Glibc
public import Neti
import Synchronization
import SystemPackage

/// The one thread that enters network namespaces.
///
/// # How it works
///
/// A socket belongs for good to the namespace in which it was opened, so only opening needs to be there. Whoever wants
/// a socket of a namespace hands the broker a piece of work and sleeps until it is done. After each piece the broker
/// goes back to the namespace in which the process started, so that it never keeps a deleted one alive.
///
/// # Why it is a plain thread
///
/// A Swift task started from a thread inside a namespace may run there, and so may every pool thread created meanwhile
/// (measured). Work handed to the broker therefore starts no task and resumes no continuation.
public final class NamespaceBroker: Sendable {
    private let shared: Shared
    private let thread: KernelThread

    /// Starts the thread.
    ///
    /// - Throws: `EMFILE` and the like.
    public init() throws(NetiError) {
        let shared = try Shared()
        self.shared = shared
        thread = try KernelThread(named: "neti-broker") { shared.serve() }
    }

    /// The namespace in which the process started, open as long as the broker lives.
    var home: Int32 { shared.home }

    /// Ends the thread; work handed over before is done first.
    public func stop() {
        shared.queue.withLock { $0.isStopping = true }
        shared.doorbell.ring()
        thread.join()
    }

    /// Runs `body` inside a namespace and returns what it returned.
    ///
    /// Blocks the caller meanwhile. Not to be called from `body` itself.
    /// - Throws: `ENOENT` when the namespace isn't there, `EINVAL` when the file isn't a network namespace, `EPERM`
    ///   without `CAP_SYS_ADMIN`, `ESHUTDOWN` when the broker has stopped; and whatever `body` throws.
    public func run<Value: Sendable>(
        in namespace: Namespace, _ body: @escaping @Sendable () throws(NetiError) -> Value
    ) throws(NetiError) -> Value {
        let outcome = Outcome<Value>()
        let done = Gate()
        let job = Job(namespace: namespace, done: done) { entered in
            outcome.fill(with: entered, then: body)
        }
        let isAccepted = shared.queue.withLock { queue in
            if !queue.isStopping { queue.jobs.append(job) }
            return !queue.isStopping
        }
        guard isAccepted else { throw NetiError(.socketShutdown, "the namespace broker has stopped") }
        shared.doorbell.ring()
        done.wait()
        return try outcome.take()
    }
}

/// A piece of work: called with the error where the namespace could not be entered.
private struct Job: Sendable {
    let namespace: Namespace
    let done: Gate
    let work: @Sendable (_ refusal: NetiError?) -> Void
}

/// Carries a result from the broker's thread to the one that waits for it.
private final class Outcome<Value: Sendable>: Sendable {
    private let result = Mutex<Result<Value, NetiError>?>(nil)

    func fill(with refusal: NetiError?, then body: @Sendable () throws(NetiError) -> Value) {
        let outcome: Result<Value, NetiError>
        if let refusal {
            outcome = .failure(refusal)
        } else {
            do throws(NetiError) {
                outcome = .success(try body())
            } catch {
                outcome = .failure(error)
            }
        }
        result.withLock { $0 = outcome }
    }

    func take() throws(NetiError) -> Value {
        guard let outcome = result.withLock({ $0 }) else {
            throw NetiError(.socketShutdown, "the namespace broker has stopped")
        }
        return try outcome.get()
    }
}

private final class Shared: Sendable {
    struct Queue {
        var jobs: [Job] = []
        var isStopping = false
    }

    let queue = Mutex(Queue())
    let doorbell: Doorbell
    let home: Int32

    init() throws(NetiError) {
        doorbell = try Doorbell()
        home = clnx_namespace_current()
        guard home >= 0 else {
            throw NetiError(Errno(rawValue: -home), "can't open the daemon's own network namespace")
        }
    }

    deinit {
        close(home)
    }

    func serve() {
        var isAway = false
        while true {
            doorbell.wait()
            let (jobs, isStopping) = queue.withLock { queue in
                defer { queue.jobs = [] }
                return (queue.jobs, queue.isStopping)
            }
            for job in jobs {
                if isAway { isAway = clnx_namespace_enter(home) != 0 }
                let refusal = enter(job.namespace, isAway: isAway)
                if case .path = job.namespace, refusal == nil { isAway = true }
                job.work(refusal)
                if isAway { isAway = clnx_namespace_enter(home) != 0 }
                job.done.open()
            }
            if isStopping { return }
        }
    }

    private func enter(_ namespace: Namespace, isAway: Bool) -> NetiError? {
        guard case .path(let path) = namespace else {
            return isAway ? NetiError(.ioError, "can't return to the daemon's own network namespace") : nil
        }
        let file = unsafe clnx_namespace_open(path)
        guard file >= 0 else { return NetiError(Errno(rawValue: -file), "can't open network namespace \(path)") }
        defer { close(file) }
        let code = clnx_namespace_enter(file)
        guard code == 0 else {
            return NetiError(Errno(rawValue: -code), "can't enter network namespace \(path)")
        }
        return nil
    }
}
