/* Preloaded into a program: makes the REFUSE_AT-th allocation of the process fail, whoever makes
 * it, and writes the name of the library that made it to file descriptor 2. With REFUSE_AT=0 it
 * prints the number of allocations at the end. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
int posix_memalign(void **out, size_t alignment, size_t size);

static long refuse_at = -1, count;
static __thread int inside;

static int refuse(const void *caller)
{
    if (inside) return 0;
    if (refuse_at < 0) {
        const char *text = getenv("REFUSE_AT");
        refuse_at = text != NULL ? atol(text) : 0;
    }
    if (__atomic_add_fetch(&count, 1, __ATOMIC_RELAXED) != refuse_at) return 0;
    inside = 1;
    Dl_info info;
    char line[300];
    const char *name = dladdr(caller, &info) != 0 && info.dli_fname != NULL ? info.dli_fname : "?";
    const char *slash = strrchr(name, '/');
    const int length =
        snprintf(line, sizeof line, "refused %s\n", slash != NULL ? slash + 1 : name);
    if (write(2, line, (size_t)length) < 0) errno = EIO;
    inside = 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size)
{
    return refuse(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *calloc(size_t number, size_t size)
{
    return refuse(__builtin_return_address(0)) ? NULL : __libc_calloc(number, size);
}

void *realloc(void *old, size_t size)
{
    return refuse(__builtin_return_address(0)) ? NULL : __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return refuse(__builtin_return_address(0)) ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    if (refuse(__builtin_return_address(0))) return ENOMEM;
    *out = __libc_memalign(alignment, size);
    return *out != NULL ? 0 : ENOMEM;
}

__attribute__((destructor)) static void say(void)
{
    char line[60];
    inside = 1;
    const int length = refuse_at == 0 ? snprintf(line, sizeof line, "allocations %ld\n", count) : 0;
    if (write(2, line, (size_t)length) < 0) errno = EIO;
}
