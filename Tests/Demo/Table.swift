// SPDX-License-Identifier: Apache-2.0

import Neti

/// The demo's result as text in columns.
enum Table {
    private static let header = ["family", "traffic", "sent", "arrived", "the rules say", ""]

    static func render(_ exchanges: [Exchange]) -> String {
        let rows = exchanges.map { exchange in
            [
                exchange.family.rawValue, exchange.what, String(exchange.sent), String(exchange.arrived),
                exchange.isAllowed ? "pass" : "block", exchange.isRight ? "" : "WRONG",
            ]
        }
        let widths = header.indices.map { column in
            ([header] + rows).map { $0[column].count }.max() ?? 0
        }
        return ([header] + rows).map { row in
            zip(row, widths).map { text, width in text + String(repeating: " ", count: width - text.count) }
                .joined(separator: "  ")
        }.joined(separator: "\n") + "\n"
    }
}
