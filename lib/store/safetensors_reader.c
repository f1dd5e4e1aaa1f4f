/* The reader of safetensors files. Nothing in the header is used before it is checked; the data
 * are touched only for their CRC. */
#include "store/json.h"
#include "store/safetensors_types.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *key, *value;
} metadata_pair;

typedef struct {
    int64_t begin, end;
} byte_range;

struct clile_i_st {
    char *path;
    clile_i_file file;
    const uint8_t *data; /* after the header */
    int64_t data_size;
    char *strings;
    clile_i_st_tensor *tensors; /* sorted by name once open */
    int64_t count, capacity;
    metadata_pair *metadata;     /* in file order */
    metadata_pair *metadata_map; /* sorted by key */
    int64_t metadata_count, metadata_capacity;
};

/* ---- one tensor ---- */

static clile_status read_shape(clile_i_json *json, clile_i_st_tensor *tensor)
{
    CLILE_I_RETURN_IF(clile_i_json_expect(json, '['));
    tensor->ndim = 0;
    if (clile_i_json_take(json, ']')) return CLILE_OK;
    do {
        if (tensor->ndim == CLILE_I_ST_MAX_DIMS)
            return clile_i_fail(CLILE_E_UNSUPPORTED,
                                "%s: tensor \"%s\" has more than %d dimensions", json->path,
                                tensor->name, CLILE_I_ST_MAX_DIMS);
        CLILE_I_RETURN_IF(clile_i_json_size(json, &tensor->shape[tensor->ndim++]));
    } while (clile_i_json_take(json, ','));
    return clile_i_json_expect(json, ']');
}

static clile_status read_offsets(clile_i_json *json, byte_range *range)
{
    CLILE_I_RETURN_IF(clile_i_json_expect(json, '['));
    CLILE_I_RETURN_IF(clile_i_json_size(json, &range->begin));
    CLILE_I_RETURN_IF(clile_i_json_expect(json, ','));
    CLILE_I_RETURN_IF(clile_i_json_size(json, &range->end));
    return clile_i_json_expect(json, ']');
}

static clile_status read_dtype(clile_i_json *json, clile_i_st_tensor *tensor, int32_t *bits)
{
    const char *name = NULL;
    CLILE_I_RETURN_IF(clile_i_json_string(json, &name));
    const clile_i_st_dtype *dtype = clile_i_st_dtype_named(name);
    if (dtype == NULL)
        return clile_i_fail(CLILE_E_FORMAT,
                            "%s: tensor \"%s\" has the dtype \"%s\", which is not in the format",
                            json->path, tensor->name, name);
    tensor->dtype = dtype->name;
    tensor->type = dtype->type;
    *bits = dtype->bits;
    return CLILE_OK;
}

/* Checks that the bytes of shape and dtype are those of the offsets, and that they are in the
 * file. */
static clile_status place_tensor(const clile_i_st *st, clile_i_st_tensor *tensor, int32_t bits,
                                 byte_range range)
{
    const int64_t most = INT64_MAX / 64;
    const clile_status product = clile_i_size_product(tensor->ndim, tensor->shape, &tensor->count);
    if (product != CLILE_OK || tensor->count > most)
        return clile_i_fail(CLILE_E_FORMAT, "%s: the shape of tensor \"%s\" has too many elements",
                            st->path, tensor->name);
    const int64_t total_bits = tensor->count * bits;
    if (range.end < range.begin || total_bits % 8 != 0 || total_bits / 8 != range.end - range.begin)
        return clile_i_fail(CLILE_E_FORMAT,
                            "%s: tensor \"%s\": %lld elements of %s do not fill the bytes %lld to "
                            "%lld of its offsets",
                            st->path, tensor->name, (long long)tensor->count, tensor->dtype,
                            (long long)range.begin, (long long)range.end);
    if (range.end > st->data_size)
        return clile_i_fail(
            CLILE_E_CORRUPT,
            "%s: truncated: tensor \"%s\" ends at byte %lld of the data, the file has %lld",
            st->path, tensor->name, (long long)range.end, (long long)st->data_size);
    tensor->data = st->data + range.begin;
    tensor->bytes = (size_t)(range.end - range.begin);
    return CLILE_OK;
}

