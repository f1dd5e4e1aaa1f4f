#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[256]; /* "": not made yet */
static char path[512];

void fuzz_broken(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: broken: %s; last error: \"%s\"\n", file, line, condition,
            clile_last_error());
    abort();
}

int fuzz_ok(clile_status status)
{
    if (status == CLILE_OK) return 1;
    FUZZ_CHECK(status == CLILE_E_INVALID_ARGUMENT || status == CLILE_E_IO ||
               status == CLILE_E_FORMAT || status == CLILE_E_CORRUPT ||
               status == CLILE_E_UNSUPPORTED || status == CLILE_E_NOT_FINITE);
    FUZZ_CHECK(clile_last_error()[0] != '\0');
    return 0;
}

static clile_status called;

void fuzz_called(clile_status status)
{
    called = status;
}

int fuzz_made(const void *out)
{
    FUZZ_CHECK((called == CLILE_OK) == (out != NULL));
    return fuzz_ok(called);
}

/* ---- files ---- */

static void remove_path(const char *name)
{
    clile_i_names names;
    if (clile_i_path_is_folder(name) && clile_i_folder_list(name, &names) == CLILE_OK) {
        for (int64_t i = 0; i < names.count; ++i) {
            char *inner = clile_i_path_join(name, names.names[i]);
            if (inner != NULL) remove_path(inner);
            clile_i_free(inner);
        }
        clile_i_names_free(&names);
        rmdir(name);
    } else {
        unlink(name);
    }
}

static void remove_folder(void)
{
    remove_path(folder);
}

const char *fuzz_folder(void)
{
    if (folder[0] != '\0') return folder;
    const char *place = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/clile-fuzz-XXXXXX",
             place != NULL && place[0] != '\0' ? place : "/tmp");
    FUZZ_CHECK(mkdtemp(folder) != NULL);
    atexit(remove_folder);
    return folder;
}

static FILE *create_file(const char *name)
{
    const size_t root = strlen(fuzz_folder());
    snprintf(path, sizeof path, "%s/%s", folder, name);
    for (char *slash = path + root + 1; (slash = strchr(slash, '/')) != NULL; ++slash) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    unlink(path); /* the old one may still be mapped */
    FILE *file = fopen(path, "wb");
    FUZZ_CHECK(file != NULL);
    return file;
}

static void put(FILE *file, const void *data, size_t size)
{
    if (size > 0) FUZZ_CHECK(fwrite(data, 1, size, file) == size);
}

const char *fuzz_file(const char *name, const void *data, size_t size)
{
    FILE *file = create_file(name);
    put(file, data, size);
    FUZZ_CHECK(fclose(file) == 0);
    return path;
}

void fuzz_picture(const char *name)
{
    static const uint8_t png[] = {
        0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48,
        0x44, 0x52, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x04, 0x08, 0x00, 0x00, 0x00,
        0x00, 0x8c, 0x9a, 0xc1, 0xa2, 0x00, 0x00, 0x00, 0x16, 0x49, 0x44, 0x41, 0x54, 0x78,
        0xda, 0x63, 0x88, 0x02, 0x02, 0x86, 0x14, 0x20, 0x60, 0xc8, 0x03, 0x02, 0x86, 0x0a,
        0x20, 0x00, 0x00, 0x3d, 0xcc, 0x06, 0x91, 0x2f, 0x51, 0x65, 0x06, 0x00, 0x00, 0x00,
        0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};
    fuzz_file(name, png, sizeof png);
}

int fuzz_next_part(fuzz_bytes *rest, fuzz_bytes *part)
{
    if (rest->data == NULL) return 0;
    *part = *rest;
    for (size_t at = 0; at < rest->size;) {
        const uint8_t *newline = memchr(rest->data + at, '\n', rest->size - at);
        const size_t next = newline == NULL ? rest->size : (size_t)(newline - rest->data) + 1;
        if (next - at == 3 && memcmp(rest->data + at, "%%", 2) == 0) {
            part->size = at;
            rest->data += next;
            rest->size -= next;
            return 1;
        }
        at = next;
    }
    rest->data = NULL;
    return 1;
}

/* ---- safetensors ---- */

/* The largest end of "data_offsets":[begin,end] in the text of a header. */
static size_t data_wanted(const char *text, size_t size)
{
    static const char key[] = "\"data_offsets\":[";
    size_t most = 0;
    for (size_t at = 0; at + sizeof key < size; ++at) {
        if (memcmp(text + at, key, sizeof key - 1) != 0) continue;
        const char *comma = memchr(text + at, ',', size - at), *end = text + size;
        size_t value = 0;
        for (const char *p = comma == NULL ? end : comma + 1;
             p < end && *p >= '0' && *p <= '9' && value < SIZE_MAX / 16; ++p)
            value = value * 10 + (size_t)(*p - '0');
        if (value > most) most = value;
    }
    return most;
}

const char *fuzz_safetensors(const char *name, const uint8_t *data, size_t size)
{
    enum { MOST = 4 << 20 };
    uint8_t values[4096];
    uint64_t length = 0;
    size_t wanted = 0;
    if (size > 8) memcpy(&length, data, 8);
    if (size > 8 && length == size - 8) wanted = data_wanted((const char *)data + 8, size - 8);
    memset(values, 0x3c, sizeof values);
    FILE *file = create_file(name);
    put(file, data, size);
    if (wanted <= MOST)
        for (size_t left = wanted; left > 0;) {
            const size_t some = left < sizeof values ? left : sizeof values;
            put(file, values, some);
            left -= some;
        }
    FUZZ_CHECK(fclose(file) == 0);
    return path;
}
