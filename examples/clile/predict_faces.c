/* The faces of one image of `clile predict`: found, given, or the whole image, and their rows. */
#include "prediction.h"

#include <math.h>
#include <string.h>

static double frame_time(const prediction *p)
{
    return p->fps > 0.0 ? (double)(p->frame - 1) / p->fps : (double)NAN;
}

void print_failure(prediction *p, const char *image, int64_t face_number, const char *what)
{
    const answer row = {.frame = p->frame,
                        .time = frame_time(p),
                        .image = image,
                        .face = face_number,
                        .score = (float)NAN,
                        .message = what};
    answers_print(&p->out, &row);
}

void print_failed_call(prediction *p, const char *image, int64_t face_number, int named)
{
    char message[MESSAGE_SIZE];
    if (named)
        snprintf(message, sizeof message, "%s", clile_last_error());
    else if (image)
        snprintf(message, sizeof message, "%s: %s", image, clile_last_error());
    else
        snprintf(message, sizeof message, "frame %lld: %s", (long long)p->frame,
                 clile_last_error());
    print_failure(p, image, face_number, message);
}

void warn_of_misfit(prediction *p, const char *misfit, int32_t kind)
{
    if (misfit == NULL || p->warned) return;
    p->misfits[kind] = 1;
    if (!ranks_is_first()) return;
    fprintf(stderr, "clile: warning: %s: %s%s%s\n", p->model, misfit,
            kind == CLILE_FACE_CROP
                ? " (--faces CSV, --box), or say that it is a crop of one (--crop)"
                : "",
            p->finder_missing ? "; no finder is installed to find faces" : "");
    p->warned = 1;
}

/* The box of a face, or around its points, or the whole image, which is then a crop of one. */
static void place_of(const face *f, int32_t h, int32_t w, float *place)
{
    const float whole[4] = {0.0f, 0.0f, (float)w, (float)h};
    memcpy(place, f->has_box ? f->box : whole, sizeof whole);
    for (int32_t i = 0; i < f->points && !f->has_box; ++i)
        for (int axis = 0; axis < 2; ++axis) {
            const float at = f->xy[2 * i + axis], low = i == 0 ? at : fminf(place[axis], at),
                        high = i == 0 ? at : fmaxf(place[axis] + place[2 + axis], at);
            place[axis] = low;
            place[2 + axis] = high - low;
        }
}

static void print_answer(prediction *p, const char *image, int64_t number, const face *f,
                         const float *place, float score, const float *probability,
                         const int8_t *present)
{
    const size_t c = (size_t)p->out.c;
    float intensity[MAX_AUS];
    const answer row = {.frame = p->frame,
                        .time = frame_time(p),
                        .image = image,
                        .face = number,
                        .success = 1,
                        .probability = probability,
                        .present = present,
                        .intensity = answers_intensity(&p->out, intensity),
                        .box = p->reader != NULL ? f->box : NULL,
                        .points = p->reader != NULL ? f->points : 0,
                        .xy = f->xy,
                        .place = place,
                        .score = p->reader != NULL ? score : (float)NAN};
    answers_print(&p->out, &row);
    if (p->drawing && p->drawn < MAX_DRAWN) {
        drawn_face *d = &p->drawing[p->drawn++];
        d->number = (int)number;
        d->face = *f;
        memcpy(d->probability, probability, c * sizeof *probability);
        memcpy(d->present, present, c * sizeof *present);
    }
}

static void predict_face(prediction *p, const char *image, const uint8_t *rgb, int32_t h, int32_t w,
                         const face *f, int64_t number)
{
    float probability[MAX_AUS];
    int8_t present[MAX_AUS];
    clile_status status;
    const clile_image picture = {sizeof picture, CLILE_PIXELS_RGB, h, w, 0, rgb};
    clile_face place = {.struct_size = sizeof place, .kind = CLILE_FACE_CROP, .image = &picture};
    if (f->points) {
        place.kind = CLILE_FACE_POINTS;
        place.points = f->points;
        place.xy = f->xy;
    } else if (f->has_box) {
        place.kind = CLILE_FACE_BOX;
        memcpy(place.box, f->box, sizeof place.box);
    }
    if (!p->args->crop)
        warn_of_misfit(p, clile_predictor_get_misfit(p->predictor, place.kind), place.kind);
    status =
        clile_predictor_run_faces(p->predictor, 1, &place, probability, present, p->out.embedding);
    if (status != CLILE_OK) {
        print_failed_call(p, image, number, 0);
        return;
    }
    float whole[4];
    place_of(f, h, w, whole);
    print_answer(p, image, number, f, whole, (float)NAN, probability, present);
}

