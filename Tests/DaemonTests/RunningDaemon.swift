// SPDX-License-Identifier: Apache-2.0

import Testing

/// The programs as users run them, `neti-daemon` and `neti-ctl`, on real packets: one test at a time, each with its own
/// hosts and daemons.
///
/// Without root or iproute2 every test fails, on purpose: a skipped test proves nothing.
@Suite(.serialized, .leavesNoTrace)
enum RunningDaemon {}
