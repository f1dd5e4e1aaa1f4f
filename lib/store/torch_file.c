/* What torch.save writes (torch/serialization.py, since PyTorch 1.6): an archive with
 * NAME/data.pkl, a pickle in which each tensor is a call of
 * torch._utils._rebuild_tensor_v2(storage, offset, shape, stride, requires_grad, hooks), and a
 * member NAME/data/KEY of raw numbers for each storage, whose persistent id is ("storage",
 * torch.FloatStorage, KEY, device, elements). */
#include "store/pickle.h"
#include "store/weights.h"
#include "store/zip.h"

#include <string.h>

enum { DEEPEST = 16, MOST_STEPS = 1000000, MOST_TENSORS = 100000, MOST_NAME = 1000 };

/* The allowed globals; those that are called come first. */
enum { ORDERED_DICT, REBUILD_TENSOR, REBUILD_PARAMETER, FIRST_STORAGE };
static const char *const globals[] = {"collections OrderedDict",
                                      "torch._utils _rebuild_tensor_v2",
                                      "torch._utils _rebuild_parameter",
                                      "torch FloatStorage",
                                      "torch DoubleStorage",
                                      "torch HalfStorage",
                                      "torch BFloat16Storage",
                                      "torch LongStorage",
                                      "torch IntStorage",
                                      "torch ShortStorage",
                                      "torch CharStorage",
                                      "torch ByteStorage",
                                      "torch BoolStorage",
                                      NULL};
/* Of the storages, in the order above. */
static const struct {
    const char *name;
    int64_t bytes;
} dtypes[] = {{"F32", 4}, {"F64", 8}, {"F16", 2}, {"BF16", 2}, {"I64", 8},
              {"I32", 4}, {"I16", 2}, {"I8", 1},  {"U8", 1},   {"BOOL", 1}};

typedef struct {
    clile_i_zip *archive;
    clile_i_pickle *pickle;
    const char *path;
    const char *root; /* "NAME/" */
    size_t root_size;
    clile_i_weight_fn add;
    void *context;
    int64_t steps, tensors;
    char name[MOST_NAME + 1]; /* where the walk is: keys joined by points */
    size_t name_size;
} reader;

static clile_status malformed(const reader *r, const char *what)
{
    return clile_i_fail(CLILE_E_FORMAT, "%s: tensor \"%s\": %s", r->path, r->name, what);
}

/* Stores up to `most` items of a value and returns how many it has. */
static int64_t items_of(const reader *r, const clile_i_py *value, int64_t most,
                        const clile_i_py **items)
{
    int64_t count = 0;
    for (int32_t cell = value->first; cell >= 0 && count < most; ++count)
        items[count] = clile_i_pickle_next(r->pickle, &cell);
    return value->size;
}

static int is_text(const clile_i_py *value, const char *text)
{
    return value->kind == CLILE_I_PY_TEXT && (size_t)value->size == strlen(text) &&
           memcmp(value->text, text, strlen(text)) == 0;
}

/* ---- a tensor ---- */

/* The numbers of a storage, their type and count. */
static clile_status read_storage(reader *r, const clile_i_py *value, int64_t *dtype, int64_t *count,
                                 const uint8_t **data)
{
    const clile_i_py *id = NULL, *part[5];
    char name[MOST_NAME + 64];
    size_t size = 0;
    if (value->kind != CLILE_I_PY_PERSISTENT || items_of(r, value, 1, &id) != 1 ||
        id->kind != CLILE_I_PY_TUPLE || items_of(r, id, 5, part) != 5 ||
        !is_text(part[0], "storage") || part[1]->kind != CLILE_I_PY_GLOBAL ||
        part[1]->integer < FIRST_STORAGE || part[2]->kind != CLILE_I_PY_TEXT ||
        part[4]->kind != CLILE_I_PY_INT || part[4]->integer < 0)
        return malformed(r, "its storage is not in the form that torch.save writes");
    *dtype = part[1]->integer - FIRST_STORAGE;
    *count = part[4]->integer;
    if (part[2]->size > 32 || memchr(part[2]->text, '\0', (size_t)part[2]->size))
        return malformed(r, "the name of its storage is too long");
    snprintf(name, sizeof name, "%.*sdata/%.*s", (int)r->root_size, r->root, (int)part[2]->size,
             part[2]->text);
    const int64_t index = clile_i_zip_find(r->archive, name);
    if (index < 0)
        return clile_i_fail(CLILE_E_CORRUPT,
                            "%s: tensor \"%s\": its storage %s is not in the archive", r->path,
                            r->name, name);
    CLILE_I_RETURN_IF(clile_i_zip_read(r->archive, index, data, &size));
    if ((uint64_t)*count > size || size != (uint64_t)*count * (uint64_t)dtypes[*dtype].bytes)
        return clile_i_fail(
            CLILE_E_CORRUPT,
            "%s: tensor \"%s\": its storage %s has %zu bytes, expected %lld elements of %s",
            r->path, r->name, name, size, (long long)*count, dtypes[*dtype].name);
    return CLILE_OK;
}

