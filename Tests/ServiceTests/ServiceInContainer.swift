// SPDX-License-Identifier: Apache-2.0

import Testing

/// The Debian package under real systemd: each test boots a container of its own.
///
/// Without root, systemd-container and mmdebstrap every test fails, on purpose: a skipped test proves nothing.
@Suite(.serialized)
enum ServiceInContainer {}
