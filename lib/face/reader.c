/* The reader: find, place the points, align, predict. */
#include "face/face.h"
#include "model/model.h"

#include <clile/predictor.h>
#include <clile/reader.h>

struct clile_reader {
    clile_finder *finder;
    clile_predictor *predictor;
    clile_i_locator locator;
    int32_t by_box; /* 1: the model was trained on faces by their boxes */
    int64_t max_pixels;
    int64_t c, d;
    int64_t count, capacity;
    clile_found_face *faces; /* [capacity], as the next four */
    clile_face *asked;       /* the same, as the predictor takes them */
    float *probability;      /* [capacity,c] */
    int8_t *present;
    float *embedding; /* [capacity,d] */
};

clile_status clile_reader_create(const clile_model *model, clile_finder *finder,
                                 const clile_options *options, clile_reader **out)
{
    clile_status status = CLILE_OK;
    clile_reader *r = NULL;
    CLILE_I_CHECK_NOT_NULL(out);
    *out = NULL;
    CLILE_I_CHECK_NOT_NULL(model);
    CLILE_I_ALLOC(r, 1);
    CLILE_I_TRY(clile_options_get_i64(options, CLILE_OPT_MAX_PIXELS, &r->max_pixels));
    CLILE_I_TRY(clile_predictor_create(model, options, &r->predictor));
    r->by_box = clile_predictor_get_misfit(r->predictor, CLILE_FACE_POINTS) != NULL &&
                clile_predictor_get_misfit(r->predictor, CLILE_FACE_BOX) == NULL;
    CLILE_I_TRY(clile_i_locator_create_by_options(options, &r->locator));
    r->c = clile_model_au_count(model);
    r->d = clile_model_embedding_size(model);
    if (finder == NULL) {
        CLILE_I_TRY(clile_finder_create_default(options, &r->finder));
    } else {
        clile_i_finder_retain(finder);
        r->finder = finder;
    }
    *out = r;
    r = NULL;
cleanup:
    clile_reader_destroy(r);
    return status;
}

static void free_answers(clile_reader *r)
{
    clile_i_free(r->faces);
    clile_i_free(r->asked);
    clile_i_free(r->probability);
    clile_i_free(r->present);
    clile_i_free(r->embedding);
    r->faces = NULL;
    r->asked = NULL;
    r->probability = r->embedding = NULL;
    r->present = NULL;
    r->capacity = 0;
}

void clile_reader_destroy(clile_reader *reader)
{
    if (reader == NULL) return;
    free_answers(reader);
    clile_predictor_destroy(reader->predictor);
    clile_i_locator_free(&reader->locator);
    clile_finder_destroy(reader->finder);
    clile_i_free(reader);
}

clile_status clile_reader_create_default(const clile_options *options, clile_reader **out)
{
    clile_model *model = NULL;
    CLILE_I_CHECK_NOT_NULL(out);
    *out = NULL;
    CLILE_I_RETURN_IF(clile_model_load_default(options, &model));
    const clile_status status = clile_reader_create(model, NULL, options, out);
    clile_model_destroy(model);
    return status;
}

clile_status clile_reader_set_points_model(clile_reader *reader, const clile_model *model,
                                           const clile_options *options)
{
    clile_i_locator locator = {0};
    CLILE_I_CHECK_NOT_NULL(reader);
    if (model != NULL) CLILE_I_RETURN_IF(clile_i_locator_create(model, options, &locator));
    clile_i_locator_free(&reader->locator);
    reader->locator = locator;
    return CLILE_OK;
}

const clile_model *clile_reader_get_model(const clile_reader *reader)
{
    return reader == NULL ? NULL : clile_predictor_get_model(reader->predictor);
}

static clile_status make_room(clile_reader *r, int64_t count)
{
    clile_status status = CLILE_OK;
    if (count <= r->capacity) return CLILE_OK;
    free_answers(r);
    CLILE_I_ALLOC(r->faces, count);
    CLILE_I_ALLOC(r->asked, count);
    CLILE_I_ALLOC(r->probability, count * r->c);
    CLILE_I_ALLOC(r->present, count * r->c);
    CLILE_I_ALLOC(r->embedding, count * r->d);
    r->capacity = count;
cleanup:
    if (status != CLILE_OK) free_answers(r);
    return status;
}

clile_status clile_i_reader_place(const clile_reader *reader, const clile_image *image,
                                  clile_found_face *face, int32_t *is_face)
{
    return clile_i_points_place(&reader->locator, image, face, is_face);
}

/* Keeps those in which the points see a face, too: r->faces, r->count. Two boxes that the points
 * move to one face are one. */
