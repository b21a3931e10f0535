// SPDX-License-Identifier: Apache-2.0

import Logging
import Neti
import NetiLinux

/// Tells the log when packets were lost, once in an interval and with the setting that helps.
///
/// Used by one task.
struct LossReport {
    /// What can go wrong between the kernel and the hooks, with its remedy.
    private enum Loss: CaseIterable, Hashable {
        case queueFull
        case socketFull
        case receiving
        case sending

        func count(_ status: PacketQueue.Status) -> UInt64 {
            switch self {
            case .queueFull: UInt64(status.queueFullDrops)
            case .socketFull: UInt64(status.socketFullDrops)
            case .receiving: status.statistics.receiveErrors + status.statistics.malformed
            case .sending: status.statistics.verdictErrors
            }
        }

        func sentence(_ count: UInt64) -> String {
            switch self {
            case .queueFull:
                "the kernel dropped \(count) packets because the queue was full; a larger 'queue-length', more 'queues' "
                    + "or quicker hooks help"
            case .socketFull:
                "the kernel dropped \(count) packets because the receive buffer was full; a larger 'receive-buffer' helps"
            case .receiving: "\(count) messages of the kernel could not be received or read"
            case .sending: "sending verdicts failed \(count) times"
            }
        }
    }

    private struct Key: Hashable {
        let netid: NetID
        let queue: UInt16
        let loss: Loss
    }

    /// What an instance has counted.
    struct Figures {
        let name: String
        let netid: NetID
        let passedUnseen: UInt64
        let queues: [PacketQueue.Status]
    }

    private var told: [Key: UInt64] = [:]
    private var toldUnseen: [NetID: UInt64] = [:]

    /// Looks at all queues and tells what has been lost since the last look.
    mutating func look(at engine: Engine, logger: Logger) {
        let figures = engine.entries.compactMap(\.running?.instance).map { instance in
            let status = engine.provider.status(of: instance)
            return Figures(
                name: instance.name, netid: instance.netid, passedUnseen: status?.passedUnseen ?? 0,
                queues: status?.queues ?? [])
        }
        look(at: figures, logger: logger)
    }

    /// The same for these instances, which are all that there are: one that isn't among them counts from 0 when it is again.
    mutating func look(at instances: [Figures], logger: Logger) {
        var seen: [Key: UInt64] = [:]
        for instance in instances {
            tellUnseen(in: instance, logger: logger)
            for queue in instance.queues {
                for loss in Loss.allCases {
                    let key = Key(netid: instance.netid, queue: queue.number, loss: loss)
                    let count = loss.count(queue)
                    seen[key] = count
                    let before = told[key] ?? 0
                    guard count > before else { continue }
                    logger.warning(
                        "instance '\(instance.name)', queue \(queue.number): \(loss.sentence(count - before))",
                        metadata: ["instance": "\(instance.name)", "netid": "\(instance.netid)"])
                }
            }
        }
        told = seen
        toldUnseen = Dictionary(instances.map { ($0.netid, $0.passedUnseen) }) { max($0, $1) }
    }

    /// Tells what no hook has seen, with `fail-open`.
    private func tellUnseen(in instance: Figures, logger: Logger) {
        let before = toldUnseen[instance.netid] ?? 0
        guard instance.passedUnseen > before else { return }
        let count = instance.passedUnseen - before
        let loss = "the kernel let \(count) packets pass unseen because a queue was full ('fail-open')"
        logger.warning(
            "instance '\(instance.name)': \(loss); a larger 'queue-length', more 'queues' or quicker hooks help",
            metadata: ["instance": "\(instance.name)", "netid": "\(instance.netid)"])
    }
}
