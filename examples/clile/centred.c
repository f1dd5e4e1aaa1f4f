/* clile eval --centred: each person's answers beside the person's own neutral. */
#include "command.h"

#include <math.h>
#include <stdlib.h>

/* Adds `frames` of each person's images, spread evenly over them in the order of the data set (all
 * if there are not more): what the estimate sees of the person. */
static int add_frames(clile_neutral *neutral, const centred_rows *r)
{
    int64_t *const count = calloc((size_t)r->subjects, sizeof *count),
                   *const seen = calloc((size_t)r->subjects, sizeof *seen),
                   *const taken = calloc((size_t)r->subjects, sizeof *taken);
    int code = count && seen && taken ? EXIT_FINE : out_of_memory();
    for (int64_t i = 0; code == EXIT_FINE && i < r->n; ++i) ++count[r->subject[i]];
    for (int64_t i = 0; code == EXIT_FINE && i < r->n; ++i) {
        const int32_t s = r->subject[i];
        const int64_t used = r->frames > 0 && r->frames < count[s] ? r->frames : count[s];
        /* of used equal parts of the person's images, the middle one of each */
        if (seen[s]++ != (2 * taken[s] + 1) * count[s] / (2 * used)) continue;
        ++taken[s];
        if (clile_neutral_add(neutral, s, r->probability + i * r->c) != CLILE_OK)
            code = failed(NULL);
    }
    free(count);
    free(seen);
    free(taken);
    return code;
}

int centred_apply(const clile_model *model, const centred_rows *r)
{
    clile_neutral *neutral = NULL;
    int code = clile_neutral_create(model, &neutral) == CLILE_OK ? EXIT_FINE : failed(NULL);
    if (code == EXIT_FINE) code = add_frames(neutral, r);
    for (int64_t i = 0; code == EXIT_FINE && i < r->n; ++i) {
        const int64_t at = i * r->c;
        if (clile_neutral_apply(neutral, r->subject[i], r->probability + at, r->probability + at,
                                r->present + at) != CLILE_OK)
            code = failed(NULL);
        for (int64_t k = at; k < at + r->c; ++k) {
            const double p = fmin(fmax((double)r->probability[k], 1e-30), 1.0 - 1e-7);
            r->score[k] = (float)log(p / (1.0 - p));
        }
    }
    clile_neutral_destroy(neutral);
    return code;
}
