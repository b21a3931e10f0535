// SPDX-License-Identifier: Apache-2.0

/// The keys of the module in the configuration and in `neti-ctl hook set`. Their words are those of tc-netem(8) where
/// they mean the same.
enum ImpairKey: String, CaseIterable {
    case delay, jitter, distribution, loss, duplicate, reorder, corrupt, rate, limit, seed, match
}

/// What is wrong with the value of a key.
struct ImpairProblem: Error, Equatable {
    let key: ImpairKey
    let message: String
}
