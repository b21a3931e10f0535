// SPDX-License-Identifier: Apache-2.0

/// The methods that change the configuration of the running daemon: what they ask for, as one thing.
public enum ConfigurationEditing: Sendable, Equatable {
    /// See ``AddHook``.
    case addHook(AddHook)
    /// See ``RemoveHook``.
    case removeHook(RemoveHook)
    /// See ``MoveHook``.
    case moveHook(MoveHook)
    /// See ``AddInstance``.
    case addInstance(AddInstance)
    /// See ``RemoveInstance``.
    case removeInstance(RemoveInstance)

    /// Whether the caller wants to write the change to the configuration file.
    public var save: Bool {
        switch self {
        case .addHook(let asked): asked.save ?? false
        case .removeHook(let asked): asked.save ?? false
        case .moveHook(let asked): asked.save ?? false
        case .addInstance(let asked): asked.save ?? false
        case .removeInstance(let asked): asked.save ?? false
        }
    }

    /// What all of them answer: the change is made.
    public struct Reply: Codable, Equatable, Sendable {
        /// What the caller has to write so that the change outlives the daemon; nil unless it was asked for.
        public var file: FileEdit?

        /// Wraps the answer.
        public init(file: FileEdit? = nil) {
            self.file = file
        }
    }

    /// A new text for the configuration file.
    public struct FileEdit: Codable, Equatable, Sendable {
        /// The file's absolute path.
        public var path: String
        /// What the file said when the call was answered; if it says something else now, leave it alone.
        public var old: String
        /// What it has to say, the same but for the change.
        public var new: String

        /// Fills in every field.
        public init(path: String, old: String, new: String) {
            self.path = path
            self.old = old
            self.new = new
        }
    }
}
