/* The predictor: a snapshot of its model, the compiled encoder, and the buffers of one batch. */
#include "dnn/dnn.h"
#include "model/engine.h"

#include <string.h>

/* With predict_batch 0, a call with at least MANY faces runs an int8 encoder on LARGE faces at
 * once. On two threads that takes half the time of one face at a time, and gives the same bits
 * because sums of integers are exact. Float32 runs one face at a time: the last bits of its sums
 * depend on the batch, and a face's answer must not depend on the number of faces in the call. */
enum { MANY = 4, LARGE = 8 };

struct clile_predictor {
    clile_i_log log;
    int32_t told;       /* the team size in the last log entry */
    clile_model *model; /* a snapshot, not shared with other predictors */
    int32_t threads;
    double box_margin;
    int32_t mirror;    /* 1: the mean of a crop and its mirror image */
    double crop_scale; /* side of a crop that landmarks place, as a share of training's */
    uint8_t bf16;      /* the encoder runs in bf16 */
    int32_t has_large;
    clile_i_engine first, large; /* large: created on first use */
    float *embedding;            /* [batch,d] of the larger engine */
    float *mirrored;             /* likewise, of the mirror images; NULL without */
    float *score;                /* [batch,c] */
    /* [batch] from crop to image of the faces of the batch */
    clile_i_affine *place;
    float *mirrored_xy; /* [batch,p,2] points of the mirror images; NULL without */
};

static clile_i_team enter(clile_predictor *p)
{
    const clile_i_team before = clile_i_team_enter(p->threads);
    clile_i_log_team(p->log, p->threads, before, &p->told);
    return before;
}

static clile_status make_engine(clile_predictor *p, int32_t batch, clile_i_engine *out)
{
    const clile_i_team before = enter(p);
    const clile_status status = clile_i_engine_create(p->model, batch, p->bf16, out);
    clile_i_team_start(); /* whatever oneDNN has compiled, runs in this thread allocate nothing */
    clile_i_team_leave(before);
    if (status != CLILE_OK) return status;
    clile_i_log_write(p->log, CLILE_LOG_DEBUG,
                      "%s predictor compiled for %d faces at once on %d threads, %d a run",
                      p->model->quant != NULL ? "int8"
                      : p->bf16               ? "bf16"
                                              : "float32",
                      (int)batch, (int)before.given, (int)out->each);
    return CLILE_OK;
}

/* The option, or the value in the model's file. */
static clile_status read_mirror(const clile_model *model, const clile_options *options,
                                int32_t *out)
{
    const char *said = clile_model_get_metadata(model, "mirror"), *asked = NULL;
    CLILE_I_RETURN_IF(clile_options_get_str(options, CLILE_OPT_MIRROR, &asked));
    if (strcmp(asked, "auto") == 0) asked = said != NULL ? said : "0";
    *out = strcmp(asked, "1") == 0;
    return CLILE_OK;
}

/* The option if it was set, or the value in the model's file. */
static clile_status read_crop_scale(const clile_model *model, const clile_options *options,
                                    double *out)
{
    const char *said = clile_model_get_metadata(model, "crop_scale");
    CLILE_I_RETURN_IF(clile_options_get_f64(options, CLILE_OPT_CROP_SCALE, out));
    if (said == NULL || clile_options_is_set(options, CLILE_OPT_CROP_SCALE)) return CLILE_OK;
    if (!clile_i_parse_f64(said, said + strlen(said), out) || !(*out >= 0.5 && *out <= 2.0))
        return clile_i_fail(CLILE_E_CORRUPT,
                            "clile_predictor_create: the model's metadata \"crop_scale\" is "
                            "\"%.32s\", expected a number from 0.5 to 2",
                            said);
    return CLILE_OK;
}

static clile_status read_precision(const clile_model *model, const clile_options *options,
                                   uint8_t *bf16)
{
    CLILE_I_RETURN_IF(clile_i_model_read_precision(options, bf16));
    if (*bf16 && model->quant != NULL)
        return clile_i_fail(CLILE_E_UNSUPPORTED,
                            "clile_predictor_create: precision=bf16: expected a float32 model, "
                            "found an int8 one, which runs in int8");
    return CLILE_OK;
}