/* Predicts the faces that the finder finds. */
static void predict_each_found(prediction *p, const char *image, const uint8_t *rgb, int32_t h,
                               int32_t w)
{
    const clile_image picture = {sizeof picture, CLILE_PIXELS_RGB, h, w, 0, rgb};
    int64_t count = 0;
    if (clile_reader_read_image(p->reader, &picture, &count) != CLILE_OK) {
        print_failed_call(p, image, 1, 0);
        return;
    }
    for (int64_t k = 0; k < count; ++k) {
        clile_found_face found = {.struct_size = sizeof found};
        float probability[MAX_AUS];
        int8_t present[MAX_AUS];
        if (clile_reader_get(p->reader, k, &found, probability, present, p->out.embedding) !=
            CLILE_OK) {
            print_failed_call(p, image, k + 1, 0);
            continue;
        }
        if (found.points == 0) warn_of_misfit(p, p->box_misfit, CLILE_FACE_BOX);
        face f = {.has_box = 1, .points = found.points};
        memcpy(f.box, found.box, sizeof f.box);
        memcpy(f.xy, found.xy, sizeof f.xy);
        print_answer(p, image, k + 1, &f, found.box, found.score, probability, present);
    }
    if (count > 0) return;
    char message[MESSAGE_SIZE];
    int64_t smallest = 0;
    const int32_t sought = (h > w ? h : w) / 16; /* without smallest_face: docs/photo.md */
    if (clile_options_get_i64(p->options, CLILE_OPT_SMALLEST_FACE, &smallest) == CLILE_OK &&
        image && smallest == 0 && sought > 40 && h > sought && w > sought)
        snprintf(message, sizeof message,
                 "%s: no face of %d pixels or more was found; for smaller ones give --set "
                 "smallest_face=N, for the crop of a face --crop",
                 image, (int)sought);
    else if (image)
        snprintf(message, sizeof message,
                 "%s: no face was found; if the image is the crop of a face, give --crop", image);
    else
        snprintf(message, sizeof message, "frame %lld: no face was found", (long long)p->frame);
    print_failure(p, image, 1, message);
}

static void predict_places(prediction *p, const char *image, const uint8_t *rgb, int32_t h,
                           int32_t w)
{
    char message[MESSAGE_SIZE];
    face f = {0};
    int64_t count = 0;
    if (p->reader != NULL) {
        predict_each_found(p, image, rgb, h, w);
        return;
    }
    for (int i = 0; i < p->args->boxes.count; ++i)
        predict_face(p, image, rgb, h, w, &p->boxes[i], i + 1);
    if (p->args->boxes.count > 0) return;
    if (p->faces == NULL) {
        predict_face(p, image, rgb, h, w, &f, 1);
        return;
    }
    if (clile_face_file_find(p->faces, image, p->frame, &count) != CLILE_OK) {
        print_failure(p, image, 1, clile_last_error());
        return;
    }
    for (int64_t k = 0; k < count; ++k) {
        if (clile_face_file_get(p->faces, k, &f.has_box, f.box, &f.points, f.xy) == CLILE_OK)
            predict_face(p, image, rgb, h, w, &f, k + 1);
        else
            print_failure(p, image, k + 1, clile_last_error());
    }
    if (count > 0) return;
    if (image)
        snprintf(message, sizeof message, "%s has no row for %s", p->args->faces, image);
    else
        snprintf(message, sizeof message, "%s has no row for frame %lld", p->args->faces,
                 (long long)p->frame);
    print_failure(p, image, 1, message);
}

void predict_pixels(prediction *p, const char *image, const uint8_t *rgb, int32_t h, int32_t w)
{
    const clile_image picture = {sizeof picture, CLILE_PIXELS_RGB, h, w, 0, rgb};
    p->out.picture = &picture;
    predict_places(p, image, rgb, h, w);
    p->out.picture = NULL;
}
