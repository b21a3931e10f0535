// SPDX-License-Identifier: Apache-2.0

/// What the server asks of the daemon: one requirement for each method of the interface.
///
/// The server calls from its own tasks, for several clients at the same time, and for one client only one after the
/// other. It has already checked the parameters' types and, where something changes, the caller's credentials. A reply
/// is a snapshot; nothing here may wait for a packet to arrive.
public protocol ControlBackend: Sendable {
    /// The daemon as a whole.
    func status() async throws(ControlError) -> GetStatus.Status

    /// All instances in the order of their netids.
    func instances() async throws(ControlError) -> [ListInstances.Instance]

    /// The hooks of one instance or, for nil, of all, those of one event in chain order.
    ///
    /// - Throws: ``ControlError/noSuchInstance(_:)``.
    func hooks(instance: String?) async throws(ControlError) -> [ListHooks.Hook]

    /// The kernel statistics that were asked for. More than that is fine: the server leaves out what
    /// ``ListKstats/select(from:)`` does not select.
    func kstats(_ selection: ListKstats) async throws(ControlError) -> [ListKstats.Kstat]

    /// What Prometheus would fetch.
    func metrics() async throws(ControlError) -> String

    /// Writes one statistic.
    ///
    /// - Throws: ``ControlError/invalidArgument(_:reason:)`` if there is no such kstat, statistic or value,
    ///   ``ControlError/failed(reason:)`` if the kstat is not writable or its owner refuses.
    func setKstat(_ change: SetKstat) async throws(ControlError)

    /// Gives a hook's module other values.
    ///
    /// - Throws: ``ControlError/noSuchInstance(_:)``, ``ControlError/invalidArgument(_:reason:)`` if there is no such hook,
    ///   key or value, ``ControlError/failed(reason:)`` if the module takes no changes.
    func changeHook(_ change: ChangeHook) async throws(ControlError)

    /// Changes the configuration, as a whole or not at all.
    ///
    /// - Returns: when it is in force; what to write to the file, if the caller wants to save it.
    /// - Throws: ``ControlError/noSuchInstance(_:)``, ``ControlError/invalidArgument(_:reason:)`` for what the
    ///   configuration doesn't take, ``ControlError/failed(reason:)`` if it can't be done or saved; then nothing is done.
    func edit(_ asked: ConfigurationEditing) async throws(ControlError) -> ConfigurationEditing.Reply

    /// What to write to the configuration file so that it says what is in force; nil if it does.
    ///
    /// - Throws: ``ControlError/failed(reason:)`` if the file was changed since it was read.
    func unsavedConfiguration() async throws(ControlError) -> ConfigurationEditing.FileEdit?

    /// Injects packets, in their order.
    ///
    /// Tries no packet behind one that finds the list full: such packets are the last ones of the call, so that the
    /// client can send them again and the order is kept.
    ///
    /// - Returns: what became of each packet; the numbers add up.
    /// - Throws: ``ControlError/noSuchInstance(_:)``, ``ControlError/failed(reason:)`` if it isn't up,
    ///   ``ControlError/invalidArgument(_:reason:)`` for what is no address.
    func inject(_ asked: Inject) async throws(ControlError) -> Inject.Reply

    /// Reads the configuration again and follows it, all or nothing.
    ///
    /// - Throws: ``ControlError/failed(reason:)`` with a line for each mistake, ``ControlError/invalidArgument(_:reason:)``.
    func reload(_ asked: Reload) async throws(ControlError) -> Reload.Reply

    /// Keeps what the last reload changed.
    ///
    /// - Throws: ``ControlError/failed(reason:)`` if none waits for that.
    func confirmReload() async throws(ControlError)

    /// Sets the level below which nothing is logged.
    func setLogLevel(_ level: SetLogLevel.LogLevel) async throws(ControlError)

    /// Posts to `queue` what happens from now on and was asked for, until ``stopMonitoring(_:)``; never more than that.
    ///
    /// - Throws: ``ControlError/invalidArgument(_:reason:)``.
    func monitor(_ asked: Monitor, _ queue: MonitorQueue) async throws(ControlError)

    /// Begins to capture packets; the server fetches them until it finishes what it gets.
    ///
    /// - Throws: ``ControlError/noSuchInstance(_:)``, ``ControlError/invalidArgument(_:reason:)``,
    ///   ``ControlError/failed(reason:)`` if there are too many captures.
    func capture(_ asked: Capture) async throws(ControlError) -> any CaptureSource

    /// Ends what ``monitor(_:_:)`` began. Does nothing for a queue that is not known.
    func stopMonitoring(_ queue: MonitorQueue)
}
