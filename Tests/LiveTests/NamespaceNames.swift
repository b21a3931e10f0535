// SPDX-License-Identifier: Apache-2.0

import Glibc
import LiveHost
import Neti
import NetiLinux
import Testing

extension RealPackets {
    /// What the folders of namespaces tell, as real folders and mounts change.
    @Suite struct NamespaceNames {
        /// Names that are known, kept up by changes alone.
        private final class View {
            let directories: NamespaceDirectories
            private(set) var names: [String: NamespaceIdentity] = [:]

            init(_ paths: [String]) throws {
                directories = try NamespaceDirectories(paths)
                take(.all)
            }

            @discardableResult
            func take(_ extent: NamespaceDirectories.Extent = .told) -> NamespaceDirectories.Changes {
                let changes = directories.changes(extent)
                for path in changes.removed { names[path] = nil }
                for name in changes.added { names[name.path] = name.identity }
                return changes
            }

            /// Takes changes until these names are there and no others.
            func becomes(_ names: [String], _ extent: NamespaceDirectories.Extent = .told) -> Bool {
                Deadline(.seconds(3)).sees {
                    take(extent)
                    return self.names.keys.sorted() == names.sorted()
                }
            }
        }

        @Test("Names come and go, each told once, in the order of the folders and of the alphabet")
        func comeAndGo() throws {
            try NamespaceFolder.with { first in
                try NamespaceFolder.with { second in
                    try first.create(["b"])
                    let view = try View([second.path, first.path])
                    #expect(view.names.keys.sorted() == ["\(first.path)/b"])
                    try first.create(["c", "a"])
                    try second.create(["z"])
                    let added = view.take().added.map(\.path)
                    #expect(added == ["\(second.path)/z", "\(first.path)/a", "\(first.path)/c"])
                    #expect(view.take().added == [])
                    try first.delete(["b"])
                    #expect(view.take().removed == ["\(first.path)/b"])
                    #expect(Set(view.names.values).count == 3)
                }
            }
        }

        @Test("A namespace deleted and made anew between two looks is another one, or is told anew")
        func replaced() throws {
            try NamespaceFolder.with { folder in
                try folder.create(["a"])
                let view = try View([folder.path])
                // Somebody who uses it keeps it, so that its inode isn't given away.
                let file = unsafe open("\(folder.path)/a", O_RDONLY | O_CLOEXEC)
                defer { closeDescriptor(file) }
                try folder.delete(["a"])
                try folder.create(["a"])
                let changes = view.take()
                #expect(changes.removed == ["\(folder.path)/a"])
                #expect(changes.added.map(\.path) == ["\(folder.path)/a"])
            }
        }

        @Test("Without a descriptor to look with no namespace is taken for gone, and what came is found later")
        func outOfDescriptors() throws {
            try NamespaceFolder.with { folder in
                try folder.create(["a"])
                let view = try View([folder.path])
                try folder.create(["b"])
                let changes = try Self.withoutDescriptors { view.take(.all) }
                #expect(changes.removed == [])
                #expect(changes.added == [])
                #expect(view.take().added.map(\.path) == ["\(folder.path)/b"])
                try folder.delete(["a"])
                #expect(view.take().removed == ["\(folder.path)/a"])
            }
        }

        /// Runs the body while this process can open nothing.
        private static func withoutDescriptors<Result>(_ body: () -> Result) throws -> Result {
            var limit = rlimit()
            try #require(unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
            var none = rlimit(rlim_cur: 0, rlim_max: limit.rlim_max)
            try #require(unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &none) == 0)
            defer { unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) }
            return body()
        }

