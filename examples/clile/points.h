/* Files of points: points.c. */
#ifndef POINTS_H
#define POINTS_H

#include "predict.h"

/* What a row is of: a face of an image, or of a raw frame or film. */
typedef enum { POINTS_OF_IMAGES, POINTS_OF_FRAMES } points_of;

typedef struct points_file {
    output file;
    points_of of;
} points_file;

typedef struct {
    const char *image;
    int64_t frame;    /* from 1 on, where there is no image */
    int64_t number;   /* of the face in the image, from 1 on, or of the person */
    const float *box; /* NULL: no face was found */
    int32_t points;   /* MAX_POINTS; 0: only the box is known */
    const float *xy;
} points_row;

/* EXIT_FAILED with a message. Then output_commit or output_abort of p->file. */
int points_open(points_file *p, const char *path, points_of of);
/* EXIT_FAILED with a message: another number of points. */
int points_add(points_file *p, const points_row *row);

/* ---- of a data set ---- */

enum { POINTS_SHOWN = 10 }; /* images without a face that are named */

typedef struct {
    const char *path, *finder; /* NULL: none; the installed one */
} points_request;

typedef struct {
    int64_t images, faces, pointed; /* pointed: faces with points and not only a box */
    int64_t without, unreadable;    /* without: no face, or unreadable */
} points_summary;

/* Writes the largest face of each image, names images without one on stderr. EXIT_FAILED with a
 * message; if images could not be read, after all others were. */
int points_find(const clile_dataset *data, const points_request *r, const clile_options *options,
                points_summary *summary);

#endif