static clile_status read_tensor(clile_i_st *st, clile_i_json *json, const char *name)
{
    enum { DTYPE = 1, SHAPE = 2, OFFSETS = 4, ALL = 7 };
    clile_i_st_tensor tensor = {.name = name};
    byte_range range = {0, 0};
    int32_t bits = 0;
    int seen = 0;
    CLILE_I_RETURN_IF(clile_i_json_expect(json, '{'));
    do {
        const char *field = NULL;
        CLILE_I_RETURN_IF(clile_i_json_string(json, &field));
        CLILE_I_RETURN_IF(clile_i_json_expect(json, ':'));
        const int which = strcmp(field, "dtype") == 0          ? DTYPE
                          : strcmp(field, "shape") == 0        ? SHAPE
                          : strcmp(field, "data_offsets") == 0 ? OFFSETS
                                                               : 0;
        if (which == 0 || (seen & which) != 0)
            return clile_i_fail(CLILE_E_FORMAT,
                                "%s: tensor \"%s\" has an unknown or repeated field \"%s\"",
                                st->path, name, field);
        seen |= which;
        if (which == DTYPE) CLILE_I_RETURN_IF(read_dtype(json, &tensor, &bits));
        if (which == SHAPE) CLILE_I_RETURN_IF(read_shape(json, &tensor));
        if (which == OFFSETS) CLILE_I_RETURN_IF(read_offsets(json, &range));
    } while (clile_i_json_take(json, ','));
    CLILE_I_RETURN_IF(clile_i_json_expect(json, '}'));
    if (seen != ALL)
        return clile_i_fail(CLILE_E_FORMAT, "%s: tensor \"%s\" lacks dtype, shape or data_offsets",
                            st->path, name);
    CLILE_I_RETURN_IF(place_tensor(st, &tensor, bits, range));
    CLILE_I_GROW(st->tensors, &st->capacity, st->count + 1);
    st->tensors[st->count++] = tensor;
    return CLILE_OK;
}

/* ---- the header ---- */

static clile_status read_metadata(clile_i_st *st, clile_i_json *json)
{
    CLILE_I_RETURN_IF(clile_i_json_expect(json, '{'));
    if (clile_i_json_take(json, '}')) return CLILE_OK;
    do {
        metadata_pair pair = {NULL, NULL};
        CLILE_I_RETURN_IF(clile_i_json_string(json, &pair.key));
        CLILE_I_RETURN_IF(clile_i_json_expect(json, ':'));
        CLILE_I_RETURN_IF(clile_i_json_string(json, &pair.value));
        CLILE_I_GROW(st->metadata, &st->metadata_capacity, st->metadata_count + 1);
        st->metadata[st->metadata_count++] = pair;
    } while (clile_i_json_take(json, ','));
    return clile_i_json_expect(json, '}');
}

static clile_status read_header(clile_i_st *st, clile_i_json *json)
{
    int metadata_seen = 0;
    if (json->position < json->end && *json->position != '{') return clile_i_json_fail(json, "'{'");
    CLILE_I_RETURN_IF(clile_i_json_expect(json, '{'));
    if (clile_i_json_take(json, '}')) return clile_i_json_finish(json);
    do {
        const char *name = NULL;
        CLILE_I_RETURN_IF(clile_i_json_string(json, &name));
        CLILE_I_RETURN_IF(clile_i_json_expect(json, ':'));
        if (strcmp(name, CLILE_I_ST_METADATA_KEY) != 0) {
            CLILE_I_RETURN_IF(read_tensor(st, json, name));
            continue;
        }
        if (metadata_seen)
            return clile_i_fail(CLILE_E_FORMAT, "%s: two %s", st->path, CLILE_I_ST_METADATA_KEY);
        metadata_seen = 1;
        CLILE_I_RETURN_IF(read_metadata(st, json));
    } while (clile_i_json_take(json, ','));
    CLILE_I_RETURN_IF(clile_i_json_expect(json, '}'));
    return clile_i_json_finish(json);
}

