/* Puts a known bug into a process from outside, so that the crash lab can show that it would be seen. Loaded by LD_PRELOAD.
   CAISSON_TEST_FORGET = file:TEXT        fsync and fdatasync of regular files whose path contains TEXT do nothing
                         directory:TEXT   fsync of directories whose path contains TEXT does nothing
                         late:TEXT        the sync of a file whose path contains TEXT is done only after the next sync of a directory */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int owed = -1; /* a file whose sync is late */

static int is_meant(int fd, const char *kind)
{
    const char *rule = getenv("CAISSON_TEST_FORGET");
    size_t length = strlen(kind);
    if (!rule || strncmp(rule, kind, length) || rule[length] != ':')
        return 0;
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t got = readlink(link, path, sizeof path - 1);
    if (got < 0)
        return 0;
    path[got] = 0;
    return strstr(path, rule + length + 1) != NULL;
}

static int sync_or_forget(long call, int fd)
{
    struct stat info;
    if (fstat(fd, &info) == 0) {
        int is_directory = S_ISDIR(info.st_mode);
        if (is_meant(fd, is_directory ? "directory" : "file"))
            return 0;
        if (!is_directory && is_meant(fd, "late")) {
            if (owed < 0)
                owed = dup(fd);
            return 0;
        }
        if (is_directory && owed >= 0) {
            int result = syscall(call, fd);
            syscall(SYS_fdatasync, owed);
            close(owed);
            owed = -1;
            return result;
        }
    }
    return syscall(call, fd);
}

int fsync(int fd) { return sync_or_forget(SYS_fsync, fd); }
int fdatasync(int fd) { return sync_or_forget(SYS_fdatasync, fd); }

/* .NET looks its functions up in libc itself, past LD_PRELOAD. */
void *dlsym(void *handle, const char *name)
{
    static void *(*real)(void *, const char *);
    if (!strcmp(name, "fsync"))
        return (void *)fsync;
    if (!strcmp(name, "fdatasync"))
        return (void *)fdatasync;
    if (!real) {
        real = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.34");
        if (!real)
            real = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.2.5");
    }
    return real(handle, name);
}
