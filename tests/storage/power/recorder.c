/* Preloaded into a process, it writes down what the process does to the files under REC_DIR.
 *
 * One record in REC_LOG for each change and each sync, in the order in which they happened:
 * op (1), length of the path (4), offset (8), length of the data (8), path, data; little endian.
 * Ops: c create, w write, t truncate (to offset), s sync, u unlink, r rename (data: new path).
 * A sync holds the lock, so that nothing written while it ran is taken for synced.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_FILES 4096

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *paths[MOST_FILES];
static int log_fd = -1;
static const char *watched;

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static void all(const void *data, size_t length) {
    REAL(ssize_t, "write", int, const void *, size_t);
    const char *rest = data;
    while (length > 0) {
        ssize_t done = real(log_fd, rest, length);
        if (done <= 0) abort();
        rest += done;
        length -= (size_t)done;
    }
}

static void put(char op, const char *path, int64_t offset, const void *data, uint64_t length) {
    uint32_t named = (uint32_t)strlen(path);
    all(&op, 1);
    all(&named, 4);
    all(&offset, 8);
    all(&length, 8);
    all(path, named);
    all(data, length);
}

__attribute__((constructor)) static void begin(void) {
    REAL(int, "open64", const char *, int, ...);
    watched = getenv("REC_DIR");
    const char *log = getenv("REC_LOG");
    if (watched && log) log_fd = real(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int ours(const char *path) {
    return log_fd >= 0 && path && strncmp(path, watched, strlen(watched)) == 0;
}

static const char *path_of(int fd) {
    return fd >= 0 && fd < MOST_FILES ? paths[fd] : NULL;
}

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(int, #name, const char *, int, ...); \
        mode_t mode = 0; \
        if (flags & O_CREAT) { \
            va_list rest; \
            va_start(rest, flags); \
            mode = va_arg(rest, mode_t); \
            va_end(rest); \
        } \
        if (!ours(path)) return real(path, flags, mode); \
        pthread_mutex_lock(&lock); \
        int is_new = access(path, F_OK) != 0; \
        int fd = real(path, flags, mode); \
        if (fd >= 0 && fd < MOST_FILES) { \
            free(paths[fd]); \
            paths[fd] = strdup(path); \
            if (is_new) put('c', path, 0, "", 0); \
            else if (flags & O_TRUNC) put('t', path, 0, "", 0); \
        } \
        pthread_mutex_unlock(&lock); \
        return fd; \
    }
OPEN(open)
OPEN(open64)

int close(int fd) {
    REAL(int, "close", int);
    if (path_of(fd)) {
        pthread_mutex_lock(&lock);
        free(paths[fd]);
        paths[fd] = NULL;
        pthread_mutex_unlock(&lock);
    }
    return real(fd);
}

ssize_t write(int fd, const void *data, size_t length) {
    REAL(ssize_t, "write", int, const void *, size_t);
    if (!path_of(fd)) return real(fd, data, length);
    pthread_mutex_lock(&lock);
    off_t end = lseek(fd, 0, SEEK_CUR);
    ssize_t done = real(fd, data, length);
    if (done > 0) put('w', paths[fd], end, data, (uint64_t)done);
    pthread_mutex_unlock(&lock);
    return done;
}

#define PWRITE(name) \
    ssize_t name(int fd, const void *data, size_t length, off_t offset) { \
        REAL(ssize_t, #name, int, const void *, size_t, off_t); \
        if (!path_of(fd)) return real(fd, data, length, offset); \
        pthread_mutex_lock(&lock); \
        ssize_t done = real(fd, data, length, offset); \
        if (done > 0) put('w', paths[fd], offset, data, (uint64_t)done); \
        pthread_mutex_unlock(&lock); \
        return done; \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

#define TRUNCATE(name) \
    int name(int fd, off_t length) { \
        REAL(int, #name, int, off_t); \
        if (!path_of(fd)) return real(fd, length); \
        pthread_mutex_lock(&lock); \
        int failed = real(fd, length); \
        if (!failed) put('t', paths[fd], length, "", 0); \
        pthread_mutex_unlock(&lock); \
        return failed; \
    }
TRUNCATE(ftruncate)
TRUNCATE(ftruncate64)

#define SYNC(name) \
    int name(int fd) { \
        REAL(int, #name, int); \
        if (!path_of(fd)) return real(fd); \
        pthread_mutex_lock(&lock); \
        int failed = real(fd); \
        if (!failed) put('s', paths[fd], 0, "", 0); \
        pthread_mutex_unlock(&lock); \
        return failed; \
    }
SYNC(fsync)
SYNC(fdatasync)

int unlink(const char *path) {
    REAL(int, "unlink", const char *);
    if (!ours(path)) return real(path);
    pthread_mutex_lock(&lock);
    int failed = real(path);
    if (!failed) put('u', path, 0, "", 0);
    pthread_mutex_unlock(&lock);
    return failed;
}

int rename(const char *from, const char *to) {
    REAL(int, "rename", const char *, const char *);
    if (!ours(from)) return real(from, to);
    pthread_mutex_lock(&lock);
    int failed = real(from, to);
    if (!failed) put('r', from, 0, to, strlen(to));
    pthread_mutex_unlock(&lock);
    return failed;
}
