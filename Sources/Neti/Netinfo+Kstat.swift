// SPDX-License-Identifier: Apache-2.0

public import Kstat
import SystemPackage

/// kstats of modules, seen by one IP instance (§8.1 of the rules; net_kstat_create(9F), net_kstat_delete(9F)).
///
/// May be called from any thread, from an instance's create callback too (R173), and from inside a hook where waiting for
/// a lock and allocating are acceptable.
extension Netinfo {
    /// Creates a kstat that only the given IP instance sees (`net_kstat_create`, R169, R171, R174 to R176).
    ///
    /// It can be read once its owner has installed it, by `kstats.install`. A dormant one of the same name, class, type and
    /// count comes back with its values (R178).
    ///
    /// - Parameters:
    ///   - netid: the IP instance.
    ///   - module: who makes it.
    ///   - instance: which of several; 0 where that means nothing.
    ///   - name: nil for the module followed by `instance` (R175).
    ///   - class: what kind of statistics, such as `net`.
    ///   - type: what kind of data.
    ///   - count: `ndata`: bytes of RAW, fields of NAMED, timers of TIMER; 1 for INTR and IO.
    ///   - flags: how it is kept.
    /// - Throws: `ESRCH` when there is no such IP instance, else what `KstatRegistry.create` throws. C gets NULL for all of
    ///   these.
    public func createKstat(
        netid: NetID, module: String, instance: Int32 = 0, name: String? = nil, class: String,
        type: KstatType = .named, count: Int, flags: KstatFlags = []
    ) throws(NetiError) -> Kstat {
        guard self.instance(netid) != nil else {
            throw NetiError(.noSuchProcess, "no instance \(netid) for a kstat of module '\(module)'")
        }
        do throws(KstatError) {
            return try kstats.create(
                module: module, instance: instance, name: name, class: `class`, type: type, count: count,
                flags: flags, netids: [netid.rawValue])
        } catch {
            throw NetiError(error)
        }
    }

    /// Deletes a kstat, or lets a persistent one sleep (`net_kstat_delete`, R170, R179).
    ///
    /// Works in the shutdown and destroy callbacks of an instance that goes away, where the original forgets to (R172). An
    /// instance that isn't there and never saw the kstat leaves it alone, without an error (R170).
    ///
    /// - Throws: `ENXIO` when it was deleted before, `EDEADLK` from inside a function of its owner.
    public func deleteKstat(netid: NetID, _ kstat: Kstat) throws(NetiError) {
        guard kstat.isVisible(in: netid.rawValue) || instance(netid) != nil else { return }
        do throws(KstatError) {
            try kstats.delete(kstat)
        } catch {
            throw NetiError(error)
        }
    }
}

extension NetiError {
    /// A refusal of the kstat registry, unchanged.
    public init(_ error: KstatError) {
        self.init(error.errno, error.message)
    }
}
