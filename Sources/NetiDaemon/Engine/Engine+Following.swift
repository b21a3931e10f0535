// SPDX-License-Identifier: Apache-2.0

import Logging
import Neti
import NetiLinux
import Synchronization
import SystemPackage

/// Namespaces that come and go, and the instances that come and go with them.
extension Engine {
    /// What is known between one look and the next.
    struct Following {
        var assignment = NamespaceAssignment()
        var retries = RetryTimes()
        /// Instances of globs whose namespace is gone, oldest first.
        var gone: [String] = []
        /// What is being gone back to, while that is done.
        var returning: Checkpoint?
        /// Folders of namespaces that the daemon may not read.
        var unreadable: Set<String> = []
    }

    /// How many instances of globs are remembered when their namespace is gone. Names of containers never come again.
    private static let mostGone = 100

    /// The first look: the instance of the daemon's own namespace, then all others.
    ///
    /// Returns what kept the first one from coming up.
    func begin(_ following: inout Following) -> NetiError? {
        do throws(Errno) {
            following.assignment.claimOwn(
                try NamespaceIdentity(path: "/proc/self/ns/net"), for: Configuration.Instance.ownName)
        } catch {
            return NetiError(error, "can't look at the daemon's own network namespace")
        }
        let failure = bringUp(
            Configuration.Instance.ownName, in: .own, configuration.ownInstance, &following)
        for instance in configuration.instances {
            guard case .named(let netns) = instance.netns else { continue }
            note(instance.name ?? netns, in: .path("\(directories.paths[0])/\(netns)"), instance, .waiting)
        }
        let first = follow(directories.changes(.all), &following)
        tellUnreadable(&following)
        return failure ?? first
    }

    /// Brings instances in step with the namespaces of now.
    func look(_ extent: NamespaceDirectories.Extent) {
        following.withLock { look(extent, &$0) }
    }

    /// The same unless somebody is at it already, which may take its time: for callers that must not wait.
    func lookAgain(_ extent: NamespaceDirectories.Extent) {
        _ = following.withLockIfAvailable { look(extent, &$0) }
    }

    private func look(_ extent: NamespaceDirectories.Extent, _ following: inout Following) {
        guard !isStopping else { return }
        _ = follow(directories.changes(extent), &following)
        if case .all = extent { tellUnreadable(&following) }
        retry(&following)
    }

    /// Tells once of a folder whose namespaces get no instances because the daemon's user may not read it.
    private func tellUnreadable(_ following: inout Following) {
        let unreadable = Set(directories.unreadable)
        for folder in unreadable.subtracting(following.unreadable).sorted() {
            logger.warning("may not read \(folder): namespaces there are not seen")
        }
        following.unreadable = unreadable
    }

    /// Returns what kept the first instance from coming up.
    private func follow(
        _ changes: NamespaceDirectories.Changes, _ following: inout Following
    ) -> NetiError? {
        guard !changes.removed.isEmpty || !changes.added.isEmpty else { return nil }
        let before = following.assignment.passedOver
        let ended = changes.removed.compactMap { following.assignment.release(path: $0) }
        for name in ended {
            following.retries.forget(name)
            takeDown(name)
            noteGone(name, &following)
        }
        for path in changes.removed { forgetRefusal(of: before[path]) }
        // What has ended may be what kept others out.
        let candidates = changes.added + following.assignment.candidates(after: Set(ended))
        var failure: NetiError?
        for name in directories.inOrder(candidates) where !isStopping {
            failure = add(name, &following) ?? failure
        }
        if following.assignment.passedOver != before { notePassedOver(before, following.assignment.passedOver) }
        return failure
    }

    private func takeDown(_ name: String) {
        guard let entry = entry(name) else { return }
        logger.notice(
            "instance '\(name)': its namespace \(entry.namespace) is gone",
            metadata: ["instance": "\(name)", "netid": "\(entry.netid)"])
        end(name)
        kstatStore.release(netid: entry.netid, from: provider.netinfo.kstats)
    }

    /// Forgets those that are gone for longest.
    private func noteGone(_ name: String, _ following: inout Following) {
        guard case .matching = entry(name)?.configuration.netns else { return }
        following.gone.append(name)
        if following.gone.count > Self.mostGone { forget(following.gone.removeFirst()) }
    }

