/* The writer of safetensors files. Tensors come in the order of the reference implementation
 * (larger elements first, then by name), so each is aligned to its element size if the data are
 * aligned. */
#include "store/safetensors_types.h"

#include <stdlib.h>
#include <string.h>

enum { DATA_ALIGNMENT = 64 };

typedef struct {
    char *name;
    const clile_i_st_dtype *dtype;
    int32_t ndim;
    int64_t shape[CLILE_I_ST_MAX_DIMS];
    const void *data; /* NULL: comes by put */
    int later;
    size_t bytes;
    size_t begin, done; /* offset in the data; bytes written */
    uint32_t crc;       /* of the bytes written */
} entry;

typedef struct {
    char *key, *value;
} metadata_pair;

struct clile_i_st_writer {
    entry *entries;
    int64_t count, capacity;
    metadata_pair *metadata;
    int64_t metadata_count, metadata_capacity;
    clile_i_writer *file; /* between begin and finish */
    int64_t
        data_offset; /* offsets in the file: of the data, and of the eight digits of their CRC */
    int64_t crc_offset;
};

clile_status clile_i_st_writer_create(clile_i_st_writer **out)
{
    CLILE_I_CHECK_NOT_NULL(out);
    *out = clile_i_calloc(1, sizeof **out);
    return *out == NULL ? CLILE_E_OUT_OF_MEMORY : CLILE_OK;
}

void clile_i_st_writer_destroy(clile_i_st_writer *writer)
{
    if (writer == NULL) return;
    clile_i_writer_abort(&writer->file);
    for (int64_t i = 0; i < writer->count; ++i) clile_i_free(writer->entries[i].name);
    for (int64_t i = 0; i < writer->metadata_count; ++i) {
        clile_i_free(writer->metadata[i].key);
        clile_i_free(writer->metadata[i].value);
    }
    clile_i_free(writer->entries);
    clile_i_free(writer->metadata);
    clile_i_free(writer);
}

static clile_status check_utf8(const char *what, const char *text)
{
    const char *end = text + strlen(text);
    while (text < end) {
        const int length = clile_i_utf8_length(text, end);
        if (length == 0)
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "safetensors: %s is not UTF-8", what);
        text += length;
    }
    return CLILE_OK;
}

static clile_status check_name(const clile_i_st_writer *writer, const char *name)
{
    CLILE_I_RETURN_IF(check_utf8("the name of a tensor", name));
    int taken = strcmp(name, CLILE_I_ST_METADATA_KEY) == 0;
    for (int64_t i = 0; i < writer->count && !taken; ++i)
        taken = strcmp(writer->entries[i].name, name) == 0;
    return taken
               ? clile_i_fail(CLILE_E_INVALID_ARGUMENT, "safetensors: duplicate name \"%s\"", name)
               : CLILE_OK;
}

static clile_status check_not_begun(const clile_i_st_writer *writer)
{
    return writer->file == NULL
               ? CLILE_OK
               : clile_i_fail(CLILE_E_STATE, "safetensors: the file was already begun");
}

static clile_status add(clile_i_st_writer *writer, const char *name, clile_i_st_type type,
                        int32_t ndim, const int64_t *shape, int later, const void *data)
{
    CLILE_I_CHECK_NOT_NULL(writer);
    CLILE_I_CHECK_NOT_NULL(name);
    CLILE_I_RETURN_IF(check_not_begun(writer));
    CLILE_I_RETURN_IF(check_name(writer, name));
    entry added = {.dtype = clile_i_st_dtype_of(type), .ndim = ndim, .data = data, .later = later};
    if (added.dtype == NULL || ndim < 0 || ndim > CLILE_I_ST_MAX_DIMS)
        return clile_i_fail(
            CLILE_E_UNSUPPORTED,
            "safetensors: tensor \"%s\": type %d with %d dimensions cannot be written", name,
            (int)type, ndim);
    int64_t count = 0;
    CLILE_I_RETURN_IF(clile_i_size_product(ndim, shape, &count));
    if (count > INT64_MAX / 64 || (count > 0 && data == NULL && !later))
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "safetensors: tensor \"%s\" is too large or its data are NULL", name);
    if (ndim > 0) memcpy(added.shape, shape, (size_t)ndim * sizeof *shape);
    added.bytes = (size_t)count * (size_t)(added.dtype->bits / 8);
    CLILE_I_GROW(writer->entries, &writer->capacity, writer->count + 1);
    added.name = clile_i_strdup(name);
    if (added.name == NULL) return CLILE_E_OUT_OF_MEMORY;
    writer->entries[writer->count++] = added;
    return CLILE_OK;
}

clile_status clile_i_st_writer_add(clile_i_st_writer *writer, const char *name,
                                   clile_i_st_type type, int32_t ndim, const int64_t *shape,
                                   const void *data)
{
    return add(writer, name, type, ndim, shape, 0, data);
}