/* ---- the whole ---- */

static int compare_tensors(const void *left, const void *right)
{
    return strcmp(((const clile_i_st_tensor *)left)->name,
                  ((const clile_i_st_tensor *)right)->name);
}

static int compare_metadata(const void *left, const void *right)
{
    return strcmp(((const metadata_pair *)left)->key, ((const metadata_pair *)right)->key);
}

static int compare_ranges(const void *left, const void *right)
{
    const byte_range *a = left, *b = right;
    if (a->begin != b->begin) return a->begin < b->begin ? -1 : 1;
    return a->end < b->end ? -1 : a->end > b->end;
}

static clile_status sort_and_check_names(clile_i_st *st)
{
    if (st->count > 1) qsort(st->tensors, (size_t)st->count, sizeof *st->tensors, compare_tensors);
    for (int64_t i = 1; i < st->count; ++i)
        if (strcmp(st->tensors[i - 1].name, st->tensors[i].name) == 0)
            return clile_i_fail(CLILE_E_FORMAT, "%s: two tensors \"%s\"", st->path,
                                st->tensors[i].name);
    st->metadata_map = clile_i_calloc(st->metadata_count, sizeof *st->metadata_map);
    if (st->metadata_map == NULL) return CLILE_E_OUT_OF_MEMORY;
    if (st->metadata_count == 0) return CLILE_OK;
    memcpy(st->metadata_map, st->metadata, (size_t)st->metadata_count * sizeof *st->metadata);
    qsort(st->metadata_map, (size_t)st->metadata_count, sizeof *st->metadata_map, compare_metadata);
    for (int64_t i = 1; i < st->metadata_count; ++i)
        if (strcmp(st->metadata_map[i - 1].key, st->metadata_map[i].key) == 0)
            return clile_i_fail(CLILE_E_FORMAT, "%s: two metadata \"%s\"", st->path,
                                st->metadata_map[i].key);
    return CLILE_OK;
}

/* The tensors must fill the data: no hole, no overlap, nothing after the last. */
static clile_status check_contiguous(const clile_i_st *st)
{
    clile_status status = CLILE_OK;
    byte_range *ranges = NULL;
    int64_t end = 0;
    CLILE_I_ALLOC(ranges, st->count);
    for (int64_t i = 0; i < st->count; ++i) {
        ranges[i].begin = st->tensors[i].data - st->data;
        ranges[i].end = ranges[i].begin + (int64_t)st->tensors[i].bytes;
    }
    if (st->count > 1) qsort(ranges, (size_t)st->count, sizeof *ranges, compare_ranges);
    for (int64_t i = 0; i < st->count; ++i) {
        if (ranges[i].begin != end) {
            status = clile_i_fail(CLILE_E_FORMAT,
                                  "%s: %s at byte %lld of the data: a tensor begins at %lld",
                                  st->path, ranges[i].begin > end ? "a hole" : "tensors overlap",
                                  (long long)end, (long long)ranges[i].begin);
            goto cleanup;
        }
        end = ranges[i].end;
    }
    if (end != st->data_size)
        status = clile_i_fail(CLILE_E_CORRUPT,
                              "%s: the tensors end at byte %lld of the data, the file has %lld",
                              st->path, (long long)end, (long long)st->data_size);
cleanup:
    clile_i_free(ranges);
    return status;
}

static clile_status check_crc(const clile_i_st *st)
{
    const char *text = clile_i_st_metadata(st, CLILE_I_ST_CRC_KEY);
    if (text == NULL) return CLILE_OK;
    if (strlen(text) != 8 || strspn(text, "0123456789abcdef") != 8)
        return clile_i_fail(CLILE_E_FORMAT, "%s: %s: expected 8 hexadecimal digits, found \"%s\"",
                            st->path, CLILE_I_ST_CRC_KEY, text);
    const uint32_t expected = (uint32_t)strtoul(text, NULL, 16);
    const uint32_t found = clile_i_crc32(0, st->data, (size_t)st->data_size);
    if (found != expected)
        return clile_i_fail(CLILE_E_CORRUPT,
                            "%s: damaged: CRC-32 of the tensors is %08x, the header says %08x",
                            st->path, found, expected);
    return CLILE_OK;
}

