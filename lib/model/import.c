/* Imports a ResNet with torchvision's names from someone else's file into a model's encoder
 * (docs/import.md). */
#include "model/model.h"
#include "store/weights.h"

#include <string.h>

/* Every ResNet has this tensor. Its name shows the file's prefix. */
static const char anchor[] = "layer1.0.conv1.weight";
enum { LONGEST_NAME = 1200 };

typedef struct {
    const char *path;
    const clile_i_weights *file;
    const clile_i_net *net;
    const clile_i_weight **found; /* [tensors of the net]; NULL: missing */
    uint8_t *outcome;             /* [tensors of the net] */
    const char *prefix;           /* not terminated */
    size_t prefix_size;
} matching;

static int is_stem(const clile_i_net_tensor *t)
{
    return strncmp(t->name, "conv1.", 6) == 0 || strncmp(t->name, "bn1.", 4) == 0;
}

/* What comes after the backbone: fc, or what a method has instead of it and besides. */
static int is_tail(const clile_i_net_tensor *t)
{
    return !is_stem(t) && strncmp(t->name, "layer", 5) != 0;
}

static int ends_with(const char *text, const char *ending)
{
    const size_t size = strlen(text), ending_size = strlen(ending);
    return size >= ending_size && strcmp(text + size - ending_size, ending) == 0;
}

/* ---- the prefix before torchvision's names ---- */

/* Finds the PREFIX of "PREFIXlayer1.0.conv1.weight" in the file. It is empty or ends in a dot. Of
 * several, the empty one wins. */
static clile_status find_prefix(matching *m)
{
    const char *first = NULL;
    m->prefix = "";
    if (clile_i_weights_find(m->file, anchor)) return CLILE_OK;
    for (int64_t i = 0; i < clile_i_weights_count(m->file); ++i) {
        const char *name = clile_i_weights_at(m->file, i)->name;
        const size_t size =
            strlen(name) - (ends_with(name, anchor) ? strlen(anchor) : strlen(name));
        if (size == 0 || name[size - 1] != '.') continue;
        if (first)
            return clile_i_fail(CLILE_E_FORMAT,
                                "%s: it has more than one network, with prefixes \"%.*s\" and "
                                "\"%.*s\": choose one by the prefix",
                                m->path, (int)m->prefix_size, first, (int)size, name);
        first = m->prefix = name;
        m->prefix_size = size;
    }
    if (first == NULL)
        return clile_i_fail(CLILE_E_FORMAT,
                            "%s: none of its %lld tensors is called %s, with or without a prefix: "
                            "not a ResNet with torchvision's names",
                            m->path, (long long)clile_i_weights_count(m->file), anchor);
    return CLILE_OK;
}

static const clile_i_weight *find_tensor(const matching *m, const char *name)
{
    char full[LONGEST_NAME];
    const int length = snprintf(full, sizeof full, "%.*s%s", (int)m->prefix_size, m->prefix, name);
    return length < 0 || (size_t)length >= sizeof full ? NULL : clile_i_weights_find(m->file, full);
}

/* ---- matching ---- */

static int fits(const clile_i_net_tensor *t, const clile_i_weight *w)
{
    return clile_i_weight_is_float(w) && w->ndim == t->ndim &&
           memcmp(w->shape, t->shape, (size_t)t->ndim * sizeof t->shape[0]) == 0;
}

/* Whether the file's conv1 differs only in the size of its kernel: it belongs to another stem. */
static int has_other_stem(const matching *m)
{
    const clile_i_net_tensor *t = clile_i_net_tensor_at(m->net, 0);
    const clile_i_weight *w = m->found[0];
    return w != NULL && clile_i_weight_is_float(w) && w->ndim == 4 && w->shape[0] == t->shape[0] &&
           w->shape[1] == t->shape[1] && w->shape[2] == w->shape[3] && w->shape[2] != t->shape[2];
}

