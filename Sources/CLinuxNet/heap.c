// SPDX-License-Identifier: Apache-2.0
//
// Options of malloc(3).

#include "CLinuxNet.h"

#include <errno.h>
#include <malloc.h>

int clnx_heap_share(void) {
#ifdef M_ARENA_MAX
    return mallopt(M_ARENA_MAX, 1) == 1 ? 0 : -ENOTSUP;
#else
    return -ENOTSUP;
#endif
}
