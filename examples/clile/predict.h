/* The parts of `clile predict`: how answers are printed, the picture of an answer. */
#ifndef PREDICT_H
#define PREDICT_H

#include "command.h"

enum { MAX_AUS = 64, MAX_POINTS = 68, MESSAGE_SIZE = 512 };

/* What is known of a face. */
typedef struct {
    int32_t has_box;
    float box[4];   /* left, top, width, height; pixels */
    int32_t points; /* 0, 5 or 68 */
    float xy[2 * MAX_POINTS];
} face;

/* ---- answers.c: a table, CSV, JSON lines; formats.c: what other programs read ---- */

/* In the order of the table in answers.c. */
typedef enum {
    FORM_TABLE,
    FORM_CSV,
    FORM_JSON,
    FORM_TIDY,
    FORM_PYFEAT,
    FORM_OPENFACE,
    FORMS
} answer_form;

typedef struct {
    answer_form form;
    const char *source; /* the film, for formats that name it in each row; NULL: images */
    int with_faces;     /* a column for the number of the face in the image */
    int with_boxes;     /* and four columns for its box, from a finder */
    int with_time;      /* a column for the time of the frame in seconds */
    int with_people;    /* of a film: the person's number, found or followed; no image or face */
    clile_neutral *neutral; /* not NULL: columns beside each person's own neutral */
    int running; /* of the frames so far; otherwise all rows are kept in a file to the end */
    FILE *kept;
    FILE *share; /* of one of several ranks: rows go here, and nothing is printed or counted */
    int32_t c, au_ids[MAX_AUS];
    const clile_model *graded;  /* which knows intensities, columns AU01_r; NULL: none */
    float *embedding;           /* [d] with it, of the face whose row comes next */
    struct points_file *points; /* NULL: not written (points.h) */
    int without_points;         /* they could not be written, with a message */
    struct course *course;      /* NULL: nothing follows from all rows (course.h) */
    const clile_image *picture; /* of the frame whose rows are printed; NULL: not there */
    int64_t rows, failures;
    char messages[10][MESSAGE_SIZE]; /* the first failures, for the end */
} answers;

typedef struct {
    int64_t frame;     /* from 1 on */
    double time;       /* NaN: not known */
    const char *image; /* NULL: a raw frame */
    int64_t face;      /* from 1 on */
    int success;
    const char *message; /* why there is no success; NULL: a frame without a face, no failure */
    const float *probability;
    const int8_t *present;
    const float *intensity; /* NULL: the model knows none */
    const float *box;       /* NULL: not found by a finder */
    int32_t points;         /* of such a face; 0: not known */
    const float *xy;
    const float *place; /* where the face is, whoever says so; NULL: no success */
    float score;        /* the finder's; NaN: none has looked */
    int64_t person;     /* of a film, as the next */
    int32_t found;
    const float
        *centred; /* beside the person's own neutral, set by answers_print; NULL: not known */
    const int8_t *centred_present;
} answer;

/* The form of this name; FORMS: none. */
answer_form answers_form(const char *name);
/* "csv, json or tidy": all names, for messages. */
const char *answers_form_names(void);
/* Has the form room for columns beside a person's own neutral? */
int answers_form_has_neutral(answer_form form);
/* For models that know intensities. EXIT_FAILED with a message. */
int answers_expect_intensity(answers *a, const clile_model *model);
/* Fills `to` [MAX_AUS] from a->embedding and returns it; NULL: the model knows none. */
const float *answers_intensity(const answers *a, float *to);
void answers_begin(const answers *a);
/* The rows that are kept, before answers_end. EXIT_FAILED with a message. */
int answers_print_kept(answers *a);
void answers_print(answers *a, const answer *row);
/* The messages of rows without success, on stderr; EXIT_FINE if there were none. */
int answers_end(const answers *a);

void tidy_begin(const answers *a);
void tidy_row(const answers *a, const answer *row);
void pyfeat_begin(const answers *a);
void pyfeat_row(const answers *a, const answer *row);
void openface_begin(const answers *a);
void openface_row(const answers *a, const answer *row);

/* ---- rows.c: rows in a file, for later ---- */

/* What the pointers of a row that was read point to. */
typedef struct {
    char image[65536], message[4096];
    float box[4], place[4], xy[2 * MAX_POINTS], probability[MAX_AUS], intensity[MAX_AUS];
    int8_t present[MAX_AUS];
} row_room;

void row_keep(FILE *to, int32_t c, const answer *row);
/* 0: the file ends, or does not hold a row. */
int row_read(FILE *from, int32_t c, row_room *room, answer *row);

/* ---- share.c: images on several ranks ---- */

enum { SHARE_BLOCKS = 16 }; /* of each rank: images of one folder, which may be large, on all */

/* Block k of the images is rank k % ranks'. */
typedef struct {
    int64_t images, block;      /* of all ranks; in a block */
    int64_t ends[SHARE_BLOCKS]; /* in the file, of each block of this rank */
    FILE *rows;                 /* NULL: the images are not shared */
} share;

/* From now on answers_print is for rank 0 to come. EXIT_FAILED with a message, as share_print; all
 * ranks call both. */
int share_open(share *s, int64_t images, answers *out);
/* Is image `number`, from 1 on, this rank's? */
int share_takes(const share *s, int64_t number);
/* Its rows are all there. */
void share_took(share *s, int64_t number);
/* Rank 0 prints the rows of all, in their order. */
int share_print(share *s, answers *out);
void share_close(share *s);

/* ---- film.c: films and cameras ---- */

typedef struct {
    const char *path; /* or a camera's */
    int camera;
    const char *model, *misfit; /* for the warning about boxes; NULL: none */
} film_source;

/* Does the file hold a film? By what is in it. If it may and no decoder is there to tell, 0 and in
 * `why` [MESSAGE_SIZE] what the library says. */
int is_film(const char *path, const clile_options *options, char *why);
/* Prints all rows. Exit code, with a message. */
int predict_film(const film_source *source, const clile_model *model, clile_finder *finder,
                 const clile_options *options, answers *out);

/* ---- predict.c ---- */

/* The finder of this name; NULL: the installed one. */
clile_status finder_open(const char *name, const clile_options *options, clile_finder **out);

/* ---- draw.c: the image with a bar for each AU ---- */

typedef struct {
    int number; /* of the face in the image, from 1 on */
    face face;  /* neither box nor points: the whole image */
    float probability[MAX_AUS];
    int8_t present[MAX_AUS];
} drawn_face;

/* EXIT_FAILED with a message on stderr. */
int draw_answer(const char *path, int32_t h, int32_t w, const uint8_t *rgb, int32_t c,
                const int32_t *au_ids, int faces, const drawn_face *drawn);

#endif
