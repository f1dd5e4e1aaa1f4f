/* The arguments of `clile predict`. */
#ifndef PREDICT_ARGS_H
#define PREDICT_ARGS_H

#include "course.h"

typedef struct {
    const char *model, *faces, *raw, *draw, *fps, *finder, *camera, *format, *points;
    course_request course; /* events, timeline; --draw of a film */
    int64_t margin;        /* percent; -1: use box_margin */
    text_list inputs, settings, boxes;
    int json, csv, crop, video, own_neutral, quiet;
} predict_args;

/* "25", "29.97" or "30000/1001"; "10,20,64,64". 0: it is none. */
int predict_parse_fps(const char *text, double *fps);
int predict_parse_box(const char *text, face *out);
/* What cannot be combined, before anything is opened; w, h: of --raw. EXIT_USAGE with a message. */
int predict_check_usage(const arg_spec *spec, const predict_args *a, int32_t *w, int32_t *h);
/* The same once it is known whether the input is a film. */
int predict_check_course(const arg_spec *spec, const predict_args *a, int film);

#endif
