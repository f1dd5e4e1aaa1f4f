/* A run of `clile predict` on images: predict.c finds them, predict_faces.c answers for each. */
#ifndef PREDICTION_H
#define PREDICTION_H

#include "points.h"
#include "predict_args.h"

enum { MAX_DRAWN = 16 }; /* faces of an image */

typedef struct {
    const predict_args *args;
    const arg_spec *spec;
    const char *model; /* its file */
    clile_options *options;
    clile_predictor *predictor; /* NULL if there is a reader */
    clile_reader *reader;       /* NULL: no finder is asked */
    clile_face_file *faces;     /* NULL: each image is a crop of a face, or has these boxes */
    face *boxes;                /* [args->boxes.count], of --box */
    answers out;
    course_request request;
    course course;
    points_file points;
    int64_t frame;
    double fps; /* 0: not known, and no time has a value */
    char not_a_film[MESSAGE_SIZE];
    int drawn, warned;
    int finder_missing;     /* 1: a finder would have been used, but none is installed */
    const char *box_misfit; /* for faces that the reader aligns by box */
    int expecting;          /* 1: the first pass, which only announces images to `faces` */
    drawn_face *drawing;    /* NULL: nothing is drawn */
    int64_t all;            /* images, if progress is shown; else 0 */
    share share;
    int alone;                          /* if this rank fails, others wait for it */
    int misfits[CLILE_FACE_POINTS + 1]; /* on ranks above 0: kinds of faces to warn of */
    double began;
} prediction;

/* ---- predict_faces.c: one image ---- */

/* Predicts all faces of an image or, if `image` is NULL, of a raw frame. */
void predict_pixels(prediction *p, const char *image, const uint8_t *rgb, int32_t h, int32_t w);
/* Prints a row without success; `what` is the reason. */
void print_failure(prediction *p, const char *image, int64_t face_number, const char *what);
/* The same with the library's message, after the name of the image or frame unless it is `named`
 * there. */
void print_failed_call(prediction *p, const char *image, int64_t face_number, int named);
/* Warns, once per run, if the model was not trained on faces of this kind. misfit NULL: it was. */
void warn_of_misfit(prediction *p, const char *misfit, int32_t kind);

#endif
