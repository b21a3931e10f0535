// SPDX-License-Identifier: Apache-2.0

import Logging
import Neti
import NetiLinux
import SystemPackage

// The end of a change of configuration (Engine+Apply.swift): what can't fail any more, or may fail later as at any time.
extension Engine {
    /// Says of tables for namespaces that aren't there that they wait, which has no consequences for anybody else.
    private func noteWaiting() {
        for table in configuration.instances {
            guard case .named(let netns) = table.netns, entry(table.label) == nil else { continue }
            note(table.label, in: .path("\(directories.paths[0])/\(netns)"), table, .waiting)
            if let entry = entry(table.label) { warnOfWaiting(entry) }
        }
    }

    func settle(_ plan: Plan, _ following: inout Following) {
        let before = following.assignment.passedOver
        var ended: Set<String> = []
        for entry in entries {
            guard let wanted = configuration.instance(for: entry), wanted.name(in: entry.namespace) == entry.name,
                !entry.isWaiting || wanted.netns.isOne
            else {
                if case .path(let path) = entry.namespace, isOwner(entry, following) {
                    _ = following.assignment.release(path: path)
                }
                remove(entry, &following)
                ended.insert(entry.name)
                continue
            }
            guard entry.configuration != wanted else { continue }
            update(entry.name) { $0.configuration = wanted }
            if case .failed = entry.state, isOwner(entry, following) {
                _ = bringUp(entry.name, in: entry.namespace, wanted, &following)
            }
        }
        for path in before.keys where configuration.instance(forPath: path) == nil {
            _ = following.assignment.release(path: path)
        }
        // What has gone may be what kept others out.
        let known = directories.known.filter { following.assignment.instance(ofPath: $0.path) == nil }
        for name in known where ended.contains(before[name.path]?.instance ?? "") { _ = add(name, &following) }
        noteWaiting()
        if following.assignment.passedOver != before { notePassedOver(before, following.assignment.passedOver) }
    }

    /// Whether a namespace was given to the instance. The daemon's own always is.
    private func isOwner(_ entry: InstanceEntry, _ following: Following) -> Bool {
        guard case .path(let path) = entry.namespace else { return true }
        return following.assignment.instance(ofPath: path) == entry.name
    }

    private func remove(_ entry: InstanceEntry, _ following: inout Following) {
        following.retries.forget(entry.name)
        following.gone.removeAll { $0 == entry.name }
        if entry.running != nil {
            logger.notice(
                "instance '\(entry.name)' is not wanted any more",
                metadata: ["instance": "\(entry.name)", "netid": "\(entry.netid)"])
            end(entry.name)
            kstatStore.release(netid: entry.netid, from: provider.netinfo.kstats)
        }
        forget(entry.name)
    }
}
