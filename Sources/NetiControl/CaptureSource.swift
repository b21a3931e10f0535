// SPDX-License-Identifier: Apache-2.0

/// Where the replies to one ``Capture`` come from. What waits there is bounded, and nobody waits for its reader.
public protocol CaptureSource: Sendable {
    /// Packets that wait, or those of the next moment, or only a new number of lost ones; nil after ``finish()``.
    ///
    /// For one reader at a time.
    func next() async -> Capture.Reply?

    /// Ends the capture and lets the reader go. May be called more than once.
    func finish()
}
