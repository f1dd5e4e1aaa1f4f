/* Output of torch.save: an archive (a file that starts with PK), or a pickle alone. A pickle is
 * wrapped in an archive with one storage of 64 bytes, so that no checksum gets in the way. */
#include "fuzz.h"

#include "store/weights.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    uint8_t *bytes, directory[256];
    size_t size, directory_size;
    uint16_t members;
} archive;

/* Little-endian numbers of these widths in bytes; their size. */
static size_t put_numbers(uint8_t *at, int count, const int *widths, const uint32_t *values)
{
    size_t size = 0;
    for (int i = 0; i < count; ++i)
        for (int k = 0; k < widths[i]; ++k) at[size++] = (uint8_t)(values[i] >> 8 * k);
    return size;
}

static void add_member(archive *a, const char *name, const void *data, size_t size)
{
    static const int local[] = {4, 2, 2, 2, 2, 2, 4, 4, 4, 2, 2};
    static const int entry[] = {4, 2, 2, 2, 2, 2, 2, 4, 4, 4, 2, 2, 2, 2, 2, 4, 4};
    const uint32_t crc = clile_i_crc32(0, data, size), bytes = (uint32_t)size,
                   length = (uint32_t)strlen(name);
    const uint32_t at = (uint32_t)a->size;
    a->size +=
        put_numbers(a->bytes + a->size, 11, local,
                    (const uint32_t[]){0x04034b50, 20, 0, 0, 0, 0, crc, bytes, bytes, length, 0});
    memcpy(a->bytes + a->size, name, length);
    a->size += length;
    if (size > 0) memcpy(a->bytes + a->size, data, size);
    a->size += size;
    uint8_t *end = a->directory + a->directory_size;
    const size_t header = put_numbers(end, 17, entry,
                                      (const uint32_t[]){0x02014b50, 20, 20, 0, 0, 0, 0, crc, bytes,
                                                         bytes, length, 0, 0, 0, 0, 0, at});
    memcpy(end + header, name, length);
    a->directory_size += header + length;
    ++a->members;
}

static const char *wrap(const uint8_t *pickle, size_t size)
{
    static const int end[] = {4, 2, 2, 2, 2, 4, 4, 2};
    const uint8_t storage[64] = {0};
    archive a = {.bytes = malloc(size + 1024)};
    FUZZ_CHECK(a.bytes != NULL);
    add_member(&a, "a/data.pkl", pickle, size);
    add_member(&a, "a/data/0", storage, sizeof storage);
    const uint32_t at = (uint32_t)a.size;
    memcpy(a.bytes + a.size, a.directory, a.directory_size);
    a.size += a.directory_size;
    a.size += put_numbers(a.bytes + a.size, 8, end,
                          (const uint32_t[]){0x06054b50, 0, 0, a.members, a.members,
                                             (uint32_t)a.directory_size, at, 0});
    const char *path = fuzz_file("weights.pth", a.bytes, a.size);
    free(a.bytes);
    return path;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { MOST_COPIED = 4096 };
    static float values[MOST_COPIED];
    clile_i_weights *weights = NULL;
    const char *path = size >= 2 && data[0] == 'P' && data[1] == 'K'
                           ? fuzz_file("weights.pth", data, size)
                           : wrap(data, size);
    if (!FUZZ_MADE(clile_i_weights_open(path, 1, &weights), weights)) return 0;
    for (int64_t i = 0; i < clile_i_weights_count(weights); ++i) {
        const clile_i_weight *w = clile_i_weights_at(weights, i);
        FUZZ_CHECK(clile_i_weights_find(weights, w->name) == w);
        FUZZ_CHECK(w->ndim >= 0 && w->ndim <= CLILE_I_WEIGHT_MAX_DIMS && w->count >= 0 &&
                   w->bytes >= 0);
        if (clile_i_weight_is_float(w) && w->count <= MOST_COPIED)
            FUZZ_CHECK(clile_i_weight_copy(w, values) == CLILE_OK);
    }
    clile_i_weights_close(weights);
    return 0;
}
