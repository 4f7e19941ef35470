/* Continuous checked I/O on a disk: verify DEVICE MIB
 *
 * The first MIB mebibytes hold a pattern and are only read; the same number after them are written and read back. Word i (8 bytes) of block b
 * (4 KiB) is mix(b * 512 + i, version): version 0 in the pattern, and in the rest how often this program has written the block, which it keeps in
 * memory. All I/O is O_DIRECT, 4 to 128 KiB at random places, by four processes with a share of the disk each. Every second each prints how many
 * requests were right; the first wrong byte or failed request is printed and ends everything. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 4096, WORDS = BLOCK / 8, MOST = 32, WORKERS = 4 };

static uint64_t mix(uint64_t n, uint64_t version) { /* splitmix64's finaliser */
    uint64_t z = (n + 1) * 0x9e3779b97f4a7c15u ^ version * 0xd1342543de82ef95u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t state;
static uint64_t next(uint64_t below) { return mix(++state, 77) % below; }

static void fail(const char *what, uint64_t block) {
    printf("CAISSON-VERIFY error %s at block %llu: %s\n", what, (unsigned long long)block, strerror(errno));
    fflush(stdout);
    exit(1);
}

static void work(const char *device, uint64_t blocks, int worker) {
    int disk = open(device, O_RDWR | O_DIRECT);
    uint64_t share = blocks / WORKERS, mine = blocks + worker * share, done = 0;
    uint32_t *versions = calloc(share, sizeof *versions); /* 0: never written by us, so unknown */
    uint64_t *buffer;
    time_t said = time(NULL);
    if (disk < 0 || !versions || posix_memalign((void **)&buffer, BLOCK, MOST * BLOCK)) fail("beginning", 0);
    state = (uint64_t)worker << 32;
    for (;;) {
        uint64_t count = 1 + next(MOST), kind = next(3), first, b, i;
        int isPattern = kind == 0;
        uint64_t from = isPattern ? 0 : mine, room = isPattern ? blocks : share;
        first = from + next(room - count + 1);
        if (kind == 1) {
            for (b = 0; b < count; b++) {
                uint32_t version = ++versions[first - mine + b];
                for (i = 0; i < WORDS; i++) buffer[b * WORDS + i] = mix((first + b) * WORDS + i, version);
            }
            if (pwrite(disk, buffer, count * BLOCK, first * BLOCK) != (ssize_t)(count * BLOCK)) fail("writing", first);
        } else {
            if (pread(disk, buffer, count * BLOCK, first * BLOCK) != (ssize_t)(count * BLOCK)) fail("reading", first);
            for (b = 0; b < count; b++) {
                uint32_t version = isPattern ? 0 : versions[first - mine + b];
                if (!isPattern && version == 0) continue;
                for (i = 0; i < WORDS; i++)
                    if (buffer[b * WORDS + i] != mix((first + b) * WORDS + i, version)) { errno = 0; fail("wrong bytes", first + b); }
            }
        }
        done++;
        if (time(NULL) != said) {
            said = time(NULL);
            printf("CAISSON-VERIFY ok %llu by %d\n", (unsigned long long)done, worker);
            fflush(stdout);
        }
    }
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    uint64_t blocks = strtoull(argv[2], NULL, 10) * (1048576 / BLOCK);
    for (int worker = 0; worker < WORKERS; worker++)
        if (fork() == 0) work(argv[1], blocks, worker);
    wait(NULL); /* one ended: it has said why */
    kill(0, 15);
    return 1;
}