clile_status clile_predictor_create(const clile_model *model, const clile_options *options,
                                    clile_predictor **out)
{
    clile_status status = CLILE_OK;
    clile_predictor *p = NULL;
    int64_t batch, threads;
    double margin;
    CLILE_I_CHECK_NOT_NULL(out);
    *out = NULL;
    CLILE_I_CHECK_NOT_NULL(model);
    if (model->busy)
        return clile_i_fail(
            CLILE_E_STATE,
            "clile_predictor_create: the model is being trained; finish stage 2 first");
    if (!model->trained)
        return clile_i_fail(CLILE_E_STATE,
                            "clile_predictor_create: the model has not been trained");
    CLILE_I_RETURN_IF(clile_options_get_i64(options, CLILE_OPT_PREDICT_BATCH, &batch));
    CLILE_I_RETURN_IF(clile_options_get_i64(options, CLILE_OPT_THREADS, &threads));
    CLILE_I_RETURN_IF(clile_options_get_f64(options, CLILE_OPT_BOX_MARGIN, &margin));

    CLILE_I_ALLOC(p, 1);
    p->has_large = batch == 0 && model->quant != NULL;
    if (batch == 0) batch = 1;
    const int64_t most = p->has_large ? LARGE : batch;
    p->log = clile_i_options_log(options);
    p->threads = (int32_t)threads;
    p->box_margin = margin;
    CLILE_I_TRY(read_mirror(model, options, &p->mirror));
    CLILE_I_TRY(read_crop_scale(model, options, &p->crop_scale));
    CLILE_I_TRY(read_precision(model, options, &p->bf16));
    CLILE_I_TRY(clile_i_model_snapshot(model, &p->model));
    CLILE_I_ALLOC(p->embedding, most * model->d);
    if (p->mirror) CLILE_I_ALLOC(p->mirrored, most * model->d);
    CLILE_I_ALLOC(p->score, most * model->c);
    CLILE_I_ALLOC(p->place, most);
    if (p->mirror && model->points.mirror != NULL)
        CLILE_I_ALLOC(p->mirrored_xy, 2 * most * model->points.p);
    CLILE_I_TRY(make_engine(p, (int32_t)batch, &p->first));
    if (model->quant != NULL && !clile_i_qconv_is_exact())
        clile_i_log_write(
            p->log, CLILE_LOG_INFO,
            "int8: this processor cannot add 8-bit products exactly; using 7-bit activations");
    *out = p;
    p = NULL;
cleanup:
    clile_predictor_destroy(p);
    return status;
}

void clile_predictor_destroy(clile_predictor *predictor)
{
    if (predictor == NULL) return;
    clile_i_engine_free(&predictor->first);
    clile_i_engine_free(&predictor->large);
    clile_i_free(predictor->embedding);
    clile_i_free(predictor->mirrored);
    clile_i_free(predictor->score);
    clile_i_free(predictor->place);
    clile_i_free(predictor->mirrored_xy);
    clile_model_destroy(predictor->model);
    clile_i_free(predictor);
}

const char *clile_predictor_get_misfit(const clile_predictor *predictor, int32_t kind)
{
    return predictor == NULL ? NULL : clile_i_model_misfit(predictor->model, kind);
}

const clile_model *clile_predictor_get_model(const clile_predictor *predictor)
{
    return predictor == NULL ? NULL : predictor->model;
}

clile_i_predictor_view clile_i_predictor_look(const clile_predictor *predictor)
{
    return (clile_i_predictor_view){predictor->model, predictor->log, predictor->threads,
                                    predictor->has_large ? LARGE : predictor->first.batch};
}

/* ---- one batch ---- */

/* Chooses the engine for the next of `left` faces. */
static clile_status choose_engine(clile_predictor *p, int64_t left, clile_i_engine **out)
{
    *out = &p->first;
    if (!p->has_large || left < MANY) return CLILE_OK;
    if (p->large.batch == 0) CLILE_I_RETURN_IF(make_engine(p, LARGE, &p->large));
    *out = &p->large;
    return CLILE_OK;
}

/* A face: its image, its crop and, if the model reads them, its points in sides of the crop. */
typedef struct {
    clile_i_image image;
    clile_i_affine crop_to_src;
    float five[2 * CLILE_I_FIVE];
} placed_face;

