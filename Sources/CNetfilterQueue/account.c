// SPDX-License-Identifier: Apache-2.0
//
// The kernel's account of a queue: one line of /proc/net/netfilter/nfnetlink_queue.

#include "CNetfilterQueue.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

enum { FIELDS = 9, LONGEST_LINE = 128 };

// Reads the numbers of one line; true if there are as many as there should be.
static bool parse(const char *line, const char *end, uint32_t fields[FIELDS]) {
    int count = 0;
    while (line < end) {
        if (*line < '0' || *line > '9') {
            line++;
            continue;
        }
        if (count == FIELDS) { return false; }
        uint32_t value = 0;
        for (; line < end && *line >= '0' && *line <= '9'; line++) { value = value * 10 + (uint32_t)(*line - '0'); }
        fields[count++] = value;
    }
    return count == FIELDS;
}

int cnfq_accounts_open(void) {
    // thread-self, because /proc/net is that of the process's first thread.
    int fd = open("/proc/thread-self/net/netfilter/nfnetlink_queue", O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int cnfq_account_read(int accounts, uint16_t queue, struct cnfq_account *account) {
    char buffer[4096];
    size_t kept = 0;  // of an unfinished line, at the front of the buffer
    off_t offset = 0;
    for (;;) {
        ssize_t length = pread(accounts, buffer + kept, sizeof buffer - kept, offset);
        if (length < 0 && errno == EINTR) { continue; }
        if (length < 0) { return -errno; }
        if (length == 0) { return -ENOENT; }
        offset += length;
        char *line = buffer, *end = buffer + kept + length, *newline;
        while ((newline = memchr(line, '\n', (size_t)(end - line))) != NULL) {
            uint32_t f[FIELDS];
            if (parse(line, newline, f) && f[0] == queue) {
                *account = (struct cnfq_account){
                    .queue = queue, .port = f[1], .waiting = f[2], .copy_mode = f[3], .copy_range = f[4],
                    .queue_dropped = f[5], .socket_dropped = f[6], .last_id = f[7],
                };
                return 0;
            }
            line = newline + 1;
        }
        kept = (size_t)(end - line);
        if (kept > LONGEST_LINE) { return -EPROTO; }
        memmove(buffer, line, kept);
    }
}

int cnfq_queue_owner(uint16_t queue, struct cnfq_account *account) {
    int accounts = cnfq_accounts_open();
    if (accounts < 0) { return accounts; }
    int result = cnfq_account_read(accounts, queue, account);
    close(accounts);
    return result;
}
