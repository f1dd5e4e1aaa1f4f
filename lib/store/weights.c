/* One view of safetensors files and of what torch.save writes. */
#include "store/weights.h"

#include "store/safetensors_types.h"
#include "store/zip.h"

#include <stdlib.h>
#include <string.h>

struct clile_i_weights {
    char *path;
    clile_i_st *st;    /* safetensors: it owns the names */
    clile_i_file file; /* PyTorch: the archive; the names are ours */
    clile_i_zip *archive;
    clile_i_weight *items; /* sorted by name */
    int64_t count, capacity;
};

static clile_status add_torch(void *context, const clile_i_weight *weight)
{
    clile_i_weights *w = context;
    CLILE_I_GROW(w->items, &w->capacity, w->count + 1);
    char *name = clile_i_strdup(weight->name);
    if (name == NULL) return CLILE_E_OUT_OF_MEMORY;
    w->items[w->count] = *weight;
    w->items[w->count++].name = name;
    return CLILE_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const clile_i_weight *)a)->name, ((const clile_i_weight *)b)->name);
}

/* ---- opening ---- */

static clile_status open_torch(clile_i_weights *w)
{
    CLILE_I_RETURN_IF(clile_i_zip_open(&w->file, w->path, &w->archive));
    CLILE_I_RETURN_IF(clile_i_torch_read(w->archive, w->path, add_torch, w));
    if (w->count > 1) qsort(w->items, (size_t)w->count, sizeof *w->items, by_name);
    for (int64_t i = 1; i < w->count; ++i)
        if (by_name(&w->items[i - 1], &w->items[i]) == 0)
            return clile_i_fail(CLILE_E_FORMAT, "%s: two tensors are called \"%s\"", w->path,
                                w->items[i].name);
    return CLILE_OK;
}

static clile_status open_safetensors(clile_i_weights *w, int verify)
{
    CLILE_I_RETURN_IF(clile_i_st_open_file(w->path, &w->file, verify, &w->st));
    for (int64_t i = 0; i < clile_i_st_count(w->st); ++i) {
        const clile_i_st_tensor *t = clile_i_st_at(w->st, i);
        CLILE_I_GROW(w->items, &w->capacity, w->count + 1);
        clile_i_weight *item = &w->items[w->count++];
        *item = (clile_i_weight){.name = t->name,
                                 .dtype = t->dtype,
                                 .ndim = t->ndim,
                                 .count = t->count,
                                 .bytes = (int64_t)t->bytes,
                                 .data = t->data};
        memcpy(item->shape, t->shape, sizeof item->shape);
    }
    return CLILE_OK;
}

/* Before PyTorch 1.6, torch.save wrote bare pickles, the first one a magic number
 * (torch/serialization.py, MAGIC_NUMBER). */
static int is_old_torch(const clile_i_file *file)
{
    static const uint8_t magic[] = {0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46,
                                    0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};
    return file->size > 2 + sizeof magic && file->data[0] == 0x80 &&
           memcmp(file->data + 2, magic, sizeof magic) == 0;
}

clile_status clile_i_weights_open(const char *path, int verify, clile_i_weights **out)
{
    clile_status status = CLILE_OK;
    clile_i_weights *w = NULL;
    *out = NULL;
    CLILE_I_ALLOC(w, 1);
    w->path = clile_i_strdup(path);
    if (w->path == NULL) {
        status = CLILE_E_OUT_OF_MEMORY;
        goto cleanup;
    }
    CLILE_I_TRY(clile_i_file_open(path, &w->file));
    if (is_old_torch(&w->file)) {
        status = clile_i_fail(
            CLILE_E_UNSUPPORTED,
            "%s: written in torch.save's format from before PyTorch 1.6, which is not supported; "
            "convert it in Python: torch.save(torch.load(OLD, map_location=\"cpu\", "
            "weights_only=True), NEW)",
            path);
        goto cleanup;
    }
    CLILE_I_TRY(clile_i_zip_is(&w->file) ? open_torch(w) : open_safetensors(w, verify));
    *out = w;
    w = NULL;
cleanup:
    clile_i_weights_close(w);
    return status;
}

