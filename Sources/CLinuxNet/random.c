// SPDX-License-Identifier: Apache-2.0
//
// Random bytes of the kernel.

#include "CLinuxNet.h"

#include <sys/random.h>
#include <sys/types.h>

void clnx_random(void *bytes, size_t length) {
    for (size_t filled = 0; filled < length;) {
        // Nothing but a signal makes it fail: the memory is there, and Linux has it since 3.17.
        ssize_t more = getrandom((char *)bytes + filled, length - filled, 0);
        if (more > 0) { filled += (size_t)more; }
    }
}
