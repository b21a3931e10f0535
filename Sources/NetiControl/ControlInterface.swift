// SPDX-License-Identifier: Apache-2.0

/// The interface by name and by text.
public enum ControlInterface {
    /// The interface's name, the part before the last dot of a method's or an error's name.
    public static let name = "io.neti.Control"

    /// The description in Varlink's own language, as `GetInterfaceDescription` gives it.
    public static let description = String(decoding: PackageResources.io_neti_Control_varlink, as: UTF8.self)

    /// Where the daemon listens unless it is told otherwise.
    public static let defaultSocketPath = "/run/neti/neti.sock"
}