/* Gets face `index`. */
typedef clile_status (*face_source)(const clile_predictor *p, const void *context, int64_t index,
                                    placed_face *out);

/* Puts the canonical crop of a face, and its points, into slot `slot` of a lane. */
static clile_status load_slot(const clile_predictor *p, clile_i_lane *lane, int32_t slot,
                              const placed_face *face)
{
    const int64_t size = p->model->size;
    const uint8_t *rgb;
    int64_t row_stride;
    CLILE_I_RETURN_IF(
        clile_i_cropper_cut(&lane->cropper, &face->image, &face->crop_to_src, &rgb, &row_stride));
    if (lane->qexec)
        clile_i_qexec_set_image(lane->qexec, slot, rgb, row_stride);
    else
        clile_i_pixels_to_input(rgb, row_stride, p->model->size,
                                clile_i_exec_input(lane->exec) + slot * 3 * size * size);
    if (clile_i_model_reads_points(p->model))
        memcpy(clile_i_exec_points(lane->exec) + (int64_t)slot * 2 * CLILE_I_FIVE, face->five,
               sizeof face->five);
    return CLILE_OK;
}

typedef struct {
    face_source source;
    const void *context;
} faces_of_call;

/* The same crop, mirrored. */
static void mirror_face(placed_face *face, int32_t size)
{
    clile_i_affine *m = &face->crop_to_src;
    m->c += m->a * size;
    m->f += m->d * size;
    m->a = -m->a;
    m->d = -m->d;
    for (int k = 0; k < CLILE_I_FIVE; ++k) face->five[2 * k] = 1.0f - face->five[2 * k];
    clile_i_method_swap_sides(face->five);
}

typedef struct {
    clile_predictor *p;
    const faces_of_call *faces;
    int64_t first; /* of the batch, in the call */
    int mirrored;  /* their mirror images */
} batch_of_faces;

static clile_status load(void *context, clile_i_lane *lane, int64_t first, int64_t count)
{
    const batch_of_faces *b = context;
    clile_predictor *p = b->p;
    for (int64_t k = 0; k < count; ++k) {
        placed_face face = {0};
        CLILE_I_RETURN_IF(b->faces->source(p, b->faces->context, b->first + first + k, &face));
        if (b->mirrored)
            mirror_face(&face, p->model->size);
        else
            p->place[first + k] = face.crop_to_src;
        CLILE_I_RETURN_IF(load_slot(p, lane, (int32_t)k, &face));
    }
    return CLILE_OK;
}

static clile_status embed(clile_predictor *p, clile_i_engine *e, const faces_of_call *faces,
                          int64_t first, int64_t count, int mirrored, float *embedding)
{
    const clile_i_team before = enter(p);
    batch_of_faces batch = {p, faces, first, mirrored};
    const clile_status status = clile_i_engine_run(e, count, p->model->d, load, &batch, embedding);
    clile_i_team_leave(before);
    return status;
}

/* Points of the batch in sides of the crop. Where partners are known, they are averaged with the
 * points of the mirror image, mirrored back. */
static void find_points(const clile_predictor *p, int64_t n, float *xy)
{
    const clile_i_points *points = &p->model->points;
    const int32_t count = points->p;
    clile_i_points_apply(points, n, p->model->d, p->embedding, xy);
    if (p->mirrored_xy == NULL) return;
    clile_i_points_apply(points, n, p->model->d, p->mirrored, p->mirrored_xy);
    for (int64_t i = 0; i < n; ++i)
        for (int32_t k = 0; k < count; ++k) {
            const float *other = p->mirrored_xy + 2 * (i * count + points->mirror[k]);
            float *own = xy + 2 * (i * count + k);
            own[0] = 0.5f * (own[0] + 1.0f - other[0]);
            own[1] = 0.5f * (own[1] + other[1]);
        }
}

