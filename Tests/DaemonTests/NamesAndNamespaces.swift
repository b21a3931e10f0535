// SPDX-License-Identifier: Apache-2.0

import CNetfilterQueue
import Glibc
import LiveHost
import Neti
import NetiControl
import NetiLinux
import SystemPackage
import Testing

extension RunningDaemon {
    /// Names in several folders, names that stand for the same namespace, and instances that could not be at first.
    @Suite struct NamesAndNamespaces {
        private func settings(_ folders: [String]) -> String { "netns-directories = \(folders)" }

        @Test("Names of all folders count, those of folders that are made later too")
        func severalFolders() throws {
            try NamespaceFolder.with { first in
                try NamespaceFolder.with(isThere: false) { second in
                    try first.create(["blue1", "red"])
                    let late = "\(second.path)/one/two"
                    let daemon = try DaemonProcess(
                        instances: InstanceText(netns: "blue*").text + InstanceText(netns: "green").text,
                        settings: settings([first.path, late]))
                    defer { daemon.stop() }
                    try daemon.waitUntilReady()
                    #expect(daemon.log.contains("'green' waits for its namespace 'green' in \(first.path) or \(late)"))
                    try second.make()
                    try second.make("one")
                    try second.make("one/two")
                    try second.create(["one/two/blue2", "one/two/green"])
                    #expect(daemon.sees("blue2", .up))
                    #expect(daemon.sees("green", .up))
                    let paths = try daemon.instances().map(\.netns)
                    #expect(paths == [nil, "\(late)/green", "\(first.path)/blue1", "\(late)/blue2"])
                    second.remove()
                    #expect(daemon.sees("blue2", .gone))
                    #expect(daemon.sees("green", .gone))
                    #expect(daemon.sees("blue1", .up))
                }
            }
        }

        @Test("Two namespaces of one name: the first folder's is the instance, the other takes over when it goes")
        func sameName() throws {
            try NamespaceFolder.with { first in
                try NamespaceFolder.with { second in
                    try first.create(["blue"])
                    try second.create(["blue"])
                    let daemon = try DaemonProcess(
                        instances: InstanceText(netns: "*").text, settings: settings([first.path, second.path]))
                    defer { daemon.stop() }
                    try daemon.waitUntilReady()
                    let (ours, others) = ("\(first.path)/blue", "\(second.path)/blue")
                    #expect(daemon.log.contains("no instance for \(others): 'blue' is the one for \(ours)"))
                    let blue = try #require(try daemon.instance("blue"))
                    #expect(blue.netns == ours)
                    #expect(blue.shadowed == [others])
                    #expect(try daemon.instances().count == 2)
                    #expect(try daemon.control("instance", "list").contains("blue: \(others) has no instance"))
                    try first.delete(["blue"])
                    #expect(
                        try Deadline(.seconds(5)).sees { () throws -> Bool in
                            let blue = try daemon.instance("blue")
                            return blue?.netns == others && blue?.state == .up && blue?.shadowed == []
                        })
                    #expect(try daemon.instance("blue")?.netid == blue.netid)
                }
            }
        }

        @Test("Two names of one namespace: one instance, called by the first name; the second takes over when it goes")
        func sameNamespace() throws {
            try NamespaceFolder.with { folder in
                try folder.create(["blue"])
                try folder.link("cyan", to: folder.namespace("blue"))
                try folder.link("own", to: .path("/proc/self/ns/net"))
                let daemon = try DaemonProcess(
                    instances: InstanceText(netns: "*").text, settings: settings([folder.path]))
                defer { daemon.stop() }
                try daemon.waitUntilReady()
                let alias = "\(folder.path)/cyan"
                #expect(daemon.log.contains("no instance for \(alias): it is the namespace of instance 'blue'"))
                #expect(try daemon.instances().map(\.name) == ["global", "blue"])
                #expect(try daemon.instances().map(\.aliases) == [["\(folder.path)/own"], [alias]])
                try folder.link("dark", to: folder.namespace("blue"))
                #expect(
                    try Deadline(.seconds(5)).sees { () throws -> Bool in
                        try daemon.instance("blue")?.aliases == [alias, "\(folder.path)/dark"]
                    })
                try folder.delete(["blue"])
                #expect(daemon.sees("blue", .gone))
                #expect(daemon.sees("cyan", .up))
                #expect(try daemon.instances().map(\.name) == ["global", "blue", "cyan"])
                #expect(try daemon.instance("cyan")?.aliases == ["\(folder.path)/dark"])
                #expect(try daemon.instance("blue")?.aliases == [])
            }
        }

        @Test("An instance asked for by name whose namespace is another's already keeps the daemon from starting")
        func sameNamespaceByName() throws {
            try NamespaceFolder.with { folder in
                try folder.create(["blue"])
                try folder.link("cyan", to: folder.namespace("blue"))
                let daemon = try DaemonProcess(
                    instances: InstanceText(netns: "blue").text + InstanceText(netns: "cyan").text,
                    settings: settings([folder.path]))
                defer { daemon.stop() }
                #expect(daemon.waitUntilEnded() == 1)
                let complaint = "no instance for \(folder.path)/cyan: it is the namespace of instance 'blue'"
                #expect(daemon.log.contains("instance 'cyan' can't come up: \(complaint)"), "\(daemon.log)")
            }
        }

        @Test("An instance that could not come up is told once and comes up when what kept it is gone")
        func triedAgain() throws {
            try NamespaceFolder.with { hidden in
                try NamespaceFolder.with { folder in
                    let daemon = try DaemonProcess(
                        instances: InstanceText(netns: "late", queue: 40).text,
                        settings: settings([folder.path]) + "\nlog-level = \"debug\"")
                    defer { daemon.stop() }
                    try daemon.waitUntilReady()
                    try hidden.create(["late"])
                    let socket = try takeQueue(41, in: hidden.namespace("late"))
                    try folder.link("late", to: hidden.namespace("late"))
                    #expect(daemon.sees("late", .failed))
                    let reason = try daemon.instance("late")?.reason
                    #expect(reason?.contains("queue 41 is held by another program") == true)
                    func lines(_ text: String) -> Int { daemon.log.split(separator: "\n").count { $0.contains(text) } }
                    #expect(Deadline(.seconds(10)).sees { lines("instance 'late' still can't come up") == 2 })
                    #expect(lines("instance 'late' can't come up") == 1)
                    close(socket)
                    #expect(daemon.sees("late", .up))
                    #expect(try daemon.instance("late")?.reason == nil)
                    #expect(try daemon.instance("late")?.queues.map(\.number) == [40, 41, 42])
                }
            }
        }
    }
}
