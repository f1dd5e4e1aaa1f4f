/* How people differ where none shows an action unit, learned in training, and the estimate of a new
 * person's difference from frames without labels.
 *
 * Of person i, the score of an AU in frame j is
 *     z_ij = b_i + (y_ij ? present : absent) + e_ij,   b_i ~ N(0, spread),  e_ij ~ N(0, noise)
 * with y_ij = 1 with probability `rate`. The estimate of b_i is the mode of its posterior: few
 * frames say little, and the prior holds it near 0. */
#include "model/model.h"

#include <math.h>
#include <string.h>

static const char name[] = "person";
enum { MOST_STEPS = 200 };

double clile_i_person_offset(const clile_i_person_au *a, int64_t n, const double *value,
                             const double *weight)
{
    const double prior = log(a->rate / (1.0 - a->rate)), gap = a->present - a->absent,
                 middle = (a->present + a->absent) / 2.0;
    double offset = 0.0, frames = 0.0;
    for (int64_t i = 0; i < n; ++i) frames += weight ? weight[i] : 1.0;
    for (int step = 0; step < MOST_STEPS; ++step) {
        double sum = 0.0;
        for (int64_t i = 0; i < n; ++i) {
            if (weight && weight[i] == 0.0) continue;
            /* probability that the AU is present in the frame, given the offset */
            const double q =
                1.0 / (1.0 + exp(-prior - gap * (value[i] - offset - middle) / a->noise));
            sum += (weight ? weight[i] : 1.0) * (value[i] - a->absent - q * gap);
        }
        const double next = sum / (frames + a->noise / a->spread);
        const double change = fabs(next - offset);
        offset = next;
        if (change <= 1e-6 * sqrt(a->noise)) break;
    }
    return offset;
}

clile_i_person_au clile_i_person_of(const float *person, int32_t c, int32_t au)
{
    return (clile_i_person_au){(double)person[CLILE_I_PERSON_ABSENT * c + au],
                               (double)person[CLILE_I_PERSON_PRESENT * c + au],
                               (double)person[CLILE_I_PERSON_NOISE * c + au],
                               (double)person[CLILE_I_PERSON_RATE * c + au],
                               (double)person[CLILE_I_PERSON_SPREAD * c + au]};
}

clile_status clile_i_person_put(clile_i_st_writer *writer, int32_t c, const float *person)
{
    const int64_t shape[2] = {CLILE_I_PERSON_ROWS, c};
    return person ? clile_i_st_writer_add(writer, name, CLILE_I_ST_F32, 2, shape, person)
                  : CLILE_OK;
}

clile_status clile_i_person_get(const clile_i_st *st, int32_t c, float **out)
{
    clile_status status = CLILE_OK;
    const int64_t shape[2] = {CLILE_I_PERSON_ROWS, c};
    float *person = NULL;
    if (clile_i_st_find(st, name) == NULL) return CLILE_OK;
    CLILE_I_ALLOC(person, CLILE_I_PERSON_ROWS * (int64_t)c);
    CLILE_I_TRY(clile_i_st_copy(st, name, CLILE_I_ST_F32, 2, shape, person));
    CLILE_I_TRY(clile_i_check_finite(clile_i_st_path(st), name, shape[0] * shape[1], person));
    for (int32_t k = 0; k < c; ++k) {
        const clile_i_person_au a = clile_i_person_of(person, c, k);
        if (a.noise == 0.0) continue; /* this AU has no estimate */
        if (a.noise > 0.0 && a.spread > 0.0 && a.rate > 0.0 && a.rate < 1.0 && a.present > a.absent)
            continue;
        status =
            clile_i_fail(CLILE_E_FORMAT,
                         "%s: tensor \"%s\", AU %d of %d: expected noise and spread above 0, a "
                         "rate between 0 and 1, and present above absent",
                         clile_i_st_path(st), name, (int)k + 1, (int)c);
        goto cleanup;
    }
    *out = person;
    person = NULL;
cleanup:
    clile_i_free(person);
    return status;
}
