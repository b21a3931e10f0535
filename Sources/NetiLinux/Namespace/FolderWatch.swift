// SPDX-License-Identifier: Apache-2.0

import Glibc
import Neti
import Synchronization
import SystemPackage

/// Hears by inotify(7) of names that come and go in some folders, whether or not the folders are there.
///
/// Every folder on the way to one of them is watched as well, for the next step on that way: so one that is made later,
/// removed, or replaced by another is followed, however many levels were missing.
final class FolderWatch: Sendable {
    /// Readable when ``takeChanges()`` has something to tell.
    let descriptor: Int32

    private let folders: [String]
    private let roles = Mutex<[Int32: Role]>([:])

    /// Why a folder is watched.
    private struct Role {
        /// The folders of which this is one, as they were given.
        var folders: Set<String> = []
        /// Names in it that lead to such a folder.
        var steps: Set<String> = []
    }

    /// What has happened since the last time.
    struct Changes {
        /// Paths of names that came, went or were replaced.
        var paths: Set<String> = []
        /// Whether anything else may have changed: a folder came or went, or messages were lost.
        var isIncomplete = false
    }

    /// Starts to watch.
    ///
    /// - Parameter folders: absolute paths.
    /// - Throws: `EMFILE`, `ENOSPC` and the like when the system has no room for more watches.
    init(_ folders: [String]) throws(NetiError) {
        self.folders = folders
        descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        guard descriptor >= 0 else { throw Self.refusal(folders) }
        guard roles.withLock({ follow(&$0) }) else { throw Self.refusal(folders) }
    }

    deinit {
        close(descriptor)
    }

    /// Takes what was heard, and follows folders that have come or gone.
    func takeChanges() -> Changes {
        roles.withLock { roles in
            var changes = Changes()
            for event in readEvents() {
                if event.mask & UInt32(IN_Q_OVERFLOW) != 0 { changes.isIncomplete = true }
                guard let role = roles[event.watch] else { continue }
                if event.name.isEmpty || role.steps.contains(event.name) { changes.isIncomplete = true }
                if !event.name.isEmpty { changes.paths.formUnion(role.folders.map { "\($0)/\(event.name)" }) }
            }
            if changes.isIncomplete { _ = follow(&roles) }
            return changes
        }
    }

    /// Looks again where the folders are, for what inotify can't tell: a file system mounted over one of them.
    func follow() {
        _ = roles.withLock { follow(&$0) }
    }

    /// False when the system has no room for another watch.
    private func follow(_ roles: inout [Int32: Role]) -> Bool {
        var new: [Int32: Role] = [:]
        var isComplete = true
        for folder in folders {
            let steps = folder.split(separator: "/").map(String.init)
            var path = ""
            for (index, step) in (steps.map(Optional.some) + [nil]).enumerated() {
                if index > 0 { path += "/\(steps[index - 1])" }
                let watch = watch(path.isEmpty ? "/" : path)
                guard watch >= 0 else {
                    // Who may not read a folder can't be told of it; the others are watched all the same.
                    if errno != ENOENT, errno != ENOTDIR, errno != EACCES { isComplete = false }
                    break
                }
                if let step {
                    new[watch, default: Role()].steps.insert(step)
                } else {
                    new[watch, default: Role()].folders.insert(folder)
                }
            }
        }
        for watch in roles.keys where new[watch] == nil { inotify_rm_watch(descriptor, watch) }
        roles = new
        return isComplete
    }

    private func watch(_ folder: String) -> Int32 {
        let names = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO
        let what = names | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK
        return unsafe inotify_add_watch(descriptor, folder, UInt32(what))
    }

    private func readEvents() -> [InotifyEvent] {
        var events: [InotifyEvent] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = unsafe read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return events }
            unsafe events += InotifyEvent.decode(buffer.span.extracting(first: count).bytes)
        }
    }

    private static func refusal(_ folders: [String]) -> NetiError {
        NetiError(Errno(rawValue: errno), "can't watch \(folders.joined(separator: " and "))")
    }
}
