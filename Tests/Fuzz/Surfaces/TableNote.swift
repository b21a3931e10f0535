// SPDX-License-Identifier: Apache-2.0

import NetiLinux

/// `TableOwner`: the user data of an nftables table, which anybody may have made.
struct TableNote: Surface {
    var words: [[UInt8]] {
        ["neti", " ", "\0", "-1", "2147483648", "18446744073709551616", "+1", "\u{301}"].map { Array($0.utf8) }
    }

    func lengthFields(of input: [UInt8]) -> [LengthField] { [LengthField(offset: 1, width: 1, order: .network)] }

    func repair(_ input: inout [UInt8]) {
        if input.count >= 2 { input[1] = UInt8(clamping: input.count - 2) }
    }

    func feed(_ input: [UInt8]) throws -> Bool {
        guard let owner = TableOwner(userData: input) else { return false }
        try require(TableOwner(userData: owner.userData) == owner, "\(owner) is written as something else")
        return true
    }
}
