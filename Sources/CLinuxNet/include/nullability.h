// SPDX-License-Identifier: Apache-2.0
//
// Which pointers may be null, for compilers that know it; the C programs of the benchmarks are made by one that doesn't.

#pragma once

#if !defined(__clang__) && !defined(_Nonnull)
#define _Nonnull
#define _Nullable
#endif
