/* Intensity as an ordinal target [our choice], a proportional-odds model on the logit z of the
 * occurrence (McCullagh, "Regression models for ordinal data", JRSS B 1980), as a sum of binary
 * losses (Cao, Mirjalili, Raschka, "Rank consistent ordinal regression", 2020):
 *
 *     P(y >= j) = s(u_j), u_j = exp(p_0) z - t_j, t_1 = p_1, t_j = t_(j-1) + exp(p_j), j = 1..5
 *     L = (1/C_k) sum over coded c of w_c (1/5) sum_j (max(u_j,0) - u_j [y >= j]
 *         + log1p(exp(-|u_j|))) + (ridge/c) sum over c and j = 0, 2..5 of p_j^2
 *     dL/du_j = w_c (s(u_j) - [y >= j]) / (5 C_k);  dL/dz = exp(p_0) sum_j dL/du_j
 *     dL/dp_0 = exp(p_0) z sum_j dL/du_j;           dL/dp_1 = -sum_j dL/du_j
 *     dL/dp_j = -exp(p_j) sum_{i >= j} dL/du_i, and the ridge's
 *
 * Thresholds increase whatever p is. A level that no image has would push its threshold to
 * infinity, and levels that z separates the slope; the ridge ends both. */
#include "loss/ordinal.h"

#include <math.h>

static const double RIDGE = 0.001;

double clile_i_ordinal_thresholds(const float *levels, double *threshold)
{
    threshold[0] = (double)levels[1];
    for (int j = 1; j < CLILE_I_LEVELS; ++j)
        threshold[j] = threshold[j - 1] + exp((double)levels[j + 1]);
    return exp((double)levels[0]);
}

double clile_i_ordinal_image(const clile_i_ordinal *ordinal, int64_t c, const double *logits,
                             const int8_t *intensity, const float *au_weight, double share,
                             double *diff_logits)
{
    int64_t coded = 0;
    for (int64_t a = 0; a < c; ++a) coded += intensity[a] >= 0;
    double sum = 0;
    for (int64_t a = 0; a < c; ++a) {
        double threshold[CLILE_I_LEVELS], all = 0;
        diff_logits[a] = 0;
        if (intensity[a] < 0) continue;
        const float *levels = ordinal->levels + a * CLILE_I_LEVEL_PARAMETERS;
        double *diff = ordinal->diff_levels + a * CLILE_I_LEVEL_PARAMETERS;
        const double slope = clile_i_ordinal_thresholds(levels, threshold);
        const double weight =
                         (au_weight == NULL ? 1 : (double)au_weight[a]) / (double)CLILE_I_LEVELS,
                     scale = share * weight / (double)coded;
        for (int j = CLILE_I_LEVELS - 1; j >= 0; --j) {
            const double u = slope * logits[a] - threshold[j], e = exp(-fabs(u));
            const double y = intensity[a] > j, s = u >= 0 ? 1 / (1 + e) : e / (1 + e);
            sum += weight * ((u > 0 ? u : 0) - u * y + log1p(e));
            all += scale * (s - y);
            diff[j + 1] -= all * (j == 0 ? 1 : exp((double)levels[j + 1]));
        }
        diff[0] += slope * logits[a] * all;
        diff_logits[a] = slope * all;
    }
    return coded == 0 ? 0 : sum / (double)coded;
}

double clile_i_ordinal_ridge(const clile_i_ordinal *ordinal, int64_t c)
{
    double sum = 0;
    for (int64_t a = 0; a < c; ++a)
        for (int64_t j = 0; j < CLILE_I_LEVEL_PARAMETERS; ++j) {
            if (j == 1) continue;
            const double p = (double)ordinal->levels[a * CLILE_I_LEVEL_PARAMETERS + j];
            sum += p * p;
            ordinal->diff_levels[a * CLILE_I_LEVEL_PARAMETERS + j] += 2 * RIDGE * p / (double)c;
        }
    return RIDGE * sum / (double)c;
}