clile_status clile_i_st_writer_add_later(clile_i_st_writer *writer, const char *name,
                                         clile_i_st_type type, int32_t ndim, const int64_t *shape)
{
    return add(writer, name, type, ndim, shape, 1, NULL);
}

clile_status clile_i_st_writer_metadata(clile_i_st_writer *writer, const char *key,
                                        const char *value)
{
    CLILE_I_CHECK_NOT_NULL(writer);
    CLILE_I_CHECK_NOT_NULL(key);
    CLILE_I_CHECK_NOT_NULL(value);
    CLILE_I_RETURN_IF(check_utf8("a metadata key", key));
    CLILE_I_RETURN_IF(check_utf8("a metadata value", value));
    int taken = strcmp(key, CLILE_I_ST_CRC_KEY) == 0;
    for (int64_t i = 0; i < writer->metadata_count && !taken; ++i)
        taken = strcmp(writer->metadata[i].key, key) == 0;
    if (taken)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "safetensors: duplicate metadata key \"%s\"",
                            key);
    CLILE_I_GROW(writer->metadata, &writer->metadata_capacity, writer->metadata_count + 1);
    metadata_pair pair = {clile_i_strdup(key), clile_i_strdup(value)};
    if (pair.key == NULL || pair.value == NULL) {
        clile_i_free(pair.key);
        clile_i_free(pair.value);
        return CLILE_E_OUT_OF_MEMORY;
    }
    writer->metadata[writer->metadata_count++] = pair;
    return CLILE_OK;
}

static int compare_entries(const void *left, const void *right)
{
    const entry *a = left, *b = right;
    if (a->dtype->bits != b->dtype->bits) return a->dtype->bits > b->dtype->bits ? -1 : 1;
    return strcmp(a->name, b->name);
}

/* The header with zeros for the CRC; *crc_at is the CRC's offset in it. */
static clile_status make_header(clile_i_st_writer *writer, clile_i_text *header, size_t *crc_at)
{
    clile_i_text_append(header, "{\"%s\":{", CLILE_I_ST_METADATA_KEY);
    for (int64_t i = 0; i < writer->metadata_count; ++i) {
        clile_i_text_append_json(header, writer->metadata[i].key);
        clile_i_text_append(header, ":");
        clile_i_text_append_json(header, writer->metadata[i].value);
        clile_i_text_append(header, ",");
    }
    clile_i_text_append(header, "\"%s\":\"", CLILE_I_ST_CRC_KEY);
    *crc_at = header->size;
    clile_i_text_append(header, "00000000\"}");
    size_t offset = 0;
    for (int64_t i = 0; i < writer->count; ++i) {
        entry *tensor = &writer->entries[i];
        clile_i_text_append(header, ",");
        clile_i_text_append_json(header, tensor->name);
        clile_i_text_append(header, ":{\"dtype\":\"%s\",\"shape\":[", tensor->dtype->name);
        for (int32_t k = 0; k < tensor->ndim; ++k)
            clile_i_text_append(header, "%s%lld", k == 0 ? "" : ",", (long long)tensor->shape[k]);
        clile_i_text_append(header, "],\"data_offsets\":[%zu,%zu]}", offset,
                            offset + tensor->bytes);
        tensor->begin = offset;
        tensor->done = 0;
        tensor->crc = 0;
        offset += tensor->bytes;
    }
    clile_i_text_append(header, "}");
    while (header->status == CLILE_OK && (8 + header->size) % DATA_ALIGNMENT != 0)
        clile_i_text_append(header, " ");
    CLILE_I_RETURN_IF(header->status);
    if (header->size > CLILE_I_ST_MAX_HEADER)
        return clile_i_fail(CLILE_E_UNSUPPORTED,
                            "safetensors: a header of %zu bytes, the format allows %d",
                            header->size, CLILE_I_ST_MAX_HEADER);
    return CLILE_OK;
}

clile_status clile_i_st_writer_begin(clile_i_st_writer *writer, const char *path)
{
    CLILE_I_CHECK_NOT_NULL(writer);
    CLILE_I_CHECK_NOT_NULL(path);
    CLILE_I_RETURN_IF(check_not_begun(writer));
    clile_status status = CLILE_OK;
    clile_i_writer *file = NULL;
    clile_i_text header = {0};
    size_t crc_at = 0;
    if (writer->count > 1)
        qsort(writer->entries, (size_t)writer->count, sizeof *writer->entries, compare_entries);
    CLILE_I_TRY(make_header(writer, &header, &crc_at));
    CLILE_I_TRY(clile_i_writer_open(path, &file));
    uint8_t length[8];
    clile_i_store_le(header.size, sizeof length, length);
    CLILE_I_TRY(clile_i_writer_put(file, length, sizeof length));
    CLILE_I_TRY(clile_i_writer_put(file, header.data, header.size));
    writer->data_offset = 8 + (int64_t)header.size;
    writer->crc_offset = 8 + (int64_t)crc_at;
    writer->file = file;
    file = NULL;
cleanup:
    clile_i_writer_abort(&file);
    clile_i_text_free(&header);
    return status;
}

