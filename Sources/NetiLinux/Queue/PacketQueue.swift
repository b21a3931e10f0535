// SPDX-License-Identifier: Apache-2.0

import CNetfilterQueue
import Glibc
import Hooks
import Neti
import Synchronization
import SystemPackage

/// One netfilter queue of one instance: the socket, what it counts, and what the pump needs to know.
///
/// Opened inside the instance's namespace by the broker, turned from the daemon's own namespace by a pump.
@safe
public final class PacketQueue: PumpSource, @unchecked Sendable {
    /// A queue's figures, the daemon's and the kernel's.
    public struct Status: Sendable {
        /// The queue's number in its namespace.
        public var number: UInt16
        /// What the pump counted.
        public var statistics: QueueStatistics.Snapshot
        /// Packets that wait for a verdict.
        public var waiting: UInt32
        /// Packets that the kernel dropped because the queue was full.
        public var queueFullDrops: UInt32
        /// Packets that the kernel dropped because the socket's receive buffer was full.
        public var socketFullDrops: UInt32
        /// Whether the kernel has told the last three, which are 0 otherwise.
        var hasAccount: Bool
    }

    let number: UInt16
    let socket: Int32
    /// The kernel's accounts of the namespace's queues.
    let accounts: QueueAccounts
    private let statistics = QueueStatistics()
    private let instance: Instance
    private let injected: InjectedPackets

    /// What the pump holds; valid as long as this object.
    private let pumped: UnsafeMutablePointer<PumpedQueue>

    /// Opens the queue in its namespace. From then on the number is ours; nothing arrives before there is a rule.
    ///
    /// - Parameters:
    ///   - accounts: those of that namespace if another queue has opened them.
    ///   - injected: by which packets are known again that the instance injected.
    ///   - zone: the inode of that namespace.
    /// - Throws: `EBUSY` when somebody else holds the number, `EPERM` without `CAP_NET_ADMIN`, `ENOPROTOOPT` and the
    ///   like when the kernel lacks a feature.
    init(
        number: UInt16, instance: Instance, accounts: QueueAccounts?, injected: InjectedPackets,
        in namespace: Namespace, zone: UInt64, configuration: InstanceConfiguration, broker: NamespaceBroker
    ) throws(NetiError) {
        let config = cnfq_config(number: number, configuration)
        let name = instance.name
        let opened = try broker.run(in: namespace) { () throws(NetiError) in
            try Opened(config, accounts, instance: name)
        }
        self.number = number
        self.instance = instance
        self.injected = injected
        socket = opened.socket
        self.accounts = opened.accounts
        let role = Atomic(configuration.role(ofQueue: number).rawValue)
        unsafe pumped = .allocate(capacity: 1)
        unsafe pumped.initialize(
            to: PumpedQueue(
                socket: socket, number: number, netid: instance.netid, zone: zone, role: role,
                statistics: .passUnretained(statistics), injection: .passUnretained(instance.injection),
                injected: .passUnretained(injected), inet: PumpedQueue.Chains(of: instance.protocolHandle(.inet)),
                inet6: PumpedQueue.Chains(of: instance.protocolHandle(.inet6))))
    }

    deinit {
        unsafe pumped.deallocate()
        close(socket)
    }

    /// Says which packets come here from now on. Those that wait are taken for such packets too.
    func setRole(_ configuration: InstanceConfiguration) {
        unsafe pumped.pointee.role.store(configuration.role(ofQueue: number).rawValue, ordering: .relaxed)
    }

    /// Changes what the kernel does with the queue's packets, while they flow.
    ///
    /// - Throws: `ENOTSUP` when the kernel lacks a feature, and what the system says; in any case nothing has changed but
    ///   perhaps the receive buffer.
    func reconfigure(_ configuration: InstanceConfiguration) throws(NetiError) {
        var config = cnfq_config(number: number, configuration)
        var refused: UInt32 = 0
        let code = unsafe cnfq_reconfigure(socket, &config, &refused)
        guard code != 0 else { return }
        throw Opened.refusal(code, config, cnfq_opened(refused: refused), instance.name)
    }

    /// The address of what the pump holds.
    var token: UInt64 { unsafe UInt64(UInt(bitPattern: pumped)) }

    var load: Int { unsafe pumped.pointee.flags.isEmpty ? PumpPlacement.most : PumpPlacement.least }