static clile_status find_header(clile_i_st *st, clile_i_json *json)
{
    const size_t size = st->file.size;
    if (size < 8)
        return clile_i_fail(CLILE_E_FORMAT,
                            "%s: not a safetensors file: %zu bytes, expected at least 8", st->path,
                            size);
    const uint64_t length = clile_i_load_le(st->file.data, 8);
    if (length > size - 8 || length > CLILE_I_ST_MAX_HEADER)
        return clile_i_fail(CLILE_E_FORMAT,
                            "%s: not a safetensors file, or truncated: a header of %llu bytes in a "
                            "file of %zu bytes",
                            st->path, (unsigned long long)length, size);
    const char *begin = (const char *)st->file.data + 8;
    *json =
        (clile_i_json){.path = st->path, .begin = begin, .end = begin + length, .position = begin};
    st->data = st->file.data + 8 + length;
    st->data_size = (int64_t)(size - 8 - length);
    return CLILE_OK;
}

clile_status clile_i_st_open_file(const char *path, clile_i_file *file, int verify,
                                  clile_i_st **out)
{
    clile_status status = CLILE_OK;
    clile_i_st *st = NULL;
    clile_i_json json = {0};
    *out = NULL;
    CLILE_I_ALLOC(st, 1);
    st->file = *file;
    *file = (clile_i_file){0};
    st->path = clile_i_strdup(path);
    if (st->path == NULL) {
        status = CLILE_E_OUT_OF_MEMORY;
        goto cleanup;
    }
    CLILE_I_TRY(find_header(st, &json));
    CLILE_I_ALLOC(st->strings, json.end - json.begin);
    json.strings = st->strings;
    CLILE_I_TRY(read_header(st, &json));
    CLILE_I_TRY(sort_and_check_names(st));
    CLILE_I_TRY(check_contiguous(st));
    if (verify) CLILE_I_TRY(check_crc(st));
    *out = st;
    st = NULL;
cleanup:
    clile_i_st_close(st);
    return status;
}

static clile_status open_path(const char *path, int verify, clile_i_st **out)
{
    CLILE_I_CHECK_NOT_NULL(out);
    *out = NULL;
    CLILE_I_CHECK_NOT_NULL(path);
    clile_i_file file;
    CLILE_I_RETURN_IF(clile_i_file_open(path, &file));
    const clile_status status = clile_i_st_open_file(path, &file, verify, out);
    clile_i_file_close(&file); /* does nothing if it was taken over */
    return status;
}

clile_status clile_i_st_open(const char *path, clile_i_st **out)
{
    return open_path(path, 1, out);
}

clile_status clile_i_st_open_unverified(const char *path, clile_i_st **out)
{
    return open_path(path, 0, out);
}

clile_status clile_i_st_open_memory(const void *bytes, size_t size, clile_i_st **out)
{
    clile_i_file file = {.data = bytes, .size = size, .borrowed = 1};
    return clile_i_st_open_file("memory", &file, 1, out);
}

void clile_i_st_close(clile_i_st *st)
{
    if (st == NULL) return;
    clile_i_file_close(&st->file);
    clile_i_free(st->path);
    clile_i_free(st->strings);
    clile_i_free(st->tensors);
    clile_i_free(st->metadata);
    clile_i_free(st->metadata_map);
    clile_i_free(st);
}

/* ---- what is in it ---- */

const char *clile_i_st_path(const clile_i_st *st)
{
    return st->path;
}

int64_t clile_i_st_count(const clile_i_st *st)
{
    return st->count;
}

const clile_i_st_tensor *clile_i_st_at(const clile_i_st *st, int64_t index)
{
    return index >= 0 && index < st->count ? &st->tensors[index] : NULL;
}