static void keep(matching *m, int (*is_one)(const clile_i_net_tensor *))
{
    for (int32_t i = 0; i < clile_i_net_tensor_count(m->net); ++i)
        if (is_one(clile_i_net_tensor_at(m->net, i))) m->outcome[i] = CLILE_IMPORT_KEPT;
}

/* Fills found and outcome. The tail is taken whole or not at all, and so is a small stem.
 * ImageNet's
 * stem must fit: a file without it holds another network. */
static void match(matching *m)
{
    const int32_t count = clile_i_net_tensor_count(m->net);
    int tail_fits = 1;
    for (int32_t i = 0; i < count; ++i) {
        const clile_i_net_tensor *t = clile_i_net_tensor_at(m->net, i);
        const clile_i_weight *w = m->found[i] = find_tensor(m, t->name);
        m->outcome[i] = w == NULL    ? CLILE_IMPORT_MISSING
                        : fits(t, w) ? CLILE_IMPORT_MATCHED
                                     : CLILE_IMPORT_MISMATCHED;
        if (is_tail(t) && m->outcome[i] != CLILE_IMPORT_MATCHED) tail_fits = 0;
    }
    if (!tail_fits) keep(m, is_tail);
    if (clile_i_net_get_config(m->net)->stem == CLILE_I_STEM_SMALL && has_other_stem(m))
        keep(m, is_stem);
}

static int is_found(const matching *m, const clile_i_weight *w)
{
    for (int32_t i = 0; i < clile_i_net_tensor_count(m->net); ++i)
        if (m->found[i] == w) return 1;
    return 0;
}

static void tell(const matching *m, clile_import_fn report, void *user)
{
    for (int32_t i = 0; i < clile_i_net_tensor_count(m->net); ++i) {
        const clile_i_net_tensor *t = clile_i_net_tensor_at(m->net, i);
        const clile_i_weight *w = m->found[i];
        const clile_import_item item = {
            sizeof item, m->outcome[i],   t->name,  w ? w->name : NULL, w ? w->dtype : NULL,
            t->ndim,     w ? w->ndim : 0, t->shape, w ? w->shape : NULL};
        report(&item, user);
    }
    for (int64_t i = 0; i < clile_i_weights_count(m->file); ++i) {
        const clile_i_weight *w = clile_i_weights_at(m->file, i);
        if (is_found(m, w)) continue;
        const int32_t outcome = ends_with(w->name, ".num_batches_tracked") ? CLILE_IMPORT_IGNORED
                                                                           : CLILE_IMPORT_LEFT_OVER;
        const clile_import_item item = {sizeof item, outcome, NULL, w->name, w->dtype,
                                        0,           w->ndim, NULL, w->shape};
        report(&item, user);
    }
}

/* The file's first block tensor that the net lacks; NULL if there is none. If there is one, the
 * file has another depth. */
static const char *find_deeper(const matching *m)
{
    for (int64_t i = 0; i < clile_i_weights_count(m->file); ++i) {
        const clile_i_weight *w = clile_i_weights_at(m->file, i);
        if (strncmp(w->name, m->prefix, m->prefix_size) == 0 &&
            strncmp(w->name + m->prefix_size, "layer", 5) == 0 && clile_i_weight_is_float(w) &&
            !is_found(m, w))
            return w->name;
    }
    return NULL;
}

