/* A folder for a test that writes files, removed afterwards. */
#ifndef TESTS_BASE_SCRATCH_H
#define TESTS_BASE_SCRATCH_H

#include "base/base.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    char folder[64];
    char path[512]; /* of the last scratch_path */
} scratch;

static inline void scratch_make(scratch *place)
{
    strcpy(place->folder, "clile-test-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
}

static inline const char *scratch_path(scratch *place, const char *name)
{
    snprintf(place->path, sizeof place->path, "%s/%s", place->folder, name);
    return place->path;
}

static inline const char *scratch_write(scratch *place, const char *name, const void *data,
                                        size_t size)
{
    /* a new file: truncating an old one makes ext4 write to the disk */
    unlink(scratch_path(place, name));
    FILE *file = fopen(place->path, "wb");
    assert_non_null(file);
    assert_int_equal(size, size == 0 ? 0 : fwrite(data, 1, size, file));
    assert_int_equal(0, fclose(file));
    return place->path;
}

/* How many names the folder has: nothing half-written may stay. */
static inline int64_t scratch_count(const scratch *place)
{
    clile_i_names names;
    assert_int_equal(CLILE_OK, clile_i_folder_list(place->folder, &names));
    const int64_t count = names.count;
    clile_i_names_free(&names);
    return count;
}

static inline void scratch_remove(scratch *place)
{
    clile_i_names names;
    assert_int_equal(CLILE_OK, clile_i_folder_list(place->folder, &names));
    for (int64_t i = 0; i < names.count; ++i) {
        scratch_path(place, names.names[i]);
        if (unlink(place->path) != 0) rmdir(place->path);
    }
    clile_i_names_free(&names);
    assert_int_equal(0, rmdir(place->folder));
}

#define assert_error_has(text)                                                                     \
    do {                                                                                           \
        if (strstr(clile_last_error(), text) == NULL)                                              \
            fail_msg("the error text is \"%s\", \"%s\" was expected in it", clile_last_error(),    \
                     text);                                                                        \
    } while (0)

#endif
