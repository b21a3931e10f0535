// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import NetiControl

/// `neti-ctl save`.
struct SaveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "save",
        abstract: "Write to the configuration file what was changed without --save.",
        discussion: """
            That is what 'hook add', 'hook remove', 'hook move', 'instance add' and 'instance remove' have changed since \
            the daemon read the file; 'hook list' and 'instance list' mark it "not saved". Comments, order and everything \
            else stay as they are. A file that somebody changed since the daemon read it is left alone. neti-ctl itself \
            writes the file, which takes the right to do so.

            EXAMPLES
              neti-ctl save
              neti-ctl save --config /srv/neti.toml
            """)

    @OptionGroup var file: ConfigurationFileOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try output.show(try connection.edit(SaveConfiguration(), file)) { reply, _ in
            reply.file == nil ? ["nothing to save"] : []
        }
    }
}
