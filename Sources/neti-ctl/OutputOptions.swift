// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FoundationEssentials

/// How an answer is printed.
struct OutputOptions: ParsableArguments {
    @Flag(name: .long, help: "Print the daemon's answer as JSON, keys sorted, instead of text.")
    var json = false

    /// Prints the answer itself, or what `text` makes of it for the width of the terminal.
    func show<Reply: Encodable>(_ reply: Reply, text: (Reply, _ width: Int?) -> [String]) throws {
        if json {
            print(try jsonText(reply))
        } else {
            for line in text(reply, Terminal.width) {
                print(line)
            }
        }
    }
}

/// JSON for people and programs, the same for the same answer.
func jsonText(_ reply: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(reply), as: UTF8.self)
}
