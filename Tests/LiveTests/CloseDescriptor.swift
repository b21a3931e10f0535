// SPDX-License-Identifier: Apache-2.0

import Glibc

/// close(2), under a name that hides no method.
func closeDescriptor(_ descriptor: Int32) {
    close(descriptor)
}
