/* The parts of `clile data`: what is counted, and the sheet of examples. */
#ifndef DATA_H
#define DATA_H

#include "command.h"

/* Rates of an AU over the subjects with a coded image of it; NaN if there are none (sd: fewer than
 * two). */
typedef struct {
    int32_t subjects;
    double least, median, most, mean, sd; /* sd: of a sample, n - 1 */
} spread;

typedef struct {
    int64_t n;
    int32_t c, subjects;
    int32_t *au_ids;          /* [c] */
    int8_t *labels;           /* [n,c] */
    int32_t *subject;         /* [n] */
    float *weight;            /* [c] */
    int64_t *coded, *present; /* [subjects + 1, c]: of each subject, the last row of all */
    int64_t *frames;          /* [subjects] */
    spread *spread;           /* [c] */
    double *phi;              /* [c,c] */
    clile_dataset_counts counts;
} data_summary;

/* summary.c; EXIT_FAILED with a message on stderr. Free it even then. */
int summary_make(const clile_dataset *data, data_summary *s);
void summary_free(data_summary *s);
/* Share of present labels among the coded ones of AU c; subject s->subjects means all. NaN
 * when none is coded. */
double summary_rate(const data_summary *s, int32_t subject, int32_t c);

/* ---- sheet.c ---- */

typedef struct {
    const char *path;
    int32_t size;     /* of the crops */
    int64_t examples; /* of each AU, at most */
    int64_t seed;
} sheet_request;

/* One image of a subject in which the AU is present and one in which it is absent; -1 if there is
 * none. */
typedef struct {
    int32_t subject;
    int64_t present, absent;
} sheet_pair;

enum { SHEET_MOST = 64 };

/* Chooses subjects and images for AU c, and returns the number of pairs. Depends only on data and
 * seed. */
int32_t sheet_choose(const data_summary *s, int32_t c, const sheet_request *request,
                     sheet_pair *pairs);
int sheet_write(const clile_dataset *data, const data_summary *s, const char *title,
                const sheet_request *request);

#endif
