// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The value of an environment variable; nil when it isn't set.
///
/// Nothing in the daemon changes the environment, so reading it is safe on any thread.
func environment(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe String(cString: value)
}
