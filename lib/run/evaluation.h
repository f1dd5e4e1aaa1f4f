/* A saved evaluation: its contents (evaluation.c), its file (evaluation_file.c). */
#ifndef CLILE_I_EVALUATION_H
#define CLILE_I_EVALUATION_H

#include "eval/report.h"

#include <clile/evaluation.h>

typedef struct {
    char *model, *protocol;
    int64_t seed;
} clile_i_part;

struct clile_evaluation {
    clile_report *report; /* folds, scores, decisions, labels, people */
    int64_t parts, part_capacity;
    clile_i_part *part;            /* [parts], as report->fold */
    int64_t probabilities, images; /* capacities, in elements */
    float *probability;            /* [frames, c], NaN: none */
    char **image;                  /* [frames] */
};

/* The first two of n texts that are equal; *second is 0 if there are none. */
clile_status clile_i_find_twice(int64_t n, const char *const *texts, int64_t *first,
                                int64_t *second);

#endif
