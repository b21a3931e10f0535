// SPDX-License-Identifier: Apache-2.0
//
// Counts the allocations of threads by their names. Linking this target puts a counting malloc, calloc and realloc in
// front of the C library's.

#pragma once

#include <stdint.h>

// Counts, from now on and from 0, what threads do whose name begins with `prefix`; null stops counting. The string is
// used until the next call.
void malloc_count_start(const char *_Nullable prefix);

// Allocations since the last start.
uint64_t malloc_count(void);
