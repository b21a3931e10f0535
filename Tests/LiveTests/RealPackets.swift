// SPDX-License-Identifier: Apache-2.0

import Testing

/// Everything that needs root, network namespaces and real packets: one test at a time, each with its own hosts.
///
/// Without root or iproute2 every test fails, on purpose: a skipped test proves nothing.
@Suite(.serialized, .leavesNothingBehind)
enum RealPackets {}