        @Test("A folder that isn't there yet is found however many levels are missing, and again after it was replaced")
        func missingFolders() throws {
            try NamespaceFolder.with(isThere: false) { folder in
                let deep = "one/two/three"
                let view = try View(["\(folder.path)/\(deep)"])
                let name = "\(folder.path)/\(deep)/a"
                for _ in 0..<2 {
                    try folder.make()
                    for level in ["one", "one/two", deep] {
                        #expect(view.becomes([]))
                        try folder.make(level)
                    }
                    try folder.create(["\(deep)/a"])
                    #expect(view.becomes([name]))
                    try folder.create(["\(deep)/b"])
                    #expect(view.becomes([name, "\(folder.path)/\(deep)/b"]))
                    folder.remove()
                    #expect(view.becomes([]))
                }
                // All at once, and by renaming.
                try folder.make()
                for level in ["new", "new/two", "new/two/three"] { try folder.make(level) }
                try folder.create(["new/two/three/a"])
                #expect(view.becomes([]))
                #expect(unsafe rename("\(folder.path)/new", "\(folder.path)/one") == 0)
                #expect(view.becomes([name]))
                #expect(unsafe rename("\(folder.path)/one", "\(folder.path)/old") == 0)
                #expect(view.becomes([]))
                try folder.create(["old/two/three/b"])
                #expect(view.becomes([]))
            }
        }

        @Test("A folder behind a symbolic link is followed, also when the link leads elsewhere")
        func symbolicLink() throws {
            try NamespaceFolder.with { folder in
                for name in ["one", "two"] {
                    try folder.make(name)
                    try folder.create(["\(name)/\(name)"])
                }
                let link = "\(folder.path)/link"
                #expect(unsafe symlink("\(folder.path)/one", link) == 0)
                defer { unsafe unlink(link) }
                let view = try View([link + "/"])
                #expect(view.becomes(["\(link)/one"]))
                unsafe unlink(link)
                #expect(unsafe symlink("\(folder.path)/two", link) == 0)
                #expect(view.becomes(["\(link)/two"]))
                try folder.create(["two/more"])
                #expect(view.becomes(["\(link)/two", "\(link)/more"]))
            }
        }

        @Test("Files that are no namespaces are no names, however long they stay")
        func otherFiles() throws {
            try NamespaceFolder.with { folder in
                try writeFile("\(folder.path)/file", "")
                try folder.make("folder")
                let view = try View([folder.path])
                try folder.link("uts", to: .path("/proc/self/ns/uts"))
                try writeFile("\(folder.path)/late", "")
                #expect(view.becomes([]))
                try folder.link("late", to: .path("/proc/self/ns/net"))
                #expect(view.becomes(["\(folder.path)/late"]))
                let own = try NamespaceIdentity.current()
                #expect(view.names.values.first == own)
                #expect(readLink("/proc/self/ns/net") == "net:[\(own.inode)]")
            }
        }

        @Test("An instance knows the inode of its namespace, which is its zone id")
        func zoneID() throws {
            try NamespaceFolder.with { folder in
                try folder.create(["a", "b"])
                let provider = try LinuxProvider(pumps: 1)
                defer { provider.stop() }
                for name in ["a", "b"] {
                    let instance = try provider.addInstance(named: name, in: folder.namespace(name))
                    let inode = try Command.run("stat", ["-c", "%i", "\(folder.path)/\(name)"])
                    #expect("\(provider.status(of: instance)?.identity.inode ?? 0)\n" == inode)
                }
                let own = try provider.addInstance(named: "global", in: .own)
                let link = readLink("/proc/self/ns/net")
                #expect(link == "net:[\(provider.status(of: own)?.identity.inode ?? 0)]")
            }
        }

        @Test("The watch thread tells of a mount, for which there is no inotify message, and of an unmount")
        func mounts() throws {
            try NamespaceFolder.with { folder in
                let provider = try LinuxProvider(pumps: 1)
                defer { provider.stop() }
                let view = try NamespaceDirectories([folder.path])
                let told = Log<String>()
                try writeFile("\(folder.path)/a", "")
                try provider.watch(view) {
                    let changes = view.changes(.known)
                    for name in changes.added { told.note("+\(name.lastComponent)") }
                    for path in changes.removed { told.note("-\(path.dropFirst(folder.path.utf8.count + 1))") }
                }
                try folder.link("a", to: .path("/proc/self/ns/net"))
                #expect(Deadline(.seconds(3)).sees { told.entries == ["+a"] })
                // As Docker does, which leaves the file for a minute.
                try Command.run("umount", ["\(folder.path)/a"])
                #expect(Deadline(.seconds(3)).sees { told.entries == ["+a", "-a"] })
            }
        }
    }
}
