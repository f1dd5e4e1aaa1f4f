/* clile compare: what is compared (compare.c) and how it is printed (compare_print.c). */
#ifndef COMPARE_H
#define COMPARE_H

#include "eval.h"

enum { METRICS = 2, FIGURES = 6 };
extern const char *const metric_names[METRICS], *const metric_titles[METRICS];

/* One system beside the first, in one metric: [c+1] each, the average last. */
typedef struct {
    double a[MAX_AUS + 1], b[MAX_AUS + 1], low[MAX_AUS + 1], high[MAX_AUS + 1], p[MAX_AUS + 1],
        p_holm[MAX_AUS + 1];
} paired;

typedef struct {
    const char **names;         /* [systems], as they were given */
    clile_evaluation **systems; /* [systems] */
    int count;
    int64_t images;
    int32_t subjects, c, au_ids[MAX_AUS];
    char left_out[1024]; /* AUs that not all have: "1 2"; "": none */
    paired *results;     /* [systems - 1][METRICS] */
} comparison;

/* Whether the file's extension is one of a report. */
int comparison_name_is_known(const char *path);
/* By the extension of `path`; NULL: text. */
void comparison_print(FILE *out, const char *path, const comparison *c);
void comparison_print_json(FILE *out, const comparison *c);

#endif