/* Embeddings and scores of `count` faces from `first` on, and points unless xy is NULL. */
static clile_status run_batch(clile_predictor *p, clile_i_engine *e, const faces_of_call *faces,
                              int64_t first, int64_t n, float *xy)
{
    CLILE_I_RETURN_IF(embed(p, e, faces, first, n, 0, p->embedding));
    if (p->mirror) CLILE_I_RETURN_IF(embed(p, e, faces, first, n, 1, p->mirrored));
    if (xy) find_points(p, n, xy);
    for (int64_t i = 0; p->mirror && i < n * p->model->d; ++i)
        p->embedding[i] = 0.5f * (p->embedding[i] + p->mirrored[i]);
    clile_i_model_score(p->model, n, p->embedding, p->score);
    for (int64_t i = 0; i < n * p->model->c; ++i)
        if (!clile_i_is_finite(p->score[i]))
            return clile_i_fail(CLILE_E_NOT_FINITE, "prediction: a score is not finite");
    return CLILE_OK;
}

/* From sides of the crop to pixels of each face's image. */
static clile_status place_points(const clile_predictor *p, int64_t n, float *xy)
{
    const int64_t count = p->model->points.p;
    const double side = p->model->size;
    for (int64_t i = 0; i < n * count; ++i) {
        const clile_i_affine *m = &p->place[i / count];
        const double u = side * (double)xy[2 * i], v = side * (double)xy[2 * i + 1];
        xy[2 * i] = (float)(m->a * u + m->b * v + m->c);
        xy[2 * i + 1] = (float)(m->d * u + m->e * v + m->f);
        if (!clile_i_is_finite((double)xy[2 * i]) || !clile_i_is_finite((double)xy[2 * i + 1]))
            return clile_i_fail(CLILE_E_NOT_FINITE, "prediction: a point is not finite");
    }
    return CLILE_OK;
}

static void deliver(const clile_predictor *p, int64_t first, int64_t n, const clile_i_outputs *out)
{
    const int64_t c = p->model->c, d = p->model->d;
    if (out->probability || out->present)
        clile_i_model_decide(p->model, n, p->score,
                             out->probability ? out->probability + first * c : NULL,
                             out->present ? out->present + first * c : NULL);
    if (out->intensity) clile_i_levels_apply(p->model, n, p->score, out->intensity + first * c);
    if (out->score) memcpy(out->score + first * c, p->score, (size_t)(n * c) * sizeof(float));
    if (out->embedding)
        memcpy(out->embedding + first * d, p->embedding, (size_t)(n * d) * sizeof(float));
}

static clile_status run_all(clile_predictor *p, int64_t n, face_source source, const void *context,
                            const clile_i_outputs *out)
{
    const faces_of_call faces = {source, context};
    for (int64_t first = 0, count; first < n; first += count) {
        clile_i_engine *e;
        CLILE_I_RETURN_IF(choose_engine(p, n - first, &e));
        count = n - first < e->batch ? n - first : e->batch;
        float *xy = out->xy ? out->xy + 2 * first * p->model->points.p : NULL;
        CLILE_I_RETURN_IF(run_batch(p, e, &faces, first, count, xy));
        deliver(p, first, count, out);
        if (xy) CLILE_I_RETURN_IF(place_points(p, count, xy));
    }
    return CLILE_OK;
}

/* ---- faces ---- */

/* From pixels of the image to sides of the crop. */
static void place_five(const clile_i_affine *m, int32_t points, const double *xy, double side,
                       float *out)
{
    double five[2 * CLILE_I_FIVE];
    const double scale = side * (m->a * m->e - m->b * m->d);
    clile_i_align_reduce(points, xy, five);
    for (int k = 0; k < CLILE_I_FIVE; ++k) {
        const double x = five[2 * k] - m->c, y = five[2 * k + 1] - m->f;
        out[2 * k] = (float)((m->e * x - m->b * y) / scale);
        out[2 * k + 1] = (float)((m->a * y - m->d * x) / scale);
    }
}

