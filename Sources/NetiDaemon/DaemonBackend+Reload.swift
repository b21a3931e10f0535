// SPDX-License-Identifier: Apache-2.0

import NetiControl

extension DaemonBackend {
    func reload(_ asked: Reload) async throws(ControlError) -> Reload.Reply {
        if let confirm = asked.confirm {
            if asked.dryRun == true {
                throw .invalidArgument("confirm", reason: "a dry run changes nothing that could be confirmed")
            }
            guard (1...Reload.longestWait).contains(confirm) else {
                throw .invalidArgument("confirm", reason: "expected 1 to \(Reload.longestWait), found \(confirm)")
            }
        }
        do throws(Reloader.Refusal) {
            let outcome = try await changes.inTurn { () throws(Reloader.Refusal) in
                try asked.dryRun == true ? reloader.check() : reloader.reload(confirmedWithin: asked.confirm)
            }
            return .init(
                changes: outcome.changes.map(Reload.Change.init), discarded: outcome.discarded.map(Reload.Change.init))
        } catch {
            throw .failed(reason: error.description)
        }
    }

    func confirmReload() async throws(ControlError) {
        do throws(Reloader.Refusal) {
            try await changes.inTurn { () throws(Reloader.Refusal) in try reloader.confirm() }
        } catch {
            throw .failed(reason: error.description)
        }
    }
}

extension Reload.Change {
    init(_ change: ConfigurationChange) {
        self.init(
            action: Reload.Action(change.action), instance: change.instance, hook: change.hook, details: change.details)
    }
}

extension Reload.Action {
    fileprivate init(_ action: ConfigurationChange.Action) {
        self =
            switch action {
            case .added: .added
            case .removed: .removed
            case .changed: .changed
            case .remade: .remade
            }
    }
}
