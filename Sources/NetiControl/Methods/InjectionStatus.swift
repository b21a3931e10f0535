// SPDX-License-Identifier: Apache-2.0

extension GetStatus {
    /// What can be injected, and what became of packets that were to be injected since the daemon started.
    public struct InjectionStatus: Codable, Equatable, Sendable {
        /// Each style once.
        public var styles: [InjectionStyleStatus]
        /// Packets that were accepted, whatever became of them.
        public var injected: Int
        /// How often a packet was refused, each time that it was tried, or failed when its time had come.
        public var refused: Int
        /// Packets that waited when their instance ended.
        public var lost: Int

        /// Fills in every field.
        public init(styles: [InjectionStyleStatus], injected: Int, refused: Int, lost: Int) {
            self.styles = styles
            self.injected = injected
            self.refused = refused
            self.lost = lost
        }
    }

    /// Whether a style can be used on this system.
    public struct InjectionStyleStatus: Codable, Equatable, Sendable {
        /// The style.
        public var style: Inject.Style
        /// Why it can't be used; nil if it can.
        public var unavailable: String?

        /// Fills in every field.
        public init(style: Inject.Style, unavailable: String?) {
            self.style = style
            self.unavailable = unavailable
        }
    }
}
