// SPDX-License-Identifier: Apache-2.0

package import Neti
package import NetiControl
import SystemPackage

extension Configuration {
    /// The configuration that a client's change makes of this one.
    ///
    /// - Throws: what is wrong with it, in terms of what was asked for.
    package func edited(
        by asked: ConfigurationEditing, modules: [any HookModule.Type]
    ) throws(ControlError) -> Configuration {
        try edited(by: ConfigurationEdit(asked), modules: modules)
    }

    /// The configuration that a change makes of this one: its text is changed, and read and checked as a file's would be.
    ///
    /// - Throws: what is wrong with it, in terms of what was asked for.
    func edited(by edit: ConfigurationEdit, modules: [any HookModule.Type]) throws(ControlError) -> Configuration {
        guard let source else {
            throw .failed(reason: "the configuration isn't from a file, so there is nothing to change")
        }
        let step = try edit.step(in: self)
        var editor = ConfigurationTextEditor(text: source.text)
        do throws(ConfigurationTextEditor.Refusal) {
            try step.apply(to: &editor)
        } catch {
            throw .failed(reason: "\(source.path):\(error.line.map { "\($0):" } ?? "") \(error.message)")
        }
        var edited: Configuration
        do throws(ConfigurationError) {
            let document = try ConfigurationDocument(path: source.path, bytes: editor.text)
            edited = try .load(document, path: source.path, modules: modules, running: self)
        } catch {
            throw error.refusal(of: edit, table: step.table(in: instances), path: source.path)
        }
        // The text must mean what was asked for, however it was written.
        guard edited.daemon == daemon, step.leads(from: instances, to: edited.instances) else {
            throw .failed(reason: "\(source.path) is written in a way that can't be changed")
        }
        edited.source = source.changed(to: editor.text)
        return edited
    }
    /// Offers what the file has to say so that it has this change too, though not others that weren't saved.
    ///
    /// - Returns: nil if the file has nothing that would have to change.
    mutating func offerFile(
        with edit: ConfigurationEdit, modules: [any HookModule.Type]
    ) throws(ControlError) -> ConfigurationEditing.FileEdit? {
        guard let source else { return nil }
        var file = self
        file.instances = source.file.instances
        file.source = source.changed(to: source.file.text)
        let saved: Configuration
        do throws(ControlError) {
            saved = try file.edited(by: edit, modules: modules)
        } catch {
            // What was added without being saved is gone.
            if edit.isRemoval, (try? edit.step(in: file)) == nil { return nil }
            throw .failed(reason: "can't be saved beside other changes that are not saved: \(error)")
        }
        return try offer(saved)
    }

    /// Offers what the file has to say so that nothing remains unsaved.
    ///
    /// - Returns: nil if nothing does.
    mutating func offerFile() throws(ControlError) -> ConfigurationEditing.FileEdit? {
        guard let source, !source.isSaved else { return nil }
        return try offer(self)
    }

    private mutating func offer(_ saved: Configuration) throws(ControlError) -> ConfigurationEditing.FileEdit? {
        guard let source, let text = saved.source?.text else { return nil }
        let now: [UInt8]
        do throws(Errno) {
            now = try source.read()
        } catch {
            throw .failed(reason: "can't read \(source.path): \(error)")
        }
        guard now == source.file.text else {
            throw .failed(
                reason: "can't be saved: \(source.path) was changed since the daemon read it; reload it first")
        }
        self.source?.offered = .init(text: text, instances: saved.instances)
        return .init(
            path: source.path, old: String(decoding: now, as: UTF8.self), new: String(decoding: text, as: UTF8.self))
    }
}
