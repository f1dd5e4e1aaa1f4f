/* Files and folders, read only. */
#include "base/base.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* A pipe has no size; read at most this many bytes of it. */
static const size_t PIPE_LIMIT = (size_t)1 << 30;

static clile_status map_regular(int descriptor, const char *path, size_t size, clile_i_file *out)
{
    if (size == 0) {
        *out = (clile_i_file){.data = (const uint8_t *)""};
        return CLILE_OK;
    }
    void *mapping = mmap(NULL, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (mapping == MAP_FAILED) return clile_i_fail_system(errno, "%s: cannot be mapped", path);
    *out = (clile_i_file){.data = mapping, .size = size};
    return CLILE_OK;
}

static clile_status read_stream(int descriptor, const char *path, clile_i_file *out)
{
    clile_status status = CLILE_OK;
    uint8_t *data = NULL, *larger = NULL;
    size_t size = 0, capacity = 0;
    for (;;) {
        if (size == capacity) {
            const size_t wanted = capacity == 0 ? 65536 : capacity * 2;
            if (wanted > PIPE_LIMIT) {
                status = clile_i_fail(CLILE_E_UNSUPPORTED,
                                      "%s: not a regular file, and longer than %zu bytes", path,
                                      capacity);
                goto cleanup;
            }
            CLILE_I_ALLOC(larger, wanted);
            if (size > 0) memcpy(larger, data, size);
            clile_i_free(data);
            data = larger;
            larger = NULL;
            capacity = wanted;
        }
        const ssize_t got = read(descriptor, data + size, capacity - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            status = clile_i_fail_system(errno, "%s: cannot be read", path);
            goto cleanup;
        }
        if (got == 0) break;
        size += (size_t)got;
    }
    *out = (clile_i_file){.data = data, .size = size, .opaque = data};
    data = NULL;
cleanup:
    clile_i_free(data);
    return status;
}

clile_status clile_i_file_open(const char *path, clile_i_file *out)
{
    *out = (clile_i_file){0};
    CLILE_I_CHECK_NOT_NULL(path);
    if (path[0] == '\0') return clile_i_fail(CLILE_E_IO, "the name of the file to read is empty");
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return clile_i_fail_system(errno, "%s: cannot be opened", path);
    clile_status status = CLILE_OK;
    struct stat info;
    if (fstat(descriptor, &info) != 0)
        status = clile_i_fail_system(errno, "%s: cannot be examined", path);
    else if (S_ISDIR(info.st_mode))
        status = clile_i_fail(CLILE_E_IO, "%s: is a folder, expected a file", path);
    else if (!S_ISREG(info.st_mode))
        status = read_stream(descriptor, path, out);
    else if ((uint64_t)info.st_size > (uint64_t)PTRDIFF_MAX)
        status = clile_i_fail(CLILE_E_UNSUPPORTED, "%s: too large for the address space", path);
    else
        status = map_regular(descriptor, path, (size_t)info.st_size, out);
    close(descriptor);
    return status;
}

void clile_i_file_close(clile_i_file *file)
{
    if (file == NULL) return;
    if (file->opaque != NULL)
        clile_i_free(file->opaque);
    else if (file->size > 0 && !file->borrowed)
        munmap((void *)(uintptr_t)file->data, file->size);
    *file = (clile_i_file){0};
}

int clile_i_path_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

int clile_i_path_is_same(const char *left, const char *right)
{
    struct stat l, r;
    return stat(left, &l) == 0 && stat(right, &r) == 0 && l.st_dev == r.st_dev &&
           l.st_ino == r.st_ino;
}

int clile_i_path_is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

int clile_i_path_is_file(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

clile_status clile_i_folder_list(const char *path, clile_i_names *out)
{
    *out = (clile_i_names){0};
    CLILE_I_CHECK_NOT_NULL(path);
    clile_status status = CLILE_OK;
    clile_i_names names = {0};
    int64_t capacity = 0;
    DIR *folder = opendir(path);
    if (folder == NULL) return clile_i_fail_system(errno, "%s: folder cannot be opened", path);
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (entry == NULL) {
            if (errno != 0) status = clile_i_fail_system(errno, "%s: folder cannot be read", path);
            break;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (names.count == capacity) {
            capacity = capacity == 0 ? 64 : capacity * 2;
            char **larger = NULL;
            CLILE_I_ALLOC(larger, capacity);
            if (names.count > 0) memcpy(larger, names.names, (size_t)names.count * sizeof *larger);
            clile_i_free(names.names);
            names.names = larger;
        }
        char *name = clile_i_strdup(entry->d_name);
        if (name == NULL) {
            status = CLILE_E_OUT_OF_MEMORY;
            goto cleanup;
        }
        names.names[names.count++] = name;
    }
    if (status == CLILE_OK) {
        if (names.count > 1)
            qsort(names.names, (size_t)names.count, sizeof *names.names, compare_names);
        *out = names;
        names = (clile_i_names){0};
    }
cleanup:
    closedir(folder);
    clile_i_names_free(&names);
    return status;
}

void clile_i_names_free(clile_i_names *names)
{
    for (int64_t i = 0; i < names->count; ++i) clile_i_free(names->names[i]);
    clile_i_free(names->names);
    *names = (clile_i_names){0};
}

char *clile_i_path_join(const char *folder, const char *name)
{
    const size_t folder_size = strlen(folder), name_size = strlen(name);
    const int slash = folder_size > 0 && folder[folder_size - 1] != '/';
    char *path = clile_i_calloc((int64_t)(folder_size + name_size + 2), 1);
    if (path == NULL) return NULL;
    memcpy(path, folder, folder_size);
    if (slash) path[folder_size] = '/';
    memcpy(path + folder_size + (slash ? 1 : 0), name, name_size);
    return path;
}

void clile_i_path_plain(char *path)
{
    char *const start = path + (path[0] == '/'), *to = start;
    char *keep = start; /* end of the leading ".." of a relative path */
    for (const char *at = start;;) {
        const size_t size = strcspn(at, "/");
        const int last = at[size] == '\0', up = size == 2 && at[0] == '.' && at[1] == '.';
        if (up && to > keep) {
            do --to;
            while (to > keep && to[-1] != '/');
        } else if (size > 0 && !(size == 1 && at[0] == '.') && !(up && start > path)) {
            memmove(to, at, size);
            to += size;
            *to++ = '/';
            if (up) keep = to;
        }
        if (last) break;
        at += size + 1;
    }
    if (to > start) --to;
    *to = '\0';
}

uint32_t clile_i_crc32(uint32_t crc, const void *data, size_t size)
{
    return (uint32_t)crc32_z(crc, data, size);
}

uint32_t clile_i_crc32_combine(uint32_t crc_a, uint32_t crc_b, int64_t size_b)
{
    return (uint32_t)crc32_combine(crc_a, crc_b, (z_off_t)size_b);
}
