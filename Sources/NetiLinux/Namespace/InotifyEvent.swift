// SPDX-License-Identifier: Apache-2.0

/// One message of inotify(7): something happened in a watched folder, or to it.
package struct InotifyEvent: Equatable {
    /// Which watch it belongs to (`wd`); -1 when messages were lost.
    package var watch: Int32
    /// What happened: `IN_CREATE` and the like.
    package var mask: UInt32
    /// What it happened to; empty when that is the folder itself.
    package var name: String

    /// Bytes before the name: `wd`, `mask`, `cookie`, `len`, of four bytes each.
    private static let headerSize = 16

    /// Takes apart what one read(2) brought. What is cut short at the end is left out.
    package static func decode(_ bytes: borrowing RawSpan) -> [InotifyEvent] {
        var events: [InotifyEvent] = []
        var offset = 0
        while bytes.byteCount - offset >= headerSize {
            let length = Int(bytes.number(at: offset + 12))
            let name = offset + headerSize
            guard length <= bytes.byteCount - name else { break }
            events.append(
                InotifyEvent(
                    watch: Int32(bitPattern: bytes.number(at: offset)), mask: bytes.number(at: offset + 4),
                    name: bytes.text(in: name..<name + length)))
            offset = name + length
        }
        return events
    }
}

extension RawSpan {
    /// Four bytes in the order of this machine, which has to be certain to have them.
    fileprivate func number(at offset: Int) -> UInt32 {
        unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self)
    }

    /// A text that ends at its first null byte.
    fileprivate func text(in range: Range<Int>) -> String {
        unsafe extracting(range).withUnsafeBytes { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
