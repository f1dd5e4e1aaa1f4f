/* Atomic writer: all bytes go to a temporary file next to the target. It takes the target's name
 * once it is complete and on disk. Readers see the old file or the new one, never a part. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_SIZE = 65536, NAME_ATTEMPTS = 1000, NAME_KEPT = 200 };

struct clile_i_writer {
    char *target; /* symbolic links resolved: the link stays, the file it points to is replaced */
    char *temporary; /* NULL until the file exists */
    int descriptor;  /* -1: closed */
    int failed;      /* a put failed: commit must not rename */
    int relaxed;     /* commit does not wait for the disk */
    size_t used;
    uint8_t buffer[BUFFER_SIZE];
};

static void destroy(clile_i_writer *writer)
{
    if (writer == NULL) return;
    if (writer->descriptor >= 0) close(writer->descriptor);
    if (writer->temporary != NULL) unlink(writer->temporary);
    clile_i_free(writer->temporary);
    clile_i_free(writer->target);
    clile_i_free(writer);
}

static const char *name_in(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

/* How many bytes of the target's path to keep before ".PID-N.tmp": a long name could become too
 * long. */
static int kept_of(const char *target)
{
    const char *name = name_in(target);
    return (int)((name - target) + (ptrdiff_t)strnlen(name, NAME_KEPT));
}

/* Makes TARGET.PID-N.tmp with the access rights of the file it replaces. */
static clile_status create_temporary(clile_i_writer *writer, const char *path,
                                     const struct stat *replaced)
{
    clile_status status = CLILE_OK;
    clile_i_text name = {0};
    if (strlen(path) >= PATH_MAX || strlen(name_in(writer->target)) > NAME_MAX)
        return clile_i_fail_system(ENAMETOOLONG, "%s: cannot be written", path);
    for (int attempt = 0; attempt < NAME_ATTEMPTS && writer->descriptor < 0; ++attempt) {
        name.size = 0;
        clile_i_text_append(&name, "%.*s.%ld-%d.tmp", kept_of(writer->target), writer->target,
                            (long)getpid(), attempt);
        CLILE_I_TRY(name.status);
        writer->descriptor = open(name.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (writer->descriptor < 0 && errno != EEXIST) break;
    }
    if (writer->descriptor < 0) {
        status = clile_i_fail_system(errno, "%s: cannot be written", path);
        goto cleanup;
    }
    writer->temporary = name.data;
    name.data = NULL;
    if (replaced != NULL && fchmod(writer->descriptor, replaced->st_mode & 0777) != 0)
        status = clile_i_fail_system(errno, "%s: access rights cannot be set", path);
cleanup:
    clile_i_text_free(&name);
    return status;
}

clile_status clile_i_writer_open(const char *path, clile_i_writer **out)
{
    CLILE_I_CHECK_NOT_NULL(out);
    *out = NULL;
    CLILE_I_CHECK_NOT_NULL(path);
    if (path[0] == '\0') return clile_i_fail(CLILE_E_IO, "the name of the file to write is empty");
    clile_status status = CLILE_OK;
    clile_i_writer *writer = NULL;
    /* on the stack: if realpath's own allocation failed, the link itself would be replaced */
    char buffer[PATH_MAX];
    const char *resolved = NULL;
    struct stat info;
    const int exists = stat(path, &info) == 0;
    /* Renaming over a device would replace the device. */
    if (exists && S_ISDIR(info.st_mode))
        return clile_i_fail(CLILE_E_IO, "%s: cannot be written: it is a folder", path);
    if (exists && !S_ISREG(info.st_mode))
        return clile_i_fail(CLILE_E_IO, "%s: cannot be written: it is not a regular file", path);
    CLILE_I_ALLOC(writer, 1);
    writer->descriptor = -1;
    resolved = exists ? realpath(path, buffer) : NULL;
    writer->target = clile_i_strdup(resolved != NULL ? resolved : path);
    if (writer->target == NULL) {
        status = CLILE_E_OUT_OF_MEMORY;
        goto cleanup;
    }
    CLILE_I_TRY(create_temporary(writer, path, exists ? &info : NULL));
    *out = writer;
    writer = NULL;
cleanup:
    destroy(writer);
    return status;
}

void clile_i_writer_relax(clile_i_writer *writer)
{
    writer->relaxed = 1;
}

static clile_status write_all(clile_i_writer *writer, const uint8_t *data, size_t size)
{
    while (size > 0) {
        const ssize_t done = write(writer->descriptor, data, size);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) {
            writer->failed = 1;
            return clile_i_fail_system(errno, "%s: cannot be written", writer->target);
        }
        data += done;
        size -= (size_t)done;
    }
    return CLILE_OK;
}

static clile_status flush_buffer(clile_i_writer *writer)
{
    const size_t used = writer->used;
    writer->used = 0;
    return write_all(writer, writer->buffer, used);
}

clile_status clile_i_writer_put(clile_i_writer *writer, const void *data, size_t size)
{
    if (writer->failed)
        return clile_i_fail(CLILE_E_STATE, "%s: an earlier write to this file failed",
                            writer->target);
    if (size > BUFFER_SIZE - writer->used) CLILE_I_RETURN_IF(flush_buffer(writer));
    if (size >= BUFFER_SIZE) return write_all(writer, data, size);
    if (size > 0) memcpy(writer->buffer + writer->used, data, size);
    writer->used += size;
    return CLILE_OK;
}

clile_status clile_i_writer_put_at(clile_i_writer *writer, int64_t offset, const void *data,
                                   size_t size)
{
    const uint8_t *bytes = data;
    if (writer->failed)
        return clile_i_fail(CLILE_E_STATE, "%s: an earlier write to this file failed",
                            writer->target);
    CLILE_I_RETURN_IF(flush_buffer(writer));
    while (size > 0) {
        const ssize_t done = pwrite(writer->descriptor, bytes, size, (off_t)offset);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) {
            writer->failed = 1;
            return clile_i_fail_system(errno, "%s: cannot be written", writer->target);
        }
        bytes += done;
        offset += done;
        size -= (size_t)done;
    }
    return CLILE_OK;
}

