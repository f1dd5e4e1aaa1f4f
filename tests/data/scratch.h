/* A temporary folder that a test fills, and that is removed with it. */
#ifndef CLILE_TEST_SCRATCH_H
#define CLILE_TEST_SCRATCH_H

#include "base/base.h"
#include "image/image.h"

#include <clile/dataset.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    char path[64];
} scratch;

static inline scratch scratch_make(void)
{
    scratch s = {.path = "/tmp/clile_test_XXXXXX"};
    assert_non_null(mkdtemp(s.path));
    return s;
}

/* Borrowed until the next call. */
static inline const char *scratch_path(const scratch *s, const char *name)
{
    static char path[1024];
    snprintf(path, sizeof path, "%s/%s", s->path, name);
    return path;
}

/* Makes the folders that lead to `name`. */
static inline void scratch_folders(const scratch *s, const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", s->path, name);
    for (char *slash = path + strlen(s->path) + 1; (slash = strchr(slash, '/')) != NULL; ++slash) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
}

static inline void scratch_write(const scratch *s, const char *name, const void *data, size_t size)
{
    scratch_folders(s, name);
    FILE *file = fopen(scratch_path(s, name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    fclose(file);
}

static inline void scratch_text(const scratch *s, const char *name, const char *text)
{
    scratch_write(s, name, text, strlen(text));
}

/* A PNG of 24 x 24 pixels that all have the value `grey`. */
static inline void scratch_image(const scratch *s, const char *name, int grey)
{
    uint8_t pixels[24 * 24];
    memset(pixels, grey, sizeof pixels);
    scratch_folders(s, name);
    assert_int_equal(clile_i_image_write_png(scratch_path(s, name), 24, 24, 1, pixels), CLILE_OK);
}

/* The first `keep` bytes (all when negative) of a file of tests/data. */
static inline void scratch_copy(const scratch *s, const char *name, const char *source, long keep)
{
    char path[1024];
    clile_i_file file;
    snprintf(path, sizeof path, "%s/%s", CLILE_TEST_DATA, source);
    assert_int_equal(clile_i_file_open(path, &file), CLILE_OK);
    scratch_write(s, name, file.data, keep < 0 ? file.size : (size_t)keep);
    clile_i_file_close(&file);
}

static inline void scratch_remove_path(const char *path)
{
    if (clile_i_path_is_folder(path)) {
        clile_i_names names;
        assert_int_equal(clile_i_folder_list(path, &names), CLILE_OK);
        for (int64_t i = 0; i < names.count; ++i) {
            char *inner = clile_i_path_join(path, names.names[i]);
            scratch_remove_path(inner);
            clile_i_free(inner);
        }
        clile_i_names_free(&names);
        rmdir(path);
    } else {
        unlink(path);
    }
}

static inline void scratch_free(const scratch *s)
{
    scratch_remove_path(s->path);
}

/* Opens with options "key=value key=value". */
static inline clile_status scratch_open(const char *path, const char *settings, clile_dataset **out)
{
    char text[256];
    clile_options *options = NULL;
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    snprintf(text, sizeof text, "%s", settings);
    for (char *rest = text, *word; (word = strtok_r(rest, " ", &rest)) != NULL;) {
        char *value = strchr(word, '=');
        *value++ = '\0';
        assert_int_equal(clile_options_set(options, word, value), CLILE_OK);
    }
    const clile_status status = clile_dataset_open(path, options, out);
    clile_options_destroy(options);
    return status;
}

static inline void assert_failed(clile_status status, clile_status expected, const char *text)
{
    if (status != expected || strstr(clile_last_error(), text) == NULL)
        fail_msg("status %s, \"%s\"; expected %s, \"...%s...\"", clile_status_name(status),
                 clile_last_error(), clile_status_name(expected), text);
}

static inline void assert_labels(const clile_dataset *dataset, int64_t index, int32_t c,
                                 const int8_t *expected)
{
    int8_t labels[64];
    assert_int_equal(clile_dataset_au_count(dataset), c);
    assert_int_equal(clile_dataset_copy_labels(dataset, index, 1, labels), CLILE_OK);
    for (int32_t a = 0; a < c; ++a)
        if (labels[a] != expected[a])
            fail_msg("image %d, AU %d: %d, expected %d", (int)index, a, labels[a], expected[a]);
}

static inline void assert_counts(const clile_dataset *dataset, int64_t rows, int64_t no_image,
                                 int64_t no_labels, int64_t no_landmarks)
{
    clile_dataset_counts counts = {.struct_size = sizeof counts};
    assert_int_equal(clile_dataset_copy_counts(dataset, &counts), CLILE_OK);
    assert_int_equal(counts.label_rows, rows);
    assert_int_equal(counts.labels_without_image, no_image);
    assert_int_equal(counts.images_without_labels, no_labels);
    assert_int_equal(counts.images_without_landmarks, no_landmarks);
}

#endif
