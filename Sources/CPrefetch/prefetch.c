// SPDX-License-Identifier: Apache-2.0
//
// Everything is in the header, so that it costs no call.

#include "include/CPrefetch.h"
