// SPDX-License-Identifier: Apache-2.0

public import Neti
import SystemPackage

extension LinuxProvider {
    /// Begins to copy packets whose verdict is known, until ``stopCapture(_:)``.
    ///
    /// While there is a capture, each packet that it takes costs its pump a copy; while there is none, one look at a flag.
    /// ARP packets and what hooks on `OBSERVING` are shown are not captured.
    /// - Throws: `EBUSY` when there are four already.
    public func startCapture(_ filter: CaptureFilter) throws(NetiError) -> PacketCapture {
        let capture = PacketCapture(filter, lanes: lanes)
        guard captures.add(capture) else {
            throw NetiError(.resourceBusy, "there are \(CaptureSwitch.limit) captures, no more may be")
        }
        return capture
    }

    /// Ends a capture; what waits in it can still be read.
    public func stopCapture(_ capture: PacketCapture) {
        captures.remove(capture)
    }

    /// Gives back the memory of captures that ended while a pump was inside. Never waits; to be called now and then.
    public func reclaimCaptures() {
        captures.reclaim()
    }
}