/* FORMAT, naming the first tensor that does not fit. */
static clile_status check(const matching *m)
{
    const int32_t count = clile_i_net_tensor_count(m->net);
    const clile_i_net_config *config = clile_i_net_get_config(m->net);
    clile_i_text text = {0};
    int32_t unfit = 0, first = -1;
    for (int32_t i = 0; i < count; ++i) {
        if (m->outcome[i] == CLILE_IMPORT_MATCHED || m->outcome[i] == CLILE_IMPORT_KEPT) continue;
        if (unfit++ == 0) first = i;
    }
    const char *deeper = unfit == 0 ? find_deeper(m) : NULL;
    if (deeper)
        return clile_i_fail(CLILE_E_FORMAT,
                            "%s: tensor %s is not part of %s: another network, or a deeper one",
                            m->path, deeper, config->backbone);
    if (unfit == 0) return CLILE_OK;
    const clile_i_net_tensor *t = clile_i_net_tensor_at(m->net, first);
    const clile_i_weight *w = m->found[first];
    clile_i_text_append(&text, "tensor %.*s%s is ",
                        (int)(m->prefix_size < 100 ? m->prefix_size : 100), m->prefix, t->name);
    if (w)
        clile_i_st_append_type(&text, w->dtype, w->ndim, w->shape);
    else
        clile_i_text_append(&text, "missing");
    clile_i_text_append(&text, ", expected ");
    clile_i_st_append_type(&text, "F32", t->ndim, t->shape);
    const clile_status status =
        text.status != CLILE_OK
            ? text.status
            : clile_i_fail(CLILE_E_FORMAT,
                           "%s: %s for %s with width %g (%d of %d tensors do not fit)", m->path,
                           text.data, config->backbone, config->width, (int)unfit, (int)count);
    clile_i_text_free(&text);
    return status;
}

/* ---- the import ---- */

clile_status clile_model_import_backbone_report(clile_model *model, const char *path,
                                                const char *prefix, clile_import_fn report,
                                                void *user)
{
    clile_status status = CLILE_OK;
    clile_i_weights *file = NULL;
    clile_i_net *fresh = NULL;
    clile_i_packs *packs = NULL;
    clile_model *noted = NULL;
    matching m = {.path = path, .prefix = prefix, .prefix_size = prefix ? strlen(prefix) : 0};
    CLILE_I_CHECK_NOT_NULL(model);
    CLILE_I_CHECK_NOT_NULL(path);
    if (model->busy)
        return clile_i_fail(
            CLILE_E_STATE,
            "clile_model_import_backbone: a trainer is using the model; import before creating it");
    CLILE_I_RETURN_IF(clile_i_model_check_float(model, "clile_model_import_backbone"));
    CLILE_I_TRY(clile_i_weights_open(path, 1, &file));
    m.file = file;
    m.net = model->encoder;
    const int32_t count = clile_i_net_tensor_count(m.net);
    if (prefix == NULL) CLILE_I_TRY(find_prefix(&m));
    CLILE_I_ALLOC(m.found, count);
    CLILE_I_ALLOC(m.outcome, count);
    match(&m);
    if (report) tell(&m, report, user);
    CLILE_I_TRY(check(&m));
    CLILE_I_TRY(clile_i_net_create(clile_i_net_get_config(m.net), &fresh));
    clile_i_net_copy(fresh, model->encoder);
    for (int32_t i = 0; i < count; ++i) {
        const clile_i_net_tensor *t = clile_i_net_tensor_at(fresh, i);
        if (m.outcome[i] != CLILE_IMPORT_MATCHED) continue;
        CLILE_I_TRY(clile_i_weight_copy(m.found[i], t->data));
        CLILE_I_TRY(clile_i_check_finite(path, m.found[i]->name, t->count, t->data));
    }
    CLILE_I_TRY(clile_i_model_copy_frame(model, &noted));
    CLILE_I_TRY(clile_i_model_note_import(noted, path));
    CLILE_I_TRY(clile_i_packs_create(&packs));
    clile_i_model_swap_metadata(model, noted);
    clile_i_model_swap_encoder(model, &fresh, &packs);
    model->trained = 0;
cleanup:
    clile_i_free(m.found);
    clile_i_free(m.outcome);
    clile_i_net_destroy(fresh);
    clile_i_packs_release(packs);
    clile_model_destroy(noted);
    clile_i_weights_close(file);
    return status;
}

clile_status clile_model_import_backbone(clile_model *model, const char *path)
{
    CLILE_I_CHECK_NOT_NULL(model);
    CLILE_I_CHECK_NOT_NULL(path);
    return clile_model_import_backbone_report(model, path, NULL, NULL, NULL);
}
