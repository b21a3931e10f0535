// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Glibc
import Neti
import SystemPackage

/// Which process made a table with a name of ours (``SteeringTable/names``), as noted in the table's user data.
///
/// A process number alone says little, since numbers are used again; together with the time at which the process
/// started it is unique until the next boot, and tables don't outlive that.
package struct TableOwner: Equatable {
    let process: Int32
    /// Clock ticks after boot, field 22 of proc_pid_stat(5).
    let startTime: UInt64

    /// This process.
    static let current = TableOwner(process: getpid(), startTime: startTime(of: getpid()) ?? 0)

    private static let word = "neti"

    /// `NFTNL_UDATA_TABLE_COMMENT`.
    private static let commentType: UInt8 = 0

    init(process: Int32, startTime: UInt64) {
        self.process = process
        self.startTime = startTime
    }

    /// Who made a table.
    enum Finding {
        /// There is none.
        case absent
        /// A daemon, dead or alive.
        case daemon(TableOwner)
        /// Somebody who left no note of ours.
        case stranger
    }

    /// Who made a table.
    ///
    /// - Throws: what the kernel answered, when it doesn't tell.
    static func find(_ name: SteeringChain.Table, seenFrom socket: Int32) throws(NetiError) -> Finding {
        var table = clnx_nft_table()
        let code = unsafe clnx_nft_find_table(socket, name.family.netfilterFamily, name.name, &table)
        if code == -ENOENT { return .absent }
        guard code == 0 else { throw NetiError(Errno(rawValue: -code), "can't list the tables of nftables") }
        let note = unsafe withUnsafeBytes(of: &table.user_data) { bytes in
            unsafe Array(bytes.prefix(Int(table.user_data_length)))
        }
        return TableOwner(userData: note).map { .daemon($0) } ?? .stranger
    }

    /// Reads what ``userData`` wrote; nil for anything else.
    package init?(userData: [UInt8]) {
        guard userData.count > 3, userData[0] == Self.commentType, Int(userData[1]) == userData.count - 2 else {
            return nil
        }
        let words = String(decoding: userData[2...].dropLast(), as: UTF8.self).split(separator: " ")
        guard words.count == 3, words[0] == Self.word, let process = Int32(words[1]), let start = UInt64(words[2])
        else { return nil }
        self.init(process: process, startTime: start)
    }

    /// The user data of our tables: one item of type, length and a text that ends with a null byte, which `nft list`
    /// shows as the table's comment (libnftnl's `udata.h`).
    package var userData: [UInt8] {
        let text = Array("\(Self.word) \(process) \(startTime)".utf8) + [0]
        return [Self.commentType, UInt8(clamping: text.count)] + text
    }

    /// Whether that process still runs and isn't this one.
    ///
    /// Where `/proc` hides it because it is another user's, its number has to do.
    var isAlive: Bool {
        guard self != .current else { return false }
        if let found = Self.startTime(of: process) { return found == startTime }
        return unsafe access("/proc/\(process)", F_OK) != 0 && kill(process, 0) != 0 && errno == EPERM
    }

    private static func startTime(of process: Int32) -> UInt64? {
        let file = unsafe open("/proc/\(process)/stat", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 1024)
        let count = unsafe read(file, &buffer, buffer.count)
        guard count > 0 else { return nil }
        // The command's name stands in brackets and may hold blanks and brackets itself: count from the last one.
        let text = String(decoding: buffer.prefix(count), as: UTF8.self)
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        // A zombie holds no sockets any more, and its parent may never ask for it.
        guard fields.count > 19, fields[0] != "Z", fields[0] != "X" else { return nil }
        return UInt64(fields[19])
    }
}

extension TableOwner {
    /// Tables that are a dead daemon's. Anybody else's are not ours to replace.
    static func staleTables(
        seenFrom socket: Int32, instance: String
    ) throws(NetiError) -> Set<SteeringChain.Table> {
        var stale: Set<SteeringChain.Table> = []
        let tables = NetworkFamily.ip.flatMap { family in
            SteeringTable.names.map { SteeringChain.Table(family: family, name: $0) }
        }
        for table in tables {
            switch try find(table, seenFrom: socket) {
            case .absent:
                break
            case .stranger:
                throw NetiError(
                    .fileExists,
                    "instance '\(instance)': there is a table '\(table)' in this namespace that no daemon made; delete "
                        + "or rename it")
            case .daemon(let owner) where owner.isAlive:
                throw NetiError(
                    .resourceBusy, "instance '\(instance)': process \(owner.process) filters this namespace already")
            case .daemon:
                stale.insert(table)
            }
        }
        return stale
    }
}