/* A tuple of sizes: returns how many, or -1. */
static int32_t read_sizes(const reader *r, const clile_i_py *value,
                          int64_t sizes[CLILE_I_WEIGHT_MAX_DIMS])
{
    const clile_i_py *items[CLILE_I_WEIGHT_MAX_DIMS];
    if (value->kind != CLILE_I_PY_TUPLE ||
        items_of(r, value, CLILE_I_WEIGHT_MAX_DIMS, items) > CLILE_I_WEIGHT_MAX_DIMS)
        return -1;
    for (int64_t i = 0; i < value->size; ++i) {
        if (items[i]->kind != CLILE_I_PY_INT || items[i]->integer < 0) return -1;
        sizes[i] = items[i]->integer;
    }
    return (int32_t)value->size;
}

/* Checks that every element is in the storage; sets count, bytes and strided. */
static clile_status place(const reader *r, clile_i_weight *w, int64_t offset, int64_t stored,
                          int64_t element)
{
    int64_t last = offset, packed = 1;
    if (clile_i_size_product(w->ndim, w->shape, &w->count) != CLILE_OK || w->count > INT64_MAX / 16)
        return malformed(r, "its shape has too many elements");
    w->bytes = w->count * element;
    for (int32_t i = w->ndim - 1; i >= 0; --i) {
        if (w->shape[i] <= 1) w->stride[i] = 0; /* this step is never taken */
        if (w->shape[i] > 1 && w->stride[i] != packed) w->strided = 1;
        packed *= w->shape[i] > 0 ? w->shape[i] : 1;
    }
    if (w->count == 0) return CLILE_OK;
    for (int32_t i = 0; i < w->ndim; ++i) {
        const int64_t steps = w->shape[i] - 1;
        if (steps > 0 && w->stride[i] > (INT64_MAX - last) / steps)
            return malformed(r, "it reaches beyond its storage");
        last += steps * w->stride[i];
    }
    if (last >= stored)
        return clile_i_fail(
            CLILE_E_CORRUPT,
            "%s: tensor \"%s\": it reaches element %lld of its storage, which has %lld", r->path,
            r->name, (long long)last, (long long)stored);
    return CLILE_OK;
}

static clile_status read_tensor(reader *r, const clile_i_py *call)
{
    const clile_i_py *part[7];
    clile_i_weight w = {.name = r->name};
    int64_t dtype = 0, stored = 0;
    const int64_t count = items_of(r, call, 7, part);
    if (count < 6 || count > 7 || part[1]->kind != CLILE_I_PY_INT || part[1]->integer < 0)
        return malformed(r, "not in the form that torch.save writes");
    CLILE_I_RETURN_IF(read_storage(r, part[0], &dtype, &stored, &w.data));
    w.ndim = read_sizes(r, part[2], w.shape);
    if (w.ndim < 0 || read_sizes(r, part[3], w.stride) != w.ndim)
        return malformed(r, "shape and strides are not two tuples of at most 8 sizes");
    w.dtype = dtypes[dtype].name;
    CLILE_I_RETURN_IF(place(r, &w, part[1]->integer, stored, dtypes[dtype].bytes));
    if (w.count > 0) w.data += part[1]->integer * dtypes[dtype].bytes;
    if (++r->tensors > MOST_TENSORS)
        return clile_i_fail(CLILE_E_UNSUPPORTED, "%s: more than %d tensors", r->path, MOST_TENSORS);
    return r->add(r->context, &w);
}

/* ---- the walk ---- */

static clile_status walk(reader *r, const clile_i_py *value, int depth);

/* Continues the walk below `key`. */
static clile_status walk_into(reader *r, const char *key, size_t key_size, const clile_i_py *value,
                              int depth)
{
    const size_t before = r->name_size;
    if (key_size > MOST_NAME - 1 - before) return malformed(r, "the names inside it are too long");
    for (size_t i = 0; i < key_size;) {
        const int length = key[i] == '\0' ? 0 : clile_i_utf8_length(key + i, key + key_size);
        if (length == 0) return malformed(r, "a key inside it is not UTF-8");
        i += (size_t)length;
    }
    if (before > 0) r->name[r->name_size++] = '.';
    memcpy(r->name + r->name_size, key, key_size);
    r->name_size += key_size;
    r->name[r->name_size] = '\0';
    CLILE_I_RETURN_IF(walk(r, value, depth + 1));
    r->name_size = before;
    r->name[before] = '\0';
    return CLILE_OK;
}

