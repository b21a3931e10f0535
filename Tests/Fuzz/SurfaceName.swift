// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// The surfaces by name; each has a directory of this name in the corpus.
enum SurfaceName: String, CaseIterable, ExpressibleByArgument {
    case queueMessage = "queue-message"
    case linkMessage = "link-message"
    case tableNote = "table-note"
    case folderMessage = "folder-message"
    case packet
    case address
    case rules
    case filter
    case controlCall = "control-call"
    case controlReply = "control-reply"
    case configuration
    case kstatState = "kstat-state"
    case impair

    /// A fresh one.
    func surface() throws -> any Surface {
        switch self {
        case .queueMessage: try QueueMessage()
        case .linkMessage: try LinkMessage()
        case .tableNote: TableNote()
        case .folderMessage: try FolderMessage()
        case .packet: try PacketViews()
        case .address: AddressText()
        case .rules: RuleText()
        case .filter: try FilterDecisions()
        case .controlCall: ControlCall()
        case .controlReply: ControlReply()
        case .configuration: try ConfigurationText()
        case .kstatState: KstatStateText()
        case .impair: ImpairValues()
        }
    }
}
