// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// How an answer is printed.
struct OutputOptions: ParsableArguments {
    @Flag(name: .long, help: "Print the daemon's answer as JSON, keys sorted, instead of text.")
    var json = false

    /// Prints the answer itself, or what `text` makes of it for the width of the terminal.
    ///
    /// - Throws: exit status 1, after one line on standard error, when nobody takes it.
    func show<Reply: Encodable>(_ reply: Reply, text: (Reply, _ width: Int?) -> [String]) throws {
        if json {
            print(try jsonText(reply))
        } else {
            for line in text(reply, Terminal.width) {
                print(line)
            }
        }
        try Terminal.flush()
    }
}
