/* Safetensors files: one that opens can be read to its last byte. */
#include "fuzz.h"

#include "store/safetensors.h"

#include <string.h>

static void read_all(const clile_i_st *st)
{
    uint32_t crc = 0;
    for (int64_t i = 0; i < clile_i_st_count(st); ++i) {
        const clile_i_st_tensor *tensor = clile_i_st_at(st, i);
        FUZZ_CHECK(clile_i_st_find(st, tensor->name) == tensor);
        crc = clile_i_crc32(crc, tensor->data, tensor->bytes);
        const clile_status status =
            clile_i_st_copy(st, tensor->name, CLILE_I_ST_F32, 1, (const int64_t[]){1}, &crc);
        FUZZ_CHECK(status == CLILE_OK || status == CLILE_E_FORMAT);
    }
    for (int64_t i = 0; i < clile_i_st_metadata_count(st); ++i) {
        const char *key = NULL, *value = NULL;
        clile_i_st_metadata_at(st, i, &key, &value);
        FUZZ_CHECK(clile_i_st_metadata(st, key) == value);
        crc = clile_i_crc32(crc, value, strlen(value));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    clile_i_st *st = NULL;
    const char *path = fuzz_file("file.safetensors", data, size);
    const int opened = FUZZ_MADE(clile_i_st_open(path, &st), st);
    if (opened) read_all(st);
    clile_i_st_close(st);
    st = NULL;
    const int unverified = FUZZ_MADE(clile_i_st_open_unverified(path, &st), st);
    FUZZ_CHECK(unverified || !opened); /* it checks less */
    if (unverified) read_all(st);
    clile_i_st_close(st);
    return 0;
}
