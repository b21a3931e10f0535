// SPDX-License-Identifier: Apache-2.0

import NetiDaemon
import Testing

/// Where metrics may be offered: nowhere but on this machine.
struct MetricsAddressTests {
    @Test(arguments: [
        ("unix:/run/neti/metrics.sock", MetricsAddress.unix(path: "/run/neti/metrics.sock")),
        ("127.0.0.1:9469", .tcp(host: "127.0.0.1", port: 9469)),
        ("127.8.9.1:1", .tcp(host: "127.8.9.1", port: 1)),
        ("[::1]:65535", .tcp(host: "::1", port: 65_535)),
    ])
    func right(text: String, address: MetricsAddress) {
        #expect(MetricsAddress(text) == address)
        #expect(address.description == text)
    }

    @Test(arguments: [
        "", ":", "unix:", "unix:/", "unix:metrics.sock", "unix:/" + String(repeating: "m", count: 107), "/m.sock",
        "9469", ":9469", "0.0.0.0:9469", "192.0.2.1:9469", "128.0.0.1:9469", "localhost:9469", "127.0.0.1",
        "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:+1", "127.0.0.1:-1", "127.0.0.1: 1",
        "[127.0.0.1]:9469",
        "::1:9469", "[::]:9469", "[::2]:9469", "[2001:db8::1]:9469", "[::ffff:127.0.0.1]:9469", "[::1%lo]:9469",
        "127.0.0.1:99999999999999999999", "127.0.0.1:٣",
    ])
    func wrong(text: String) {
        #expect(MetricsAddress(text) == nil)
    }
}
