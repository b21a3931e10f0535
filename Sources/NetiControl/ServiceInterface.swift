// SPDX-License-Identifier: Apache-2.0

/// `org.varlink.service`, which every Varlink service has (varlink.org, "Service"), by name and by text.
public enum ServiceInterface {
    /// The interface's name.
    public static let name = "org.varlink.service"

    /// The description in Varlink's own language.
    public static let description = String(decoding: PackageResources.org_varlink_service_varlink, as: UTF8.self)
}
