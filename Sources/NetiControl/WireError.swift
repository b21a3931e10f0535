// SPDX-License-Identifier: Apache-2.0

/// An error as it travels: a reverse-domain name and its parameters. All errors here have parameters of text only.
struct WireError: Error, Equatable {
    /// The qualified name: `io.neti.Control.NoSuchInstance`.
    let name: String
    /// The parameters by name.
    let parameters: [String: String]
}
