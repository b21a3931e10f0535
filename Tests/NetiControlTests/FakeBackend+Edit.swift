// SPDX-License-Identifier: Apache-2.0

import NetiControl
import Synchronization

extension FakeBackend {
    /// What the client is told to write.
    static let fileEdit = ConfigurationEditing.FileEdit(
        path: "/nowhere/neti.toml", old: "# old\n", new: "# \"new\"\n\n\u{E9}")

    func edit(_ asked: ConfigurationEditing) throws(ControlError) -> ConfigurationEditing.Reply {
        if case .removeHook(let asked) = asked, asked.hook == "absent" {
            throw .invalidArgument("hook", reason: "there is no hook 'absent'")
        }
        edits.withLock { $0.append(asked) }
        return .init(file: asked.save ? fileEdit : nil)
    }

    /// What ``edit(_:)`` was called with.
    var edited: [ConfigurationEditing] { edits.withLock { $0 } }

    func unsavedConfiguration() -> ConfigurationEditing.FileEdit? { fileEdit }
}

extension LargeBackend {
    func edit(_ asked: ConfigurationEditing) -> ConfigurationEditing.Reply { .init() }
    func unsavedConfiguration() -> ConfigurationEditing.FileEdit? { nil }
}

extension GatedBackend {
    func edit(_ asked: ConfigurationEditing) -> ConfigurationEditing.Reply { .init() }
    func unsavedConfiguration() -> ConfigurationEditing.FileEdit? { nil }
}
