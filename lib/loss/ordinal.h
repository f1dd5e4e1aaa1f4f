/* An AU's intensity, 0 to 5, as an ordinal target of the logit that its occurrence has. */
#ifndef CLILE_I_LOSS_ORDINAL_H
#define CLILE_I_LOSS_ORDINAL_H

#include "base/base.h"

#include <clile/losses.h>

enum { CLILE_I_LEVELS = 5, CLILE_I_LEVEL_PARAMETERS = 1 + CLILE_I_LEVELS };

/* [c,6] log slope, first threshold, and the logarithms of the steps to the next four. */
typedef struct {
    const float *levels;
    double *diff_levels;
} clile_i_ordinal;

/* slope and threshold[5] of an AU: P(intensity >= k) = s(slope z - threshold[k - 1]). */
double clile_i_ordinal_thresholds(const float *levels /*[6]*/, double *threshold);

/* One image: logits [c], intensity [c] -> its loss as in ordinal.c, without the ridge. diff_logits
 * [c] and the sums diff_levels [c,6] get share times the gradient; 0 where not coded. */
double clile_i_ordinal_image(const clile_i_ordinal *ordinal, int64_t c, const double *logits,
                             const int8_t *intensity, const float *au_weight, double share,
                             double *diff_logits);

/* The ridge; adds its gradient to diff_levels. */
double clile_i_ordinal_ridge(const clile_i_ordinal *ordinal, int64_t c);

#endif