    /// Its number, for messages.
    public var description: String { "queue \(number)" }

    /// The figures of now.
    public var status: Status {
        let account = account
        return Status(
            number: number, statistics: statistics.snapshot, waiting: account?.waiting ?? 0,
            queueFullDrops: account?.queue_dropped ?? 0, socketFullDrops: account?.socket_dropped ?? 0,
            hasAccount: account != nil)
    }

    /// Waits until the pump has answered what was waiting, but no longer than until `deadline`.
    ///
    /// Called after the steering rules are gone, so that stopping loses no packet.
    func drain(until deadline: ContinuousClock.Instant) {
        while let account, account.waiting > 0, ContinuousClock.now < deadline { usleep(1000) }
    }

    private var account: cnfq_account? {
        accounts.account(ofQueue: number)
    }
}

/// What a queue needs from inside its namespace.
private struct Opened: Sendable {
    let socket: Int32
    let accounts: QueueAccounts

    init(_ config: cnfq_config, _ known: QueueAccounts?, instance: String) throws(NetiError) {
        var config = config
        var opened = cnfq_opened()
        let code = unsafe cnfq_open(&config, &opened)
        guard code == 0 else { throw Self.refusal(code, config, opened, instance) }
        do throws(Errno) {
            // Not before there is a queue: the kernel may have to load its module first.
            accounts = if let known { known } else { try QueueAccounts() }
        } catch {
            close(opened.fd)
            throw NetiError(error, "instance '\(instance)': can't read /proc/net/netfilter/nfnetlink_queue")
        }
        socket = opened.fd
    }

    static func refusal(
        _ code: Int32, _ config: cnfq_config, _ opened: cnfq_opened, _ instance: String
    ) -> NetiError {
        let queue = "instance '\(instance)': queue \(config.queue)"
        if code == -EPERM {
            var account = cnfq_account()
            if unsafe cnfq_queue_owner(config.queue, &account) == 0 {
                return NetiError(
                    .resourceBusy,
                    "\(queue) is held by another program (netlink port \(account.port)); choose other numbers by "
                        + "'queue' or stop that program")
            }
            return NetiError(.notPermitted, "\(queue): CAP_NET_ADMIN is missing")
        }
        if code == -EOPNOTSUPP {
            let lacking = [
                (CNFQ_FAIL_OPEN, "fail-open"), (CNFQ_CONNTRACK, "conntrack"), (CNFQ_GSO, "gso"),
                (CNFQ_UID_GID, "uid-gid"),
            ].filter { opened.refused_flags & UInt32($0.0) != 0 }.map(\.1)
            return NetiError(
                .notSupported, "\(queue): this kernel can't do '\(lacking.joined(separator: "', '"))'")
        }
        if code == -EINVAL {
            return NetiError(.invalidArgument, "\(queue): the kernel refuses; is nfnetlink_queue there?")
        }
        return NetiError(Errno(rawValue: -code), "can't open \(queue)")
    }
}

extension InstanceConfiguration {
    /// What a queue tells of its inbound packets' link-layer destination.
    fileprivate func role(ofQueue number: UInt16) -> PacketFlags {
        switch number {
        case multicastQueue: .multicast
        case broadcastQueue: .broadcast
        default: []
        }
    }
}

extension cnfq_opened {
    fileprivate init(refused flags: UInt32) {
        self.init()
        refused_flags = flags
    }
}

extension cnfq_config {
    fileprivate init(number: UInt16, _ configuration: InstanceConfiguration) {
        var flags: UInt32 = 0
        if configuration.failOpen { flags |= UInt32(CNFQ_FAIL_OPEN) }
        if configuration.conntrack { flags |= UInt32(CNFQ_CONNTRACK) }
        if configuration.gso { flags |= UInt32(CNFQ_GSO) }
        if configuration.uidGid { flags |= UInt32(CNFQ_UID_GID) }
        self.init(
            queue: number, copy_mode: UInt8(CNFQ_COPY_PACKET),
            copy_range: min(configuration.copyRange, UInt32(CNFQ_MAX_COPY_RANGE)),
            queue_length: configuration.queueLength, flags: flags, receive_buffer: configuration.receiveBuffer,
            send_buffer: VerdictBuffer.capacity)
    }
}