const clile_i_st_tensor *clile_i_st_find(const clile_i_st *st, const char *name)
{
    const clile_i_st_tensor key = {.name = name};
    if (st->count == 0) return NULL;
    return bsearch(&key, st->tensors, (size_t)st->count, sizeof key, compare_tensors);
}

const char *clile_i_st_metadata(const clile_i_st *st, const char *key)
{
    const metadata_pair wanted = {key, NULL};
    if (st->metadata_count == 0) return NULL;
    const metadata_pair *found = bsearch(&wanted, st->metadata_map, (size_t)st->metadata_count,
                                         sizeof wanted, compare_metadata);
    return found == NULL ? NULL : found->value;
}

clile_status clile_i_st_need_text(const clile_i_st *st, const char *key, const char **out)
{
    *out = clile_i_st_metadata(st, key);
    if (*out != NULL) return CLILE_OK;
    return clile_i_fail(CLILE_E_FORMAT, "%s: no \"%s\" in the metadata", clile_i_st_path(st), key);
}

clile_status clile_i_st_need_integer(const clile_i_st *st, const char *key, int64_t least,
                                     int64_t most, int64_t *out)
{
    const char *text = NULL;
    char wanted[48];
    CLILE_I_RETURN_IF(clile_i_st_need_text(st, key, &text));
    if (clile_i_parse_i64(text, text + strlen(text), out) && *out >= least && *out <= most)
        return CLILE_OK;
    if (most < INT64_MAX)
        snprintf(wanted, sizeof wanted, "from %lld to %lld", (long long)least, (long long)most);
    else
        snprintf(wanted, sizeof wanted, ">= %lld", (long long)least);
    return clile_i_fail(CLILE_E_FORMAT, "%s: metadata \"%s\" is \"%.40s\", expected an integer %s",
                        clile_i_st_path(st), key, text, wanted);
}

int64_t clile_i_st_metadata_count(const clile_i_st *st)
{
    return st->metadata_count;
}

void clile_i_st_metadata_at(const clile_i_st *st, int64_t index, const char **key,
                            const char **value)
{
    const int inside = index >= 0 && index < st->metadata_count;
    *key = inside ? st->metadata[index].key : NULL;
    *value = inside ? st->metadata[index].value : NULL;
}

static int same_type(const clile_i_st_tensor *tensor, clile_i_st_type type, int32_t ndim,
                     const int64_t *shape)
{
    if (tensor->type != type || tensor->ndim != ndim) return 0;
    for (int32_t i = 0; i < ndim; ++i)
        if (tensor->shape[i] != shape[i]) return 0;
    return 1;
}

clile_status clile_i_st_copy(const clile_i_st *st, const char *name, clile_i_st_type type,
                             int32_t ndim, const int64_t *shape, void *dst)
{
    const clile_i_st_tensor *tensor = clile_i_st_find(st, name);
    const clile_i_st_dtype *wanted = clile_i_st_dtype_of(type);
    if (wanted == NULL || ndim < 0 || ndim > CLILE_I_ST_MAX_DIMS)
        return clile_i_fail(CLILE_E_INTERNAL,
                            "tensor \"%s\": requested with an invalid type or rank", name);
    if (tensor != NULL && same_type(tensor, type, ndim, shape)) {
        if (tensor->bytes > 0) memcpy(dst, tensor->data, tensor->bytes);
        return CLILE_OK;
    }
    clile_status status = CLILE_OK;
    clile_i_text expected = {0}, found = {0};
    clile_i_st_append_type(&expected, wanted->name, ndim, shape);
    CLILE_I_TRY(expected.status);
    if (tensor == NULL) {
        status = clile_i_fail(CLILE_E_FORMAT, "%s: no tensor \"%s\", expected %s", st->path, name,
                              expected.data);
        goto cleanup;
    }
    clile_i_st_append_type(&found, tensor->dtype, tensor->ndim, tensor->shape);
    CLILE_I_TRY(found.status);
    status = clile_i_fail(CLILE_E_FORMAT, "%s: tensor \"%s\": expected %s, found %s", st->path,
                          name, expected.data, found.data);
cleanup:
    clile_i_text_free(&expected);
    clile_i_text_free(&found);
    return status;
}
