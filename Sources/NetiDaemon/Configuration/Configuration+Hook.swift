// SPDX-License-Identifier: Apache-2.0

public import Hooks
public import Neti

extension Configuration {
    /// One hook on one or more events of an instance: table `[[instance.hook]]`.
    public struct Hook: Sendable, Equatable {
        /// The name in chains and kstats: 1 to 30 bytes without blanks.
        public var name: String

        /// What runs: the name of a registered module.
        public var module: String

        /// The events it is put on, at least one; each family has to have them all.
        public var events: [NetworkEvent]

        /// The protocols it is put on, at least one. Default: `inet` and `inet6`.
        public var families = NetworkFamily.ip

        /// Where in the chain it wants to be (`h_hint` and `h_hintvalue`). Default: anywhere.
        public var hint = Hint.none

        /// What becomes of it, and of its packets, when it fails or takes too long: the keys `on-failure`, `time-budget`
        /// and `on-over-budget`. Default: the next hook gets the packet, and time isn't measured.
        public var policy = HookPolicy()

        /// The module's own keys with their values; files as paths that no longer depend on the configuration's place.
        public var settings: [String: String] = [:]

        /// A hook that asks for no position and gives its module no settings.
        public init(name: String, module: String, events: [NetworkEvent]) {
            self.name = name
            self.module = module
            self.events = events
        }
    }
}

extension Hooks.Hint {
    /// Reads the spelling of the configuration, which is that of `description`; nil when it is none.
    init?(_ text: String) {
        let words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        switch (words.first, words.count) {
        case ("none", 1): self = .none
        case ("first", 1): self = .first
        case ("last", 1): self = .last
        case ("before", 2) where Configuration.Hook.isName(words[1]): self = .before(words[1])
        case ("after", 2) where Configuration.Hook.isName(words[1]): self = .after(words[1])
        default: return nil
        }
    }
}

extension Configuration.Hook {
    /// Whether a text can be a hook's name: a kstat's name has room for 30 bytes, and `neti-ctl` splits at blanks.
    static func isName(_ text: String) -> Bool {
        (1...30).contains(text.utf8.count) && text.isWord
    }
}
