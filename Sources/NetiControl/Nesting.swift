// SPDX-License-Identifier: Apache-2.0

/// Whether a JSON text has arrays and objects in each other deeper than anything of ours: `JSONDecoder` ends the process
/// on an unfinished text that is 513 deep.
package func isNestedTooDeeply(_ json: some Sequence<UInt8>) -> Bool {
    var depth = 0
    var isInString = false
    var isEscaped = false
    for byte in json {
        if isInString {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isInString = false
            }
            continue
        }
        switch byte {
        case UInt8(ascii: "\""): isInString = true
        case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
        case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
        default: break
        }
        if depth > 100 { return true }
    }
    return false
}
