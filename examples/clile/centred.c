/* clile eval --centred: each person's answers beside the person's own neutral. */
#include "command.h"

#include <math.h>
#include <stdlib.h>

/* Adds `frames` of the images of subject s, spread evenly over them in the order of the data set
 * (all if there are not more): what the estimate sees of the person. */
static int add_frames(clile_neutral *neutral, const centred_rows *r, int32_t s, int64_t count)
{
    const int64_t used = r->frames > 0 && r->frames < count ? r->frames : count;
    int64_t seen = 0, taken = 0;
    for (int64_t i = 0; i < r->n; ++i) {
        if (r->subject[i] != s) continue;
        /* of used equal parts of the person's images, the middle one of each */
        const int64_t next = (2 * taken + 1) * count / (2 * used);
        if (taken < used && seen == next) {
            if (clile_neutral_add(neutral, s, r->probability + i * r->c) != CLILE_OK)
                return failed(NULL);
            ++taken;
        }
        ++seen;
    }
    return EXIT_FINE;
}

int centred_apply(const clile_model *model, const centred_rows *r)
{
    clile_neutral *neutral = NULL;
    int code = clile_neutral_create(model, &neutral) == CLILE_OK ? EXIT_FINE : failed(NULL);
    for (int32_t s = 0; code == EXIT_FINE && s < r->subjects; ++s) {
        int64_t count = 0;
        for (int64_t i = 0; i < r->n; ++i) count += r->subject[i] == s;
        if (count > 0) code = add_frames(neutral, r, s, count);
    }
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