static clile_status place_face(const clile_predictor *p, const clile_face *face, placed_face *to)
{
    double xy[2 * 68];
    clile_i_image *image = &to->image;
    clile_i_affine *out = &to->crop_to_src;
    CLILE_I_RETURN_IF(clile_i_image_borrow(face->image, image));
    if (clile_i_model_reads_points(p->model) && face->kind != CLILE_FACE_POINTS)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "method=%s reads the points of a face: kind is %d, expected "
                            "CLILE_FACE_POINTS (%d)",
                            p->model->method->name, (int)face->kind, (int)CLILE_FACE_POINTS);
    switch (face->kind) {
        case CLILE_FACE_CROP:
            clile_i_align_whole(image->h, image->w, p->model->size, out);
            return CLILE_OK;
        case CLILE_FACE_BOX:
            for (int k = 0; k < 4; ++k) xy[k] = (double)face->box[k];
            return clile_i_align_box(xy, p->box_margin, image->h, image->w, p->model->size, out);
        case CLILE_FACE_POINTS:
            if (face->xy == NULL) return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "xy is NULL");
            if (face->points != 5 && face->points != 68)
                return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%d landmarks, expected 5 or 68",
                                    (int)face->points);
            for (int32_t i = 0; i < 2 * face->points; ++i) xy[i] = (double)face->xy[i];
            CLILE_I_RETURN_IF(
                clile_i_align_landmarks(face->points, xy, image->h, image->w, p->model->size, out));
            clile_i_align_scale(p->crop_scale, p->model->size, out);
            place_five(out, face->points, xy, p->model->size, to->five);
            return CLILE_OK;
        default:
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                "kind is %d, expected CLILE_FACE_CROP (0) to %d", (int)face->kind,
                                (int)CLILE_FACE_POINTS);
    }
}

/* Faces are struct_size bytes apart: the size in the caller's header. */
static clile_status read_face(const clile_predictor *p, const void *faces, int64_t index,
                              placed_face *out)
{
    clile_face face;
    const uint32_t size = ((const clile_face *)faces)->struct_size;
    const uint8_t *theirs = (const uint8_t *)faces + index * (int64_t)size;
    CLILE_I_RETURN_IF(clile_i_struct_check("face", faces, CLILE_I_STRUCT_LEAST(clile_face, xy)));
    if (size % _Alignof(clile_face) != 0 || memcmp(theirs, &size, sizeof size) != 0)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "face: struct_size is %u, but %u in the first face; expected the same "
                            "for all, a multiple of %zu",
                            (unsigned)((const clile_face *)(const void *)theirs)->struct_size,
                            (unsigned)size, _Alignof(clile_face));
    clile_i_struct_get(&face, sizeof face, theirs);
    return place_face(p, &face, out);
}

static clile_status check_and_run_faces(clile_predictor *predictor, const char *function, int64_t n,
                                        const clile_face *faces, const clile_i_outputs *out)
{
    if (n < 0)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: n is %lld, expected 0 or more faces",
                            function, (long long)n);
    if (n == 0) return CLILE_OK;
    if (faces == NULL) return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: faces is NULL", function);
    for (int64_t i = 0; i < n; ++i) { /* report a bad face before writing any answer */
        placed_face face = {0};
        const clile_status status = read_face(predictor, faces, i, &face);
        if (status != CLILE_OK)
            return n == 1 ? status : clile_i_fail_context(status, "faces[%lld]", (long long)i);
    }
    return run_all(predictor, n, read_face, faces, out);
}

clile_status clile_predictor_run_faces(clile_predictor *predictor, int64_t n,
                                       const clile_face *faces, float *probability, int8_t *present,
                                       float *embedding)
{
    const clile_i_outputs out = {
        .probability = probability, .embedding = embedding, .present = present};
    CLILE_I_CHECK_NOT_NULL(predictor);
    return check_and_run_faces(predictor, __func__, n, faces, &out);
}

clile_status clile_predictor_run_points(clile_predictor *predictor, int64_t n,
                                        const clile_face *faces, float *xy)
{
    const clile_i_outputs out = {.xy = xy};
    CLILE_I_CHECK_NOT_NULL(predictor);
    if (predictor->model->points.p == 0)
        return clile_i_fail(CLILE_E_UNSUPPORTED,
                            "%s: the model has no points; it keeps them when it is trained with "
                            "keep_points=1 on data with targets",
                            __func__);
    return check_and_run_faces(predictor, __func__, n, faces, &out);
}

/* ---- crops ---- */

/* n images of h x w pixels at rgb. */
typedef struct {
    int64_t n;
    const uint8_t *rgb;
    int32_t h, w;
    int64_t row_stride, image_stride; /* bytes */
    const float *five;                /* [n,5,2] in sides of the crop, or NULL */
} crops;

