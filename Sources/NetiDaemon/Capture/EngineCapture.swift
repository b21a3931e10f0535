// SPDX-License-Identifier: Apache-2.0

import Neti
import NetiControl
import NetiLinux
import Synchronization

/// One client's capture: takes packets from the pumps' rings and says in names what they say in numbers.
///
/// Nothing runs between two replies: what nobody fetches waits in the rings, and is lost when those are full.
final class EngineCapture: CaptureSource {
    private let capture: PacketCapture
    private let engine: Engine
    private let hook: String?
    private let conditions: CaptureConditions?
    private let snaplen: Int
    private let isFinished = Atomic(false)
    private let state = Mutex(State())

    private struct State {
        var hasBegun = false
        /// What the client was told.
        var lost = 0
        var names = CaptureNames()
        /// When names were looked up last.
        var namesTime = ContinuousClock.now
    }

    /// How often rings are looked at that were empty, and for how long names are right.
    private static let interval = Duration.milliseconds(20)
    private static let namesLifetime = Duration.seconds(1)

    /// Packets of a reply, and their bytes: far below what a reply may be.
    private static let packets = 256
    private static let bytes = 1 << 20

    init(_ capture: PacketCapture, of engine: Engine, hook: String?, conditions: CaptureConditions?, snaplen: Int) {
        self.capture = capture
        self.engine = engine
        self.hook = hook
        self.conditions = conditions
        self.snaplen = snaplen
    }

    deinit {
        finish()
    }

    func finish() {
        guard !isFinished.exchange(true, ordering: .acquiringAndReleasing) else { return }
        engine.provider.stopCapture(capture)
    }

    func next() async -> Capture.Reply? {
        while !isFinished.load(ordering: .acquiring) {
            switch state.withLock({ look(&$0) }) {
            case .reply(let reply): return reply
            case .unwanted: await Task.yield()
            case .nothing: do { try await Task.sleep(for: Self.interval) } catch { return nil }
            }
        }
        return nil
    }

    private enum Found {
        case reply(Capture.Reply)
        /// Packets, but none that the client wants; there may be more.
        case unwanted
        case nothing
    }

    private func look(_ state: inout State) -> Found {
        if !state.hasBegun {
            state.hasBegun = true
            return .reply(Capture.Reply(packets: [], lost: 0))
        }
        if state.namesTime.duration(to: .now) > Self.namesLifetime {
            state.names = CaptureNames()
            state.namesTime = .now
            conditions?.forgetInterfaces()
        }
        let taken = capture.take(atMost: Self.packets, bytes: Self.bytes)
        var packets: [Capture.Packet] = []
        for packet in taken {
            if let conditions, !conditions.match(packet, interfaces: { interfaces(of: packet.netid) }) { continue }
            let told = state.names.packet(packet, snaplen: snaplen, engine: engine)
            if hook == nil || told.hook == hook { packets.append(told) }
        }
        let lost = capture.lost
        if packets.isEmpty, lost == state.lost { return taken.isEmpty ? .nothing : .unwanted }
        state.lost = lost
        return .reply(Capture.Reply(packets: packets, lost: lost))
    }

    private func interfaces(of netid: NetID) -> [(name: String, index: UInt32)] {
        guard let instance = engine.entries.first(where: { $0.netid == netid })?.running?.instance else { return [] }
        return instance.interfaces.current.map { ($0.name, $0.index) }
    }
}
