// SPDX-License-Identifier: Apache-2.0

public import Hooks
import Kstat
public import Neti
import Synchronization

/// The module `count`: lets every packet pass and counts it.
///
/// Its kstat `count:0:HOOK`, of class `net`, has the packets and bytes that the hook of that name has seen in the IP
/// instance. It is persistent, so the counters go on after a restart of the daemon, and writable, so they can be set back.
public final class CountModule: HookModule {
    /// `count`.
    public static let moduleName = "count"

    /// What is added to the lanes' sums: from before the start, or because somebody wrote.
    private struct Base {
        var packets: UInt64 = 0
        var bytes: UInt64 = 0
    }

    private let hookName: String
    private let counters: LaneCounters
    private let base = Mutex(Base())
    private let kstat = Mutex<Kstat?>(nil)
    private let notes = Mutex<[String]>([])

    /// Needs nothing of its own.
    public init(_ settings: HookModuleSettings) {
        hookName = settings.hookName
        counters = LaneCounters(lanes: settings.lanes)
    }

    /// The same for every event.
    public func function(family: NetworkFamily, event: NetworkEvent) -> Hook<PacketEvent>.Function {
        { [self] packet in
            counters.count(bytes: packet.metadata.length, lane: packet.lane)
            return .pass
        }
    }

    /// Creates the kstat. A hook whose kstat can't be created works without, and says so in the log.
    public func createKstats(in netinfo: Netinfo, netid: NetID) {
        do {
            try createKstat(in: netinfo, netid: netid)
        } catch {
            notes.withLock { $0.append("counts nothing: \(error)") }
        }
    }

    private func createKstat(in netinfo: Netinfo, netid: NetID) throws {
        let kstat = try netinfo.createKstat(
            netid: netid, module: Self.moduleName, name: hookName, class: "net", count: 2,
            flags: [.persistent, .writable])
        let owner = KstatOwner(
            data: .named([NamedValue("packets", .uint64(0)), NamedValue("bytes", .uint64(0))]),
            update: { [weak self] data, access throws(KstatError) in self?.update(&data, access) })
        do throws(KstatError) {
            try netinfo.kstats.install(kstat, owner: owner)
            self.kstat.withLock { $0 = kstat }
        } catch {
            try? netinfo.deleteKstat(netid: netid, kstat)
            throw error
        }
    }

    /// Why it counts nothing, once.
    public func takeLogLines() -> [String] {
        notes.withLock { notes in
            defer { notes = [] }
            return notes
        }
    }

    /// Lets the kstat sleep.
    public func deleteKstats(in netinfo: Netinfo, netid: NetID) {
        guard let kstat = kstat.withLock({ $0.take() }) else { return }
        try? netinfo.deleteKstat(netid: netid, kstat)
    }

    private func update(_ data: inout KstatData, _ access: KstatAccess) {
        let (packets, bytes) = counters.totals
        base.withLock { base in
            switch access {
            case .read:
                data = .named([
                    NamedValue("packets", .uint64(base.packets &+ packets)),
                    NamedValue("bytes", .uint64(base.bytes &+ bytes)),
                ])
            case .write:
                guard case .named(let fields) = data, fields.count == 2,
                    case .uint64(let writtenPackets) = fields[0].value,
                    case .uint64(let writtenBytes) = fields[1].value
                else { return }
                base = Base(packets: writtenPackets &- packets, bytes: writtenBytes &- bytes)
            }
        }
    }
}