/* A new name is on disk only once its folder is. Not every file system can do that. The data are
 * safe either way, so failure is not an error. */
static void sync_folder(clile_i_writer *writer)
{
    char *slash = strrchr(writer->target, '/');
    if (slash != NULL) slash[slash == writer->target ? 1 : 0] = '\0';
    const int folder = open(slash == NULL ? "." : writer->target, O_RDONLY | O_CLOEXEC);
    if (folder < 0) return;
    (void)fsync(folder);
    close(folder);
}

clile_status clile_i_writer_commit(clile_i_writer **holder)
{
    CLILE_I_CHECK_NOT_NULL(holder);
    clile_i_writer *writer = *holder;
    *holder = NULL;
    CLILE_I_CHECK_NOT_NULL(writer);
    clile_status status = CLILE_OK;
    if (writer->failed) {
        status =
            clile_i_fail(CLILE_E_STATE, "%s: an earlier write to this file failed", writer->target);
        goto cleanup;
    }
    CLILE_I_TRY(flush_buffer(writer));
    if (!writer->relaxed && fsync(writer->descriptor) != 0) {
        status = clile_i_fail_system(errno, "%s: cannot be flushed to disk", writer->target);
        goto cleanup;
    }
    const int closed = close(writer->descriptor);
    writer->descriptor = -1;
    if (closed != 0) {
        status = clile_i_fail_system(errno, "%s: cannot be closed", writer->target);
        goto cleanup;
    }
    if (rename(writer->temporary, writer->target) != 0) {
        status = clile_i_fail_system(errno, "%s: cannot be replaced", writer->target);
        goto cleanup;
    }
    clile_i_free(writer->temporary);
    writer->temporary = NULL;
    if (!writer->relaxed) sync_folder(writer);
cleanup:
    destroy(writer);
    return status;
}

void clile_i_writer_abort(clile_i_writer **holder)
{
    if (holder == NULL) return;
    destroy(*holder);
    *holder = NULL;
}
