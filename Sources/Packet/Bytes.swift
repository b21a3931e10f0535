// SPDX-License-Identifier: Apache-2.0

// The only loads and stores without a length check. A view checks the length of its header once, when it is made;
// after that its field offsets are constants below that length. Debug builds check every access again.

extension RawSpan {
    @inlinable @inline(__always)
    func byte(at offset: Int) -> UInt8 {
        assert(offset >= 0 && offset < byteCount)
        return unsafe unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
    }

    @inlinable @inline(__always)
    func bigEndian16(at offset: Int) -> UInt16 {
        assert(offset >= 0 && offset + 2 <= byteCount)
        return UInt16(bigEndian: unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt16.self))
    }

    @inlinable @inline(__always)
    func bigEndian32(at offset: Int) -> UInt32 {
        assert(offset >= 0 && offset + 4 <= byteCount)
        return UInt32(bigEndian: unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt32.self))
    }

    @inlinable @inline(__always)
    func bigEndian64(at offset: Int) -> UInt64 {
        assert(offset >= 0 && offset + 8 <= byteCount)
        return UInt64(bigEndian: unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self))
    }

    /// Four bytes in the processor's order, for sums that don't depend on it (RFC 1071, section 2 B).
    @inlinable @inline(__always)
    func native32(at offset: Int) -> UInt32 {
        assert(offset >= 0 && offset + 4 <= byteCount)
        return unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt32.self)
    }

    /// A number in network byte order anywhere in the bytes; nil if it isn't all there.
    ///
    /// For reading what no view covers.
    @inlinable
    public func loadBigEndian<Value: FixedWidthInteger & BitwiseCopyable>(_ type: Value.Type, at offset: Int) -> Value?
    {
        guard offset >= 0, offset <= byteCount - MemoryLayout<Value>.size else { return nil }
        return Value(bigEndian: unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: Value.self))
    }

    /// The rest of the bytes from an offset that the caller has checked.
    @inlinable @inline(__always)
    @_lifetime(copy self)
    func suffix(from offset: Int) -> RawSpan {
        assert(offset >= 0 && offset <= byteCount)
        return unsafe extracting(unchecked: offset..<byteCount)
    }

    /// The first bytes, up to a count that the caller has checked.
    @inlinable @inline(__always)
    @_lifetime(copy self)
    func prefix(_ count: Int) -> RawSpan {
        assert(count >= 0 && count <= byteCount)
        return unsafe extracting(unchecked: 0..<count)
    }
}

extension MutableRawSpan {
    @inlinable @inline(__always)
    @_lifetime(self: copy self)
    mutating func store(_ value: UInt8, at offset: Int) {
        assert(offset >= 0 && offset < byteCount)
        unsafe storeBytes(of: value, toUncheckedByteOffset: offset, as: UInt8.self)
    }

    @inlinable @inline(__always)
    @_lifetime(self: copy self)
    mutating func storeBigEndian(_ value: UInt16, at offset: Int) {
        assert(offset >= 0 && offset + 2 <= byteCount)
        unsafe storeBytes(of: value.bigEndian, toUncheckedByteOffset: offset, as: UInt16.self)
    }

    @inlinable @inline(__always)
    @_lifetime(self: copy self)
    mutating func storeBigEndian(_ value: UInt32, at offset: Int) {
        assert(offset >= 0 && offset + 4 <= byteCount)
        unsafe storeBytes(of: value.bigEndian, toUncheckedByteOffset: offset, as: UInt32.self)
    }

    @inlinable @inline(__always)
    @_lifetime(self: copy self)
    mutating func storeBigEndian(_ value: UInt64, at offset: Int) {
        assert(offset >= 0 && offset + 8 <= byteCount)
        unsafe storeBytes(of: value.bigEndian, toUncheckedByteOffset: offset, as: UInt64.self)
    }

    /// Copies bytes for which the caller has made room.
    @_lifetime(self: copy self)
    mutating func copy(_ source: RawSpan, to offset: Int) {
        var index = 0
        while index &+ 8 <= source.byteCount {
            storeBigEndian(source.bigEndian64(at: index), at: offset &+ index)
            index &+= 8
        }
        while index < source.byteCount {
            store(source.byte(at: index), at: offset &+ index)
            index &+= 1
        }
    }
}
