// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE

#include "options.h"

#include <err.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

static void check(const struct options *options) {
    if (options->from == NULL || options->to == NULL || options->source == NULL || options->destination == NULL) {
        errx(64, "-f NETNS -t NETNS -s ADDRESS -d ADDRESS are needed");
    }
    if (options->seconds <= 0 || options->window == 0 || options->size < sizeof(uint64_t) || options->size > 1400) {
        errx(64, "SECONDS and WINDOW are above 0, BYTES from 8 to 1400");
    }
}

struct options read_options(int argc, char **argv) {
    struct options options = {.seconds = 5, .port = 9000, .window = 128, .size = 64};
    for (int option; (option = getopt(argc, argv, "f:t:s:d:n:p:w:z:x:c:")) != -1;) {
        switch (option) {
        case 'f': options.from = optarg; break;
        case 't': options.to = optarg; break;
        case 's': options.source = optarg; break;
        case 'd': options.destination = optarg; break;
        case 'n': options.seconds = atof(optarg); break;
        case 'p': options.port = (uint16_t)atoi(optarg); break;
        case 'w': options.window = (uint32_t)atoi(optarg); break;
        case 'z': options.size = (uint32_t)atoi(optarg); break;
        case 'x': options.consumer = atoi(optarg); break;
        case 'c': options.processor = atoi(optarg); break;
        default: exit(64);
        }
    }
    check(&options);
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(options.processor, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0) { err(1, "processor %d", options.processor); }
    return options;
}
