// SPDX-License-Identifier: Apache-2.0

import NetiDaemon

/// The file in which persistent kstats outlive the daemon.
struct KstatStateText: Surface {
    var isText: Bool { true }

    var words: [[UInt8]] {
        ControlWords.json
            + [
                #""kstats":["#, #""version":1,"#, #""type":3,"#, #""flags":12,"#, #""values":["#, #""uint64""#,
                #""char""#,
                #""name":"raw","type":"string","value":"00""#, #""18446744073709551615""#, #""nan""#, #""-inf""#,
            ].map { Array($0.utf8) }
    }

    func feed(_ input: [UInt8]) throws -> Bool {
        guard let state = try? KstatState(input) else { return false }
        let (bytes, count) = try state.encoded()
        try require(count == state.kstats.count, "some are left out of a small file")
        try require(try KstatState(bytes) == state, "\(state) is written as something else")
        try require(state.kstats.allSatisfy { $0.data != nil }, "a kstat without data")
        return true
    }
}
