// SPDX-License-Identifier: Apache-2.0

import Neti
import NetiControl
import Synchronization
import SystemPackage

extension DaemonBackend {
    func changeHook(_ change: ChangeHook) async throws(ControlError) {
        if change.values.isEmpty { throw .invalidArgument("values", reason: "empty, there is nothing to change") }
        try await changes.inTurn { () throws(ControlError) in
            // Not while a reload is under way, which may be about to give the hook another module, nor while one waits for
            // its confirmation: the module may be the one to go back to.
            try reloader.betweenReloads { () throws(ControlError) in
                try engine.following.withLock { _ throws(ControlError) in
                    let running = try runningInstance(change.instance, withHook: change.hook)
                    do throws(NetiError) {
                        try running.change(hook: change.hook, to: change.values)
                    } catch {
                        if error.errno == .invalidArgument { throw .invalidArgument("values", reason: error.reason) }
                        throw .failed(reason: error.reason)
                    }
                }
            } refused: { refusal in
                .failed(reason: refusal.description)
            }
        }
    }

    /// The instance of that name, or the only one that has such a hook.
    private func runningInstance(_ name: String?, withHook hook: String) throws(ControlError) -> RunningInstance {
        let entries = engine.entries.filter { name == nil || $0.name == name }
        if let name, entries.isEmpty { throw .noSuchInstance(name) }
        let found = entries.filter { $0.running?.moduleName(ofHook: hook) != nil }
        if found.count > 1 {
            let names = found.map(\.name).joined(separator: ", ")
            throw .invalidArgument("instance", reason: "there is a hook '\(hook)' in instances \(names)")
        }
        guard let running = found.first?.running else {
            let place = name.map { "instance '\($0)' has" } ?? "there is"
            throw .invalidArgument("hook", reason: "\(place) no hook '\(hook)'")
        }
        return running
    }
}
