// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Neti
import Synchronization
import SystemPackage

/// The folders in which network namespaces have their names, such as `/run/netns` for those of `ip netns`.
///
/// # How it works
///
/// inotify tells which names come and go, so that a change costs the same however many namespaces there are. Mounting
/// a namespace on its file makes no inotify message, and `ip netns add` makes an empty file first: so the kernel's
/// list of mounts is watched as well (proc_pid_mountinfo(5)), and names of files that aren't namespaces yet are looked
/// at again when it changes.
public final class NamespaceDirectories: Sendable {
    /// A name and what it stands for.
    public struct Name: Sendable, Hashable {
        /// The file, as `/run/netns/blue`.
        public let path: String
        /// The namespace behind it.
        public let identity: NamespaceIdentity

        /// Pairs both.
        public init(path: String, identity: NamespaceIdentity) {
            self.path = path
            self.identity = identity
        }

        /// The last part of the path.
        public var lastComponent: String { String(path[slash...].dropFirst()) }

        /// The path without it.
        fileprivate var folder: Substring { path[..<slash] }

        private var slash: String.Index { path.lastIndex(of: "/") ?? path.startIndex }
    }

    /// What is different from the last look. A name that stands for another namespace now is in both lists.
    public struct Changes: Sendable {
        /// Paths that stand for no namespace, or for another one.
        public var removed: [String] = []
        /// New names, by folder in the order of ``NamespaceDirectories/paths``, then by name.
        public var added: [Name] = []
    }

    /// Where to look.
    public enum Extent: Sendable {
        /// At the names that inotify told of, and at files that weren't namespaces yet.
        case told
        /// If something was mounted or unmounted meanwhile, also at all names that are known.
        case known
        /// Everywhere.
        case all
    }

    /// The folders; what comes first counts first where a name is in several.
    public let paths: [String]

    let folders: FolderWatch
    let mounts: Int32
    private let state = Mutex(State())

    private struct State {
        var known: [String: NamespaceIdentity] = [:]
        /// Files that are no namespaces, perhaps not yet, and those that could not be looked at.
        var unfinished: Set<String> = []
        var haveMountsChanged = false
    }

    /// Starts to watch folders, whether or not they are there.
    ///
    /// - Parameter paths: absolute paths.
    /// - Throws: `EMFILE` and the like, `ENOENT` without `/proc`.
    public init(_ paths: [String]) throws(NetiError) {
        self.paths = paths.map(Self.withoutTrailingSlashes)
        folders = try FolderWatch(self.paths)
        mounts = unsafe open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)
        guard mounts >= 0 else { throw NetiError(Errno(rawValue: errno), "can't watch /proc/self/mountinfo") }
    }

    deinit {
        close(mounts)
    }

    /// Looks what has come and gone since the last call.
    public func changes(_ extent: Extent) -> Changes {
        state.withLock { state in
            let heard = folders.takeChanges()
            let haveMountsChanged = state.haveMountsChanged && extent != .told
            if haveMountsChanged { state.haveMountsChanged = false }
            if extent == .all || haveMountsChanged { folders.follow() }
            var looked = heard.paths.union(state.unfinished)
            if haveMountsChanged { looked.formUnion(state.known.keys) }
            if extent == .all || heard.isIncomplete {
                looked.formUnion(state.known.keys)
                for path in paths { looked.formUnion(Self.names(in: path)) }
            }
            return look(at: looked, &state)
        }
    }

    /// Folders that are there and that this process may not read.
    public var unreadable: [String] {
        paths.filter { path in
            guard let opened = unsafe opendir(path) else { return errno == EACCES }
            unsafe closedir(opened)
            return false
        }
    }

    /// The names of the last look.
    public var known: [Name] {
        inOrder(state.withLock { $0.known.map { Name(path: $0.key, identity: $0.value) } })
    }

    /// Notes that something was mounted or unmounted.
    func noteMounts() {
        state.withLock { $0.haveMountsChanged = true }
    }

    private func look(at looked: Set<String>, _ state: inout State) -> Changes {
        var changes = Changes()
        for path in looked {
            var identity: NamespaceIdentity?
            state.unfinished.remove(path)
            do throws(Errno) {
                identity = try NamespaceIdentity(path: path)
            } catch {
                // `ip netns add` makes a file that only root may open, and mounts the namespace on it, which all may.
                let isUnfinished = error == .resourceTemporarilyUnavailable || error == .permissionDenied
                if isUnfinished || error.isShortage { state.unfinished.insert(path) }
                // Nobody's packets may pass by their hooks because there is no descriptor left to look with.
                if error.isShortage { continue }
            }
            let known = state.known[path]
            guard identity != known else { continue }
            if known != nil { changes.removed.append(path) }
            if let identity { changes.added.append(Name(path: path, identity: identity)) }
            state.known[path] = identity
        }
        changes.added = inOrder(changes.added)
        return changes
    }

    /// Sorts names by folder in the order of ``paths``, then by name.
    public func inOrder(_ names: [Name]) -> [Name] {
        func place(_ name: Name) -> (Int, String) {
            (paths.firstIndex { $0 == name.folder } ?? paths.count, name.lastComponent)
        }
        return names.map { (place($0), $0) }.sorted { $0.0 < $1.0 }.map(\.1)
    }

    private static func names(in folder: String) -> [String] {
        guard let opened = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(opened) }
        var paths: [String] = []
        while let entry = unsafe readdir(opened) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { paths.append("\(folder)/\(name)") }
        }
        return paths
    }

    private static func withoutTrailingSlashes(_ path: String) -> String {
        String(path.reversed().drop { $0 == "/" }.reversed())
    }
}
