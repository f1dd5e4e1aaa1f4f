/* What a model was trained on, as its metadata says, and whether a given face was placed the same
 * way. */
#include "model/model.h"

#include <clile/predictor.h>

#include <string.h>

#define KEY_LANDMARKS "train_images_by_landmarks"
#define KEY_BOXES "train_images_by_boxes"
#define KEY_CROPS "train_images_as_crops"
#define KEY_PHOTOGRAPHS "photographs"

static const char *alignment_of(const clile_i_trained_on *on)
{
    const int kinds = (on->landmarks > 0) + (on->boxes > 0) + (on->crops > 0);
    if (kinds > 1) return "mixed";
    return on->landmarks > 0 ? "landmarks"
           : on->boxes > 0   ? "boxes"
           : on->crops > 0   ? "crops"
                             : "unknown";
}

/* "yes", "never" or "unknown": whether the weights have seen photographs, before or during this
 * training. */
static const char *photographs_after(const clile_model *model, const char *kind)
{
    const char *before = clile_model_get_metadata(model, KEY_PHOTOGRAPHS);
    if (before == NULL)
        before = model->trained || clile_model_get_metadata(model, "imported") != NULL ? "unknown"
                                                                                       : "never";
    if (strcmp(before, "yes") == 0 || strcmp(kind, "photographs") == 0) return "yes";
    const int known = strcmp(kind, "unknown") != 0 && strcmp(kind, "mixed") != 0;
    return strcmp(before, "never") == 0 && known ? "never" : "unknown";
}

static clile_status set_number(clile_model *model, const char *key, int64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    return clile_model_set_metadata(model, key, text);
}

clile_status clile_i_model_note_training(clile_model *model, const clile_i_trained_on *on)
{
    CLILE_I_RETURN_IF(
        clile_model_set_metadata(model, KEY_PHOTOGRAPHS, photographs_after(model, on->kind)));
    CLILE_I_RETURN_IF(clile_model_set_metadata(model, "alignment", alignment_of(on)));
    CLILE_I_RETURN_IF(set_number(model, KEY_LANDMARKS, on->landmarks));
    CLILE_I_RETURN_IF(set_number(model, KEY_BOXES, on->boxes));
    CLILE_I_RETURN_IF(set_number(model, KEY_CROPS, on->crops));
    CLILE_I_RETURN_IF(clile_model_set_metadata(model, "data_kind", on->kind));
    CLILE_I_RETURN_IF(clile_model_set_metadata(model, "layout", on->layout));
    CLILE_I_RETURN_IF(clile_model_set_metadata(model, "protocol", on->protocol));
    return set_number(model, "fold", on->fold);
}

clile_status clile_i_model_note_import(clile_model *model, const char *path)
{
    const char *slash = strrchr(path, '/'),
               *before = clile_model_get_metadata(model, KEY_PHOTOGRAPHS);
    if (before == NULL ||
        strcmp(before, "never") == 0) /* we cannot know what those weights have seen */
        CLILE_I_RETURN_IF(clile_model_set_metadata(model, KEY_PHOTOGRAPHS, "unknown"));
    return clile_model_set_metadata(model, "imported", slash ? slash + 1 : path);
}

void clile_i_model_swap_metadata(clile_model *a, clile_model *b)
{
    clile_i_pair *const pairs = a->metadata;
    const int32_t count = a->metadata_count;
    a->metadata = b->metadata;
    a->metadata_count = b->metadata_count;
    b->metadata = pairs;
    b->metadata_count = count;
}

static const char *text_or_unknown(const clile_model *model, const char *key)
{
    const char *text = clile_model_get_metadata(model, key);
    return text != NULL ? text : "unknown";
}

static int64_t get_number(const clile_model *model, const char *key)
{
    const char *text = clile_model_get_metadata(model, key);
    int64_t value = 0;
    return text != NULL && clile_i_parse_i64(text, text + strlen(text), &value) && value > 0 ? value
                                                                                             : 0;
}

void clile_i_model_append_training(clile_i_text *text, const clile_model *model)
{
    static const char *const keys[] = {"alignment", "data_kind", KEY_PHOTOGRAPHS, "layout",
                                       "protocol",  "fold",      "imported"};
    static const char *const counts[] = {KEY_LANDMARKS, KEY_BOXES, KEY_CROPS};
    clile_i_text_append(text, ",\"trained_on\":{");
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; ++i) {
        clile_i_text_append(text, "%s\"%s\":", i ? "," : "", keys[i]);
        if (i + 1 == sizeof keys / sizeof keys[0] &&
            clile_model_get_metadata(model, keys[i]) == NULL)
            clile_i_text_append(text, "null"); /* nothing was imported */
        else
            clile_i_text_append_json(text, text_or_unknown(model, keys[i]));
    }
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; ++i)
        clile_i_text_append(text, ",\"%s\":%lld", counts[i],
                            (long long)get_number(model, counts[i]));
    clile_i_text_append(text, "}");
}

/* ---- does a face fit? ---- */

#define OF_POINTS "the model was trained on faces aligned by landmarks, but "
#define OF_BOXES "the model was trained on faces cropped by boxes, but "
#define OF_CROPS "the model was trained on images that were already crops of faces, but "
#define WHOLE "the whole image is used as such a crop: "

const char *clile_i_model_misfit(const clile_model *model, int32_t kind)
{
    /* [how most training images were placed][how the face is] */
    static const char *const texts[3][3] = {
        [CLILE_FACE_CROP] = {[CLILE_FACE_BOX] =
                                 OF_CROPS "this face is cropped by its box: give a crop like those",
                             [CLILE_FACE_POINTS] = OF_CROPS
                             "this face is aligned by its landmarks: give a crop like those"},
        [CLILE_FACE_BOX] = {[CLILE_FACE_CROP] = OF_BOXES WHOLE "give the box of the face",
                            [CLILE_FACE_POINTS] =
                                OF_BOXES "this face is aligned by its landmarks: give its box"},
        [CLILE_FACE_POINTS] = {[CLILE_FACE_CROP] = OF_POINTS WHOLE "give the landmarks of the face",
                               [CLILE_FACE_BOX] =
                                   OF_POINTS "this face is cropped by its box: give its landmarks"},
    };
    const int64_t images[3] = {[CLILE_FACE_CROP] = get_number(model, KEY_CROPS),
                               [CLILE_FACE_BOX] = get_number(model, KEY_BOXES),
                               [CLILE_FACE_POINTS] = get_number(model, KEY_LANDMARKS)};
    const int64_t all = images[0] + images[1] + images[2];
    int32_t most = 0;
    if (kind < 0 || kind > 2) return NULL;
    for (int32_t k = 1; k < 3; ++k)
        if (images[k] > images[most]) most = k;
    /* a tenth of the images is enough */
    return images[kind] >= all - images[kind] * 9 ? NULL : texts[most][kind];
}
