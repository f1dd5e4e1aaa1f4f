/* What follows from all rows of `clile predict` on a film, or on images of one person in their
 * order: events, a timeline, a sheet of the peaks. Memory does not grow with the length: time is
 * kept in bins, two of which become one when they are full. */
#ifndef COURSE_H
#define COURSE_H

#include "predict.h"

enum {
    BINS = 960,    /* of time */
    PEOPLE = 16,   /* panels; of more, those with the most frames */
    PEAK_SIDE = 96 /* of the picture of a peak, in pixels */
};

/* ---- what is kept ---- */

typedef struct {
    float low, high; /* probability */
    uint32_t frames;
    uint32_t in_event; /* 1: an event goes on */
    double sum;
} bin;

/* One AU of one person. */
typedef struct {
    bin *bins; /* [BINS] */
    float peak;
    double peak_time;
    int64_t events;
    double seconds;   /* in events */
    int has_picture;  /* of the peak */
    uint8_t *picture; /* [PEAK_SIDE,PEAK_SIDE,3] */
} strip;

typedef struct {
    int64_t person, frames;
    double first, last;    /* times */
    strip strips[MAX_AUS]; /* [c] */
} someone;

typedef struct {
    const char *events, *events_format, *timeline, *sheet; /* files; NULL: none */
    int without_faces;                                     /* no pictures */
} course_request;

typedef struct course course;
struct course {
    const course_request *request;
    const char *title; /* the film or folder */
    int numbered;      /* persons have numbers */
    int32_t c;
    const int32_t *au_ids;
    clile_events *events;
    output events_file, timeline_file;
    /* the frame whose rows are coming */
    int64_t frame;
    double time;
    int64_t here, capacity;
    int64_t *person;
    float *probability; /* [here,c] */
    /* time in bins */
    int64_t first_frame, frames, per_bin;
    double begin, before, starts[BINS]; /* of each bin that has begun */
    int people;
    someone *one[PEOPLE];
    int64_t left_out; /* persons for whom there was no panel */
    int failed;       /* with a message */
};

/* "csv, elan or boris"; is `name` one of them? */
#define EVENT_FORMATS "csv, elan or boris"
int course_knows_format(const char *name);
/* Opens the files that are asked for. EXIT_FAILED with a message. */
int course_open(course *s, const course_request *request, const char *title, int numbered,
                int32_t c, const int32_t *au_ids, const clile_options *options);
/* Rows in the order of their frames; picture: of the frame, NULL if it is gone. */
void course_add(course *s, const answer *row, const clile_image *picture);
/* Writes the rest. EXIT_FAILED with a message. */
int course_close(course *s);
/* Without this, files that were not closed are left incomplete. */
void course_free(course *s);

/* Index of the bin that holds a frame of the film. */
int64_t course_bin(const course *s, int64_t frame);
int64_t course_bins(const course *s); /* that have begun */
double course_end(const course *s);   /* the time after the last frame */

/* ---- timeline.c, film_sheet.c ---- */

void timeline_write(const course *s, FILE *out, int html);
/* EXIT_FAILED with a message. */
int film_sheet_write(const course *s, const char *path);

#endif
