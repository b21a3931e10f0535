// SPDX-License-Identifier: Apache-2.0

/// `org.varlink.service`, which every Varlink service has (varlink.org, "Service").
enum ServiceInterface {
    static let name = "org.varlink.service"

    static let description = String(decoding: PackageResources.org_varlink_service_varlink, as: UTF8.self)
}

/// Who answers and which interfaces there are.
struct GetInfo: Codable {
    static let name = "GetInfo"
    static let parameterNames: [String] = []

    struct Reply: Codable, Equatable {
        let vendor: String
        let product: String
        let version: String
        let url: String
        let interfaces: [String]
    }
}

/// The text of one interface's description.
struct GetInterfaceDescription: Codable {
    static let name = "GetInterfaceDescription"
    static let parameterNames = ["interface"]

    let interface: String

    struct Reply: Codable {
        let description: String
    }
}
