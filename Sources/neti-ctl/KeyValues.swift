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

/// What a table of the configuration is to have beside what options say.
struct KeyValueArguments: ParsableArguments {
    @Argument(help: ArgumentHelp("A further key of its table, and its value.", valueName: "key=value"))
    var values: [String] = []

    /// The parameter of a call.
    ///
    /// - Throws: what a user got wrong.
    var parameter: [String: String]? {
        get throws(ValidationError) {
            let values = try keyValues(values)
            return values.isEmpty ? nil : values
        }
    }
}
