/* Files that the command writes. Each gets a temporary name in the same folder, and is flushed and
 * renamed when complete, so a run that fails leaves an older file intact. Also fields of CSV. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int not_written(const char *path)
{
    fprintf(stderr, "clile: %s: cannot be written: %s\n", path, strerror(errno));
    return EXIT_FAILED;
}

/* Makes TARGET.PID.tmp with the access rights of the file it will replace. */
static int create_beside(output *o, const char *target, const struct stat *replaced)
{
    const size_t size = strlen(target) + 32;
    o->target = malloc(strlen(target) + 1);
    o->temporary = malloc(size);
    if (o->target == NULL || o->temporary == NULL) {
        free(o->temporary); /* nothing to remove */
        o->temporary = NULL;
        errno = ENOMEM;
        return 0;
    }
    memcpy(o->target, target, strlen(target) + 1);
    snprintf(o->temporary, size, "%s.%ld.tmp", target, (long)getpid());
    const int descriptor = open(o->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor < 0) {
        free(o->temporary);
        o->temporary = NULL;
        return 0;
    }
    if (replaced) (void)fchmod(descriptor, replaced->st_mode & 0777);
    o->file = fdopen(descriptor, "w");
    if (o->file == NULL) close(descriptor);
    return o->file != NULL;
}

int output_open(output *o, const char *path)
{
    struct stat info;
    char resolved[PATH_MAX];
    const int there = stat(path, &info) == 0;
    *o = (output){.path = path};
    if (there && !S_ISREG(info.st_mode)) { /* do not replace a pipe or a device by a file */
        o->file = fopen(path, "w");
        return o->file ? EXIT_FINE : not_written(path);
    }
    /* replace the file that a link points to, not the link */
    const char *target = there && realpath(path, resolved) ? resolved : path;
    if (create_beside(o, target, there ? &info : NULL)) return EXIT_FINE;
    const int code = not_written(path);
    output_abort(o);
    return code;
}

int output_commit(output *o)
{
    FILE *file = o->file;
    o->file = NULL;
    int fine =
        fflush(file) == 0 && !ferror(file) && (o->temporary == NULL || fsync(fileno(file)) == 0);
    int error = errno;
    if (fclose(file) != 0 && fine) {
        fine = 0;
        error = errno;
    }
    if (fine && o->temporary && rename(o->temporary, o->target) != 0) {
        fine = 0;
        error = errno;
    }
    if (fine) {
        free(o->temporary);
        o->temporary = NULL;
    }
    output_abort(o);
    errno = error;
    return fine ? EXIT_FINE : not_written(o->path);
}

void output_abort(output *o)
{
    if (o->file) fclose(o->file);
    if (o->temporary) unlink(o->temporary);
    free(o->temporary);
    free(o->target);
    o->file = NULL;
    o->temporary = o->target = NULL;
}

void put_escaped(FILE *out, const char *form, const char *text)
{
    char *escaped = NULL;
    if (clile_escape(form, text, &escaped) != CLILE_OK) exit(failed(NULL)); /* out of memory */
    fputs(escaped, out);
    clile_free(escaped);
}

void csv_text(FILE *out, const char *text)
{
    put_escaped(out, "csv", text);
}

const char *au_name(int32_t au)
{
    const char *name = clile_au_name(au);
    return name ? name : "";
}
