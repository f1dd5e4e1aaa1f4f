/* Which AUs a frame shows and how strongly.
 *
 * A probit model with two kinds of random effects. For frame f of subject i and AU c
 *
 *     g = sum_j load[c][j] factor_j(f) + rest of unit variance,
 *         factors and rest standard normal
 *     present  <=>  g + SPREAD rate_c(i) > cut_c,                    rate_c(i) standard normal
 *     cut_c = sqrt(1 + SPREAD^2) Phi^-1(1 - r_c)
 *
 * The rate over all people is then r_c for any loadings. r_c: of the twelve BP4D AUs as the
 * rendered set "bp4d-ict" has them after BP4D, of 9, 20, 25, 26 as "disfa-ict" has them after DISFA
 * (docs/synth.md). */
#include "synth/synth.h"

#include <math.h>

static const float SPREAD = 0.45f;

/* Phi^-1(1 - r) of the rates in docs/synth.md. */
static const float cut[AUS] = {0.8030f,  0.9502f,  0.8345f, 0.0954f, -0.1206f, 1.7507f,
                               -0.2378f, -0.1560f, 0.0853f, 0.9621f, 0.3989f,  2.0537f,
                               0.9741f,  1.0322f,  0.5828f, 1.3408f};

enum { SMILE, RAISE, TENSE, OPEN, DISGUST, FACTORS };
static const float load[AUS][FACTORS] = {
    [AU1] = {0.0f, 0.75f, 0.1f, 0.0f, 0.0f},    [AU2] = {0.0f, 0.80f, 0.0f, 0.0f, 0.0f},
    [AU4] = {-0.2f, 0.15f, 0.35f, 0.0f, 0.35f}, [AU6] = {0.90f, 0.0f, 0.0f, 0.0f, 0.0f},
    [AU7] = {0.70f, 0.0f, 0.0f, 0.0f, 0.25f},   [AU9] = {0.0f, 0.0f, 0.0f, 0.0f, 0.75f},
    [AU10] = {0.82f, 0.0f, 0.0f, 0.0f, 0.30f},  [AU12] = {0.92f, 0.0f, 0.0f, 0.1f, -0.1f},
    [AU14] = {0.55f, 0.0f, 0.2f, 0.0f, 0.0f},   [AU15] = {-0.1f, 0.15f, 0.50f, 0.0f, 0.0f},
    [AU17] = {-0.1f, 0.0f, 0.70f, 0.0f, 0.1f},  [AU20] = {0.0f, 0.2f, 0.1f, 0.4f, 0.0f},
    [AU23] = {0.0f, 0.0f, 0.50f, -0.15f, 0.0f}, [AU24] = {-0.1f, 0.0f, 0.45f, -0.75f, 0.0f},
    [AU25] = {0.15f, 0.1f, -0.1f, 0.95f, 0.0f}, [AU26] = {0.1f, 0.15f, -0.05f, 0.90f, 0.0f},
};

void clile_i_synth_draw_labels(uint64_t seed, int64_t subject, int64_t frame,
                               const clile_i_person *who, float *intensity)
{
    clile_i_rng r = clile_i_synth_rng(seed, subject, frame, STREAM_LABELS);
    float factor[FACTORS];
    int present[AUS];
    for (int j = 0; j < FACTORS; ++j) factor[j] = (float)clile_i_rng_normal(&r);
    for (int c = 0; c < AUS; ++c) {
        float shared = 0.0f, explained = 0.0f;
        for (int j = 0; j < FACTORS; ++j) {
            shared += load[c][j] * factor[j];
            explained += load[c][j] * load[c][j];
        }
        const float own = (float)clile_i_rng_normal(&r) * sqrtf(fmaxf(0.0f, 1.0f - explained));
        present[c] = shared + own + SPREAD * who->rate[c] > sqrtf(1.0f + SPREAD * SPREAD) * cut[c];
    }
    /* here a dropped jaw parts the lips, so FACS codes both */
    if (present[AU26]) present[AU25] = 1;
    if (present[AU25]) present[AU24] = 0; /* parted lips cannot be pressed */
    for (int c = 0; c < AUS; ++c) {
        const double u = clile_i_rng_uniform(&r), trace = clile_i_rng_uniform(&r);
        intensity[c] = (float)(present[c]    ? 0.3 + 0.7 * u
                               : trace < 0.3 ? 0.06 + 0.14 * u
                                             : 0.05 * u);
    }
    if (present[AU25])
        intensity[AU24] = 0.0f;
    else if (intensity[AU24] > 0.25f)
        intensity[AU25] = intensity[AU26] = 0.0f;
}
