// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// Reads arguments of the form `key=value`.
///
/// - Throws: what a user got wrong: an argument that isn't of this form, a key that is there twice.
func keyValues(_ arguments: [String]) throws(ValidationError) -> [String: String] {
    var values: [String: String] = [:]
    for argument in arguments {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty else { throw ValidationError("'\(argument)' is not key=value") }
        guard values.updateValue(parts[1], forKey: parts[0]) == nil else {
            throw ValidationError("'\(parts[0])' is given twice")
        }
    }
    return values
}
