// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import NetiControl

/// Whether a change of the running daemon is written to its configuration file.
struct SaveOptions: ParsableArguments {
    @Flag(
        name: .long, help: "Write the change to the configuration file too, with nothing changed there but that.")
    var save = false

    @OptionGroup var file: ConfigurationFileOptions

    /// The parameter of a call.
    var parameter: Bool? { save ? true : nil }
}

/// Which file may be written.
struct ConfigurationFileOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp("The daemon's configuration file, where it may be written.", valueName: "path"),
        completion: .file())
    var config = "/etc/neti/neti.toml"
}

extension ConnectionOptions {
    /// Makes a call that changes the configuration or saves it, and writes the file if the answer says what.
    ///
    /// - Throws: exit status 1, after one line on standard error.
    func edit<Method: ControlMethod>(
        _ method: Method, _ file: ConfigurationFileOptions
    ) throws(ExitCode) -> Method.Reply where Method.Reply == ConfigurationEditing.Reply {
        let reply = try call(method, timeout: Self.changeTimeout)
        guard let edit = reply.file else { return reply }
        do throws(FileEditError) {
            try ConfigurationFileWriter.write(edit, allowed: file.config)
        } catch {
            let advice = method is SaveConfiguration ? "" : "; 'neti-ctl save' tries again"
            complain("not saved, though in force: \(error)\(advice)")
            throw .failure
        }
        // The daemon notices that the file is written when it is asked, not before.
        _ = try call(GetStatus())
        return reply
    }
}