static clile_status read_crop(const clile_predictor *p, const void *context, int64_t index,
                              placed_face *out)
{
    const crops *in = context;
    out->image = (clile_i_image){
        in->h, in->w, in->row_stride, in->rgb + index * in->image_stride, NULL, CLILE_PIXELS_RGB};
    clile_i_align_whole(in->h, in->w, p->model->size, &out->crop_to_src);
    if (in->five != NULL) memcpy(out->five, in->five + 2 * CLILE_I_FIVE * index, sizeof out->five);
    return CLILE_OK;
}

static clile_status check_photo(const char *function, const uint8_t *rgb, int32_t h, int32_t w,
                                int64_t row_stride)
{
    if (rgb == NULL) return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: rgb is NULL", function);
    if (h < 1 || w < 1 || h > 65535 || w > 65535)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "%s: image of %d x %d pixels, expected sides from 1 to 65535", function,
                            (int)h, (int)w);
    if (row_stride != 0 && row_stride < (int64_t)w * 3)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "%s: row_stride is %lld bytes, expected 0 or at least %lld", function,
                            (long long)row_stride, (long long)w * 3);
    return CLILE_OK;
}

/* A stride of 0 means tightly packed. */
static clile_status check_and_run_crops(clile_predictor *p, const char *function, const crops *in,
                                        const clile_i_outputs *out)
{
    crops packed = *in;
    if (p == NULL) return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: predictor is NULL", function);
    if (in->n < 0)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: n is %lld, expected 0 or more images",
                            function, (long long)in->n);
    if (in->n == 0) return CLILE_OK;
    if (clile_i_model_reads_points(p->model) && in->five == NULL)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "%s: method=%s reads the points of a face, which crops do not have: "
                            "use clile_predictor_run_faces with CLILE_FACE_POINTS, or a reader",
                            function, p->model->method->name);
    CLILE_I_RETURN_IF(check_photo(function, in->rgb, in->h, in->w, in->row_stride));
    if (packed.row_stride == 0) packed.row_stride = (int64_t)in->w * 3;
    if (packed.row_stride > INT64_MAX / in->h)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "%s: row_stride is %lld bytes, more than the address space", function,
                            (long long)packed.row_stride);
    const int64_t least = (in->h - 1) * packed.row_stride + (int64_t)in->w * 3;
    if (packed.image_stride == 0) packed.image_stride = in->h * packed.row_stride;
    if (packed.image_stride < least || packed.image_stride > INT64_MAX / in->n)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "%s: image_stride is %lld bytes, expected 0 or at least %lld", function,
                            (long long)packed.image_stride, (long long)least);
    return run_all(p, in->n, read_crop, &packed, out);
}

clile_status clile_i_predictor_run(clile_predictor *predictor, int64_t n, const uint8_t *rgb,
                                   const float *five, const clile_i_outputs *out)
{
    const int32_t size = predictor->model->size;
    return check_and_run_crops(predictor, __func__, &(crops){n, rgb, size, size, 0, 0, five}, out);
}

clile_status clile_predictor_run(clile_predictor *predictor, int64_t n, const uint8_t *rgb,
                                 int32_t h, int32_t w, float *probability, int8_t *present,
                                 float *embedding)
{
    const clile_i_outputs out = {
        .probability = probability, .embedding = embedding, .present = present};
    return check_and_run_crops(predictor, __func__, &(crops){n, rgb, h, w, 0, 0, NULL}, &out);
}

clile_status clile_predictor_run_strided(clile_predictor *predictor, int64_t n, const uint8_t *rgb,
                                         int32_t h, int32_t w, int64_t row_stride,
                                         int64_t image_stride, float *probability, int8_t *present,
                                         float *embedding)
{
    const clile_i_outputs out = {
        .probability = probability, .embedding = embedding, .present = present};
    return check_and_run_crops(predictor, __func__,
                               &(crops){n, rgb, h, w, row_stride, image_stride, NULL}, &out);
}

clile_status clile_predictor_run_scores(clile_predictor *predictor, int64_t n, const uint8_t *rgb,
                                        int32_t h, int32_t w, float *score, int8_t *present,
                                        float *embedding)
{
    const clile_i_outputs out = {.score = score, .embedding = embedding, .present = present};
    return check_and_run_crops(predictor, __func__, &(crops){n, rgb, h, w, 0, 0, NULL}, &out);
}