static clile_status gather(clile_reader *r, const clile_image *image, int64_t found)
{
    for (int64_t k = 0; k < found; ++k) {
        clile_found_face *face = &r->faces[r->count];
        int32_t is_face = 1;
        face->struct_size = sizeof *face;
        CLILE_I_RETURN_IF(clile_finder_get(r->finder, k, face));
        if (face->points == 0) CLILE_I_RETURN_IF(clile_i_reader_place(r, image, face, &is_face));
        r->count += is_face;
    }
    clile_i_found_settle(r->faces, &r->count);
    return CLILE_OK;
}

static clile_status answer(clile_reader *r, const clile_image *image)
{
    for (int64_t k = 0; k < r->count; ++k) {
        const clile_found_face *found = &r->faces[k];
        clile_face *face = &r->asked[k];
        *face = (clile_face){.struct_size = sizeof *face,
                             .kind = found->points > 0 && !r->by_box ? CLILE_FACE_POINTS
                                                                     : CLILE_FACE_BOX,
                             .image = image,
                             .points = found->points,
                             .xy = found->xy};
        memcpy(face->box, found->box, sizeof face->box);
    }
    return clile_predictor_run_faces(r->predictor, r->count, r->asked, r->probability, r->present,
                                     r->embedding);
}

clile_status clile_i_reader_find(clile_reader *reader, const clile_image *image,
                                 const clile_found_face **faces, int64_t *count)
{
    int64_t found = 0;
    reader->count = 0;
    CLILE_I_RETURN_IF(clile_finder_find(reader->finder, image, &found));
    CLILE_I_RETURN_IF(make_room(reader, found));
    CLILE_I_RETURN_IF(gather(reader, image, found));
    *faces = reader->faces;
    *count = reader->count;
    return CLILE_OK;
}

clile_status clile_i_reader_answer(clile_reader *reader, const clile_image *image, int64_t count,
                                   const clile_found_face *faces)
{
    reader->count = 0;
    CLILE_I_RETURN_IF(make_room(reader, count));
    if (count > 0) memcpy(reader->faces, faces, (size_t)count * sizeof *faces);
    reader->count = count;
    return count > 0 ? answer(reader, image) : CLILE_OK;
}

clile_status clile_reader_read_image(clile_reader *reader, const clile_image *image, int64_t *count)
{
    clile_status status = CLILE_OK;
    const clile_found_face *faces = NULL;
    int64_t found = 0;
    CLILE_I_CHECK_NOT_NULL(reader);
    CLILE_I_CHECK_NOT_NULL(image);
    CLILE_I_CHECK_NOT_NULL(count);
    CLILE_I_TRY(clile_i_reader_find(reader, image, &faces, &found));
    if (found > 0) CLILE_I_TRY(answer(reader, image));
    *count = found;
cleanup:
    if (status != CLILE_OK) reader->count = 0;
    return status;
}

clile_status clile_reader_read(clile_reader *reader, const char *path, int64_t *count)
{
    clile_i_image pixels = {0};
    CLILE_I_CHECK_NOT_NULL(reader);
    CLILE_I_CHECK_NOT_NULL(path);
    CLILE_I_CHECK_NOT_NULL(count);
    reader->count = 0;
    CLILE_I_RETURN_IF(clile_i_image_read(path, reader->max_pixels, &pixels));
    const clile_image image = {sizeof image, CLILE_PIXELS_RGB,  pixels.h,
                               pixels.w,     pixels.row_stride, pixels.rgb};
    const clile_status status = clile_reader_read_image(reader, &image, count);
    clile_i_image_free(&pixels);
    return status == CLILE_OK ? status : clile_i_fail_context(status, "%s", path);
}

clile_status clile_reader_get(const clile_reader *reader, int64_t index, clile_found_face *face,
                              float *probability, int8_t *present, float *embedding)
{
    CLILE_I_CHECK_NOT_NULL(reader);
    if (index < 0 || index >= reader->count)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "clile_reader_get: index is %lld, but %lld faces were found",
                            (long long)index, (long long)reader->count);
    if (face != NULL) CLILE_I_RETURN_IF(clile_i_found_copy(&reader->faces[index], face, __func__));
    const size_t c = (size_t)reader->c, d = (size_t)reader->d, at = (size_t)index;
    if (probability != NULL)
        memcpy(probability, reader->probability + at * c, c * sizeof *probability);
    if (present != NULL) memcpy(present, reader->present + at * c, c * sizeof *present);
    if (embedding != NULL) memcpy(embedding, reader->embedding + at * d, d * sizeof *embedding);
    return CLILE_OK;
}