    /// Makes an instance of a namespace if the configuration wants one and it hasn't one yet.
    func add(_ name: NamespaceDirectories.Name, _ following: inout Following) -> NetiError? {
        let netns = name.lastComponent
        guard let instance = configuration.instance(for: netns) else { return nil }
        let instanceName = instance.name ?? netns
        switch following.assignment.claim(name, for: instanceName) {
        case .granted:
            following.gone.removeAll { $0 == instanceName }
            return bringUp(instanceName, in: .path(name.path), instance, &following)
        case .passedOver(.alias, let owner):
            let message = "no instance for \(name.path): it is the namespace of instance '\(owner)'"
            guard case .named = instance.netns else {
                logger.notice("\(message)", metadata: ["instance": "\(owner)"])
                return nil
            }
            // Its hooks run nowhere, which nobody should believe they do.
            let error = NetiError(.fileExists, message)
            logger.error(
                "instance '\(instanceName)' can't come up: \(error)", metadata: ["instance": "\(instanceName)"])
            note(instanceName, in: .path(name.path), instance, .failed(error))
            return error
        case .passedOver(.shadowed, let owner):
            let other = entry(owner).map { "\($0.namespace)" } ?? "another namespace"
            logger.error(
                "no instance for \(name.path): '\(owner)' is the one for \(other)", metadata: ["instance": "\(owner)"])
            return nil
        }
    }

    /// An instance that could not be because its namespace has another one waits again when the name is gone.
    private func forgetRefusal(of passedOver: NamespaceAssignment.PassedOver?) {
        guard let passedOver, passedOver.reason == .alias else { return }
        let netns = passedOver.name.lastComponent
        guard let instance = configuration.instances.first(where: { $0.netns == .named(netns) }) else { return }
        update(instance.name ?? netns) { entry in
            if case .failed = entry.state, entry.namespace == .path(passedOver.name.path) { entry.state = .gone }
        }
    }

    func notePassedOver(
        _ before: [String: NamespaceAssignment.PassedOver], _ now: [String: NamespaceAssignment.PassedOver]
    ) {
        let owners = Set(before.values.map(\.instance)).union(now.values.map(\.instance))
        let byOwner = Dictionary(grouping: now.values, by: \.instance)
        func paths(_ owner: String, _ reason: NamespaceAssignment.PassedOver.Reason) -> [String] {
            (byOwner[owner] ?? []).filter { $0.reason == reason }.map(\.name.path).sorted()
        }
        for owner in owners {
            update(owner) { entry in
                entry.aliases = paths(owner, .alias)
                entry.shadowed = paths(owner, .shadowed)
            }
        }
    }

    /// Makes an instance of a namespace, or notes why there is none.
    ///
    /// - Parameters:
    ///   - earlier: hooks of an instance that was here before, whose modules go on where they can.
    ///   - isReturn: whether they go on whatever their files say now.
    func bringUp(
        _ name: String, in namespace: Namespace, _ instance: Configuration.Instance, earlier: HookSet? = nil,
        isReturn: Bool = false, _ following: inout Following
    ) -> NetiError? {
        kstatStore.restore(
            ipInstance: name, netid: provider.netinfo.netid(forName: name), to: provider.netinfo.kstats)
        defer { progress() }
        let then = following.returning?.hooks[name]
        var wanted = instance
        if let then { wanted.keepValues(of: then) }
        do throws(NetiError) {
            let running = try RunningInstance(
                named: name, in: namespace, configuration: wanted, provider: provider, modules: modules,
                pumps: configuration.daemon.pumps, logger: logger, earlier: then ?? earlier,
                isReturn: isReturn || following.returning != nil)
            following.retries.forget(name)
            note(name, in: namespace, instance, .up(running))
            let count = instance.hooks.count
            logger.info(
                """
                instance '\(name)' is up with \(count) hook\(count == 1 ? "" : "s"); without the daemon \
                \(instance.queueing.onExit.consequence)
                """,
                metadata: [
                    "instance": "\(name)", "namespace": "\(namespace)", "netid": "\(running.instance.netid)",
                ])
            return nil
        } catch {
            if isGone(namespace) {
                // It went while its instance came; that it is gone is about to be heard.
                note(name, in: namespace, instance, .gone)
                return nil
            }
            following.retries.failed(name)
            var told: NetiError?
            if case .failed(let before) = entry(name)?.state { told = before }
            note(name, in: namespace, instance, .failed(error))
            if error == told {
                logger.debug("instance '\(name)' still can't come up: \(error)", metadata: ["instance": "\(name)"])
            } else {
                logger.error("instance '\(name)' can't come up: \(error)", metadata: ["instance": "\(name)"])
            }
            return error
        }
    }

    private func isGone(_ namespace: Namespace) -> Bool {
        guard case .path(let path) = namespace else { return false }
        do throws(Errno) {
            _ = try NamespaceIdentity(path: path)
            return false
        } catch {
            return !error.isShortage
        }
    }

    /// Tries instances again whose namespace is there and that could not come up.
    private func retry(_ following: inout Following) {
        for name in following.retries.due() where !isStopping {
            guard let entry = entry(name) else { continue }
            _ = bringUp(name, in: entry.namespace, entry.configuration, &following)
        }
    }
}