void clile_i_weights_close(clile_i_weights *w)
{
    if (w == NULL) return;
    for (int64_t i = 0; i < w->count && w->archive; ++i)
        clile_i_free((char *)(uintptr_t)w->items[i].name);
    clile_i_free(w->items);
    clile_i_zip_close(w->archive);
    clile_i_file_close(&w->file);
    clile_i_st_close(w->st);
    clile_i_free(w->path);
    clile_i_free(w);
}

/* ---- what is in it ---- */

int64_t clile_i_weights_count(const clile_i_weights *w)
{
    return w->count;
}

const clile_i_weight *clile_i_weights_at(const clile_i_weights *w, int64_t index)
{
    return &w->items[index];
}

const clile_i_weight *clile_i_weights_find(const clile_i_weights *w, const char *name)
{
    const clile_i_weight key = {.name = name};
    return w->count == 0 ? NULL : bsearch(&key, w->items, (size_t)w->count, sizeof key, by_name);
}

int clile_i_weights_is_torch(const clile_i_weights *w)
{
    return w->archive != NULL;
}

int64_t clile_i_weights_metadata_count(const clile_i_weights *w)
{
    return w->st ? clile_i_st_metadata_count(w->st) : 0;
}

void clile_i_weights_metadata_at(const clile_i_weights *w, int64_t index, const char **key,
                                 const char **value)
{
    clile_i_st_metadata_at(w->st, index, key, value);
}

/* ---- as float32 ---- */

typedef enum { F32, F16, BF16, F64, NO_FLOAT } float_type;

static float_type type_of(const clile_i_weight *weight)
{
    static const char *const names[] = {"F32", "F16", "BF16", "F64"};
    for (int i = 0; i < 4; ++i)
        if (strcmp(weight->dtype, names[i]) == 0) return (float_type)i;
    return NO_FLOAT;
}

int clile_i_weight_is_float(const clile_i_weight *weight)
{
    return type_of(weight) != NO_FLOAT;
}

static float from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* IEEE 754 binary16: 1 sign bit, 5 exponent (bias 15), 10 mantissa bits. Every value is exact in
 * float32. */
static float from_half(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half >> 15) << 31, exponent = half >> 10 & 31,
                   mantissa = half & 1023;
    if (exponent == 0) { /* mantissa * 2^-24 */
        const float magnitude = (float)mantissa * 0x1p-24f;
        return sign ? -magnitude : magnitude;
    }
    return from_bits(sign | (exponent == 31 ? 255u : exponent + 112u) << 23 | mantissa << 13);
}

static float element(float_type type, const uint8_t *data, int64_t index)
{
    double real;
    switch (type) {
        case F16: return from_half((uint16_t)clile_i_load_le(data + 2 * index, 2));
        case BF16: return from_bits((uint32_t)clile_i_load_le(data + 2 * index, 2) << 16);
        case F64: {
            const uint64_t bits = clile_i_load_le(data + 8 * index, 8);
            memcpy(&real, &bits, sizeof real);
            return (float)real;
        }
        default: return from_bits((uint32_t)clile_i_load_le(data + 4 * index, 4));
    }
}

clile_status clile_i_weight_copy(const clile_i_weight *weight, float *dst)
{
    const float_type type = type_of(weight);
    int64_t at[CLILE_I_WEIGHT_MAX_DIMS] = {0}, index = 0;
    if (type == NO_FLOAT)
        return clile_i_fail(CLILE_E_INTERNAL, "tensor \"%s\" of %s is copied as float32",
                            weight->name, weight->dtype);
    if (type == F32 && !weight->strided) {
        if (weight->count > 0) memcpy(dst, weight->data, (size_t)weight->count * sizeof *dst);
        return CLILE_OK;
    }
    for (int64_t i = 0; i < weight->count; ++i) {
        dst[i] = element(type, weight->data, weight->strided ? index : i);
        for (int32_t k = weight->ndim - 1; k >= 0 && weight->strided; --k) {
            /* the next in row-major order */
            index += weight->stride[k];
            if (++at[k] < weight->shape[k]) break;
            index -= weight->stride[k] * weight->shape[k];
            at[k] = 0;
        }
    }
    return CLILE_OK;
}