static clile_status put(clile_i_st_writer *writer, entry *tensor, const void *data, size_t size)
{
    if (size > tensor->bytes - tensor->done)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "safetensors: tensor \"%s\": %zu bytes more than its %zu", tensor->name,
                            size - (tensor->bytes - tensor->done), tensor->bytes);
    if (size == 0) return CLILE_OK;
    const int64_t offset = writer->data_offset + (int64_t)(tensor->begin + tensor->done);
    CLILE_I_RETURN_IF(clile_i_writer_put_at(writer->file, offset, data, size));
    tensor->crc = clile_i_crc32(tensor->crc, data, size);
    tensor->done += size;
    return CLILE_OK;
}

clile_status clile_i_st_writer_put(clile_i_st_writer *writer, const char *name, const void *data,
                                   size_t size)
{
    CLILE_I_CHECK_NOT_NULL(writer);
    CLILE_I_CHECK_NOT_NULL(name);
    if (writer->file == NULL)
        return clile_i_fail(CLILE_E_STATE, "safetensors: the file was not begun");
    for (int64_t i = 0; i < writer->count; ++i)
        if (writer->entries[i].later && strcmp(writer->entries[i].name, name) == 0)
            return put(writer, &writer->entries[i], data, size);
    return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "safetensors: tensor \"%s\" was not announced",
                        name);
}

clile_status clile_i_st_writer_finish(clile_i_st_writer *writer)
{
    CLILE_I_CHECK_NOT_NULL(writer);
    if (writer->file == NULL)
        return clile_i_fail(CLILE_E_STATE, "safetensors: the file was not begun");
    clile_status status = CLILE_OK;
    uint32_t crc = 0;
    char digits[9];
    for (int64_t i = 0; i < writer->count; ++i) {
        entry *tensor = &writer->entries[i];
        if (!tensor->later) CLILE_I_TRY(put(writer, tensor, tensor->data, tensor->bytes));
        if (tensor->done < tensor->bytes) {
            status = clile_i_fail(CLILE_E_STATE,
                                  "safetensors: tensor \"%s\": only %zu of its %zu bytes were put",
                                  tensor->name, tensor->done, tensor->bytes);
            goto cleanup;
        }
        crc = clile_i_crc32_combine(crc, tensor->crc, (int64_t)tensor->bytes);
    }
    snprintf(digits, sizeof digits, "%08x", crc);
    CLILE_I_TRY(clile_i_writer_put_at(writer->file, writer->crc_offset, digits, 8));
    CLILE_I_TRY(clile_i_writer_commit(&writer->file));
cleanup:
    clile_i_writer_abort(&writer->file);
    return status;
}

clile_status clile_i_st_writer_write(clile_i_st_writer *writer, const char *path)
{
    CLILE_I_RETURN_IF(clile_i_st_writer_begin(writer, path));
    return clile_i_st_writer_finish(writer);
}

clile_status clile_i_st_writer_write_memory(clile_i_st_writer *writer, uint8_t **bytes,
                                            size_t *size)
{
    CLILE_I_RETURN_IF(check_not_begun(writer));
    clile_status status = CLILE_OK;
    clile_i_text header = {0};
    uint8_t *block = NULL;
    size_t crc_at = 0, data_size = 0;
    char digits[9];
    if (writer->count > 1)
        qsort(writer->entries, (size_t)writer->count, sizeof *writer->entries, compare_entries);
    CLILE_I_TRY(make_header(writer, &header, &crc_at));
    if (writer->count > 0)
        data_size =
            writer->entries[writer->count - 1].begin + writer->entries[writer->count - 1].bytes;
    const size_t data_at = 8 + header.size;
    CLILE_I_ALLOC(block, data_at + data_size);
    clile_i_store_le(header.size, 8, block);
    memcpy(block + 8, header.data, header.size);
    for (int64_t i = 0; i < writer->count; ++i) {
        const entry *tensor = &writer->entries[i];
        if (tensor->later) {
            status = clile_i_fail(CLILE_E_STATE, "safetensors: tensor \"%s\" has no data yet",
                                  tensor->name);
            goto cleanup;
        }
        if (tensor->bytes > 0) memcpy(block + data_at + tensor->begin, tensor->data, tensor->bytes);
    }
    snprintf(digits, sizeof digits, "%08x", clile_i_crc32(0, block + data_at, data_size));
    memcpy(block + 8 + crc_at, digits, 8);
    *bytes = block;
    *size = data_at + data_size;
    block = NULL;
cleanup:
    clile_i_free(block);
    clile_i_text_free(&header);
    return status;
}
