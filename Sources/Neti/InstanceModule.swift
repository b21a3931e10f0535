// SPDX-License-Identifier: Apache-2.0

/// Code that wants to be told of every IP instance: `net_instance_t`.
///
/// For each instance `create` is called once, then `shutdown`, then `destroy`, never two of them at a time (R112). They
/// are called on the thread that registers or unregisters the module or makes the instance come or go, without locks;
/// those of different modules or instances may run at the same time (R113).
///
/// - In `create` for a new instance there is no protocol yet; a callback registered with
///   ``Netinfo/register(_:in:)`` hears when there is. When the module is registered late, protocols are there already
///   (R124). What `create` returns is handed to the others (R115); a `Value` that is optional may be nil, which changes
///   nothing (R19).
/// - In `shutdown` on an instance's death nothing can be registered any more (`ESHUTDOWN`), but everything can be taken
///   off (R125). When the module is unregistered instead, the instance is alive and everything works (R123).
/// - `destroy` is the last chance. The number of a dying instance leads nowhere by then (R24), yet hooks, callbacks and
///   kstats can be taken off, other than in the original (R126).
///
/// A thread inside one of the three must not make instances come or go, and must not unregister this module: `EDEADLK`
/// (R116). Registering or unregistering another one works.
public struct InstanceModule: Sendable {
    /// What tells it apart (`nin_name`).
    public let name: String

    /// What is still to be called for one instance, with what `create` returned.
    struct Remainder: Sendable {
        let shutDown: @Sendable () -> Void
        let destroy: @Sendable () -> Void
    }

    let create: @Sendable (NetID) -> Remainder

    /// Describes a module. One without `create` or `destroy`, which the original refuses (R16), can't be expressed.
    ///
    /// - Parameters:
    ///   - name: unique among the modules that are registered.
    ///   - create: called with an instance's number when it comes (`nin_create`).
    ///   - shutdown: called when it begins to go (`nin_shutdown`).
    ///   - destroy: called when it is gone (`nin_destroy`).
    public init<Value: Sendable>(
        name: String,
        create: @escaping @Sendable (NetID) -> Value,
        shutdown: (@Sendable (NetID, Value) -> Void)? = nil,
        destroy: @escaping @Sendable (NetID, Value) -> Void
    ) {
        self.name = name
        self.create = { netid in
            let value = create(netid)
            return Remainder(shutDown: { shutdown?(netid, value) }, destroy: { destroy(netid, value) })
        }
    }
}