static clile_status walk_items(reader *r, const clile_i_py *container, int depth)
{
    char number[24];
    int64_t index = 0;
    const int keyed = container->kind == CLILE_I_PY_DICT;
    for (int32_t cell = container->first; cell >= 0; ++index) {
        const clile_i_py *item = clile_i_pickle_next(r->pickle, &cell), *key = item;
        if (keyed) item = clile_i_pickle_next(r->pickle, &cell);
        if (keyed && key->kind == CLILE_I_PY_TEXT) {
            CLILE_I_RETURN_IF(walk_into(r, key->text, (size_t)key->size, item, depth));
            continue;
        }
        if (keyed && key->kind != CLILE_I_PY_INT)
            return malformed(r, "a key inside it is neither text nor an integer");
        snprintf(number, sizeof number, "%lld", (long long)(keyed ? key->integer : index));
        CLILE_I_RETURN_IF(walk_into(r, number, strlen(number), item, depth));
    }
    return CLILE_OK;
}

/* Values may hold each other in any way, so depth and steps are limited. */
static clile_status walk(reader *r, const clile_i_py *value, int depth)
{
    if (depth > DEEPEST || ++r->steps > MOST_STEPS)
        return clile_i_fail(CLILE_E_UNSUPPORTED,
                            "%s: dictionaries more than %d deep, or of more than %d values",
                            r->path, DEEPEST, MOST_STEPS);
    switch (value->kind) {
        case CLILE_I_PY_TUPLE:
        case CLILE_I_PY_LIST:
        case CLILE_I_PY_DICT: return walk_items(r, value, depth);
        case CLILE_I_PY_CALL:
            if (value->integer == REBUILD_TENSOR) return read_tensor(r, value);
            if (value->integer == REBUILD_PARAMETER && value->first >= 0) {
                int32_t cell = value->first;
                return walk(r, clile_i_pickle_next(r->pickle, &cell), depth + 1);
            }
            return malformed(r, "not in the form that torch.save writes");
        default: return CLILE_OK; /* a number or text beside the tensors */
    }
}

/* ---- the archive ---- */

/* Finds the one NAME/data.pkl; root becomes "NAME/". */
static clile_status find_pickle(reader *r, int64_t *index)
{
    static const char ending[] = "/data.pkl";
    const size_t ending_size = sizeof ending - 1;
    *index = -1;
    for (int64_t i = 0; i < clile_i_zip_count(r->archive); ++i) {
        const char *name = clile_i_zip_name(r->archive, i);
        const size_t size = strlen(name);
        if (size <= ending_size || strcmp(name + size - ending_size, ending) != 0) continue;
        if (*index >= 0)
            return clile_i_fail(CLILE_E_FORMAT, "%s: an archive with two pickles, %s and %s",
                                r->path, r->root, name);
        *index = i;
        r->root = name;
        r->root_size = size - ending_size + 1;
    }
    if (*index < 0)
        return clile_i_fail(
            CLILE_E_FORMAT,
            "%s: a zip archive, but not from torch.save: it has no member that ends in %s", r->path,
            ending);
    if (r->root_size > MOST_NAME)
        return clile_i_fail(CLILE_E_FORMAT, "%s: the name of the archive is too long", r->path);
    return CLILE_OK;
}

static clile_status check_byte_order(reader *r)
{
    char name[MOST_NAME + 16];
    const uint8_t *text = NULL;
    size_t size = 0;
    snprintf(name, sizeof name, "%.*sbyteorder", (int)r->root_size, r->root);
    const int64_t index = clile_i_zip_find(r->archive, name);
    if (index < 0) return CLILE_OK; /* before PyTorch 2.1 there is no such member */
    CLILE_I_RETURN_IF(clile_i_zip_read(r->archive, index, &text, &size));
    if (size != 6 || memcmp(text, "little", 6) != 0)
        return clile_i_fail(CLILE_E_UNSUPPORTED,
                            "%s: %s is \"%.*s\", expected a little-endian file", r->path, name,
                            (int)(size < 16 ? size : 16), (const char *)text);
    return CLILE_OK;
}

clile_status clile_i_torch_read(clile_i_zip *archive, const char *path, clile_i_weight_fn add,
                                void *context)
{
    clile_status status = CLILE_OK;
    reader r = {.archive = archive, .path = path, .add = add, .context = context};
    const uint8_t *data = NULL;
    size_t size = 0;
    int64_t index = -1;
    CLILE_I_TRY(find_pickle(&r, &index));
    CLILE_I_TRY(check_byte_order(&r));
    CLILE_I_TRY(clile_i_zip_read(archive, index, &data, &size));
    CLILE_I_TRY(clile_i_pickle_read(data, size, path, globals, &r.pickle));
    if (clile_i_pickle_root(r.pickle)->kind != CLILE_I_PY_DICT) {
        status = clile_i_fail(CLILE_E_FORMAT,
                              "%s: no dictionary of tensors in it: save model.state_dict()", path);
        goto cleanup;
    }
    CLILE_I_TRY(walk(&r, clile_i_pickle_root(r.pickle), 0));
cleanup:
    clile_i_pickle_close(r.pickle);
    return status;
}
