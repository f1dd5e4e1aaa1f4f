/* The loss of method=suphcl: supervised contrast with three kinds of relations among AUs. F_k is a
 * feature of each AU, f_kc, with g_kc = f_kc / |f_kc| and G_k = F_k / |F_k|.
 *   unary         of each AU c: images are alike, g_kc . g_lc, if they have it
 *   binary        of each two AUs b, c: (g_kb . g_lb + g_kc . g_lc) / 2, if they have the same of
 *                 both, and one of them is there
 *   multivariate  G_k . G_l, as much as their sets of AUs overlap: |k and l| / |k or l|
 * Each is, with similarities s and weights w of pairs,
 *   L = mean over k with sum_l w_kl > 0 of sum_l (w_kl / sum_m w_km) (log sum_m exp(s_km / tau)
 *       - s_kl / tau),   l, m != k, where all the AUs are coded
 * and the sum is that of the means over AUs and over pairs, and of the third. */
#include "loss/check.h"
#include "loss/term.h"
#include "loss/vector.h"

#include <clile/options.h>

typedef struct {
    int64_t n, c, own; /* own: floats of an AU's feature */
    double tau;
    const int8_t *labels;
    /* [n,d] directions of the features, and of F; [n,c] and [n] inverse lengths */
    double *au, *whole, *au_inverse, *whole_inverse;
    double *gram;                /* [c + 1][n,n] similarities; the last: of F */
    double *diff;                /* the same, gradients */
    double *similarity, *weight; /* [n,n] */
    uint8_t *counts;             /* [n] whether an image takes part */
    double *row;                 /* [d] */
} contrast;

/* Adds factor * L and its gradient by `similarity`, which is overwritten with it. */
static double add_contrast(contrast *x, double factor)
{
    const int64_t n = x->n;
    int64_t anchors = 0;
    double sum = 0;
    for (int64_t k = 0; k < n; ++k) {
        double weights = 0;
        for (int64_t l = 0; l < n; ++l) weights += l != k ? x->weight[k * n + l] : 0;
        anchors += weights > 0;
    }
    for (int64_t k = 0; k < n; ++k) {
        double *s = x->similarity + k * n;
        const double *w = x->weight + k * n;
        double weights = 0, most = -INFINITY, total = 0;
        for (int64_t l = 0; l < n; ++l) {
            weights += l != k ? w[l] : 0;
            if (l != k && x->counts[l] && s[l] > most) most = s[l];
        }
        if (weights <= 0) {
            clile_i_vec_zero(n, s);
            continue;
        }
        const double scale = factor / (double)anchors;
        for (int64_t l = 0; l < n; ++l)
            if (l != k && x->counts[l]) total += exp((s[l] - most) / x->tau);
        for (int64_t l = 0; l < n; ++l) {
            const double share = l != k ? w[l] / weights : 0,
                         part = l != k && x->counts[l] ? exp((s[l] - most) / x->tau) / total : 0;
            if (share > 0) sum += scale * share * (log(total) - (s[l] - most) / x->tau);
            s[l] = scale * (part - share) / x->tau;
        }
    }
    return sum;
}

static double *gram_of(contrast *x, double *of, int64_t c)
{
    return of + c * x->n * x->n;
}

static int present(const contrast *x, int64_t k, int64_t c)
{
    return x->labels[k * x->c + c] == 1;
}

static int coded(const contrast *x, int64_t k, int64_t c)
{
    return x->labels[k * x->c + c] >= 0;
}

/* One AU (b == c) or two. */
static double add_relation(contrast *x, int64_t b, int64_t c, double factor)
{
    const int64_t n = x->n;
    for (int64_t k = 0; k < n; ++k) x->counts[k] = coded(x, k, b) && coded(x, k, c);
    for (int64_t k = 0; k < n; ++k)
        for (int64_t l = 0; l < n; ++l) {
            const int alike =
                x->counts[k] && x->counts[l] && present(x, k, b) == present(x, l, b) &&
                present(x, k, c) == present(x, l, c) && (present(x, k, b) || present(x, k, c));
            x->weight[k * n + l] = alike;
            x->similarity[k * n + l] =
                0.5 * (gram_of(x, x->gram, b)[k * n + l] + gram_of(x, x->gram, c)[k * n + l]);
        }
    const double sum = add_contrast(x, factor);
    clile_i_vec_add(n * n, 0.5, x->similarity, gram_of(x, x->diff, b));
    clile_i_vec_add(n * n, 0.5, x->similarity, gram_of(x, x->diff, c));
    return sum;
}

static double add_images(contrast *x)
{
    const int64_t n = x->n;
    for (int64_t k = 0; k < n; ++k) {
        int64_t known = 0;
        for (int64_t c = 0; c < x->c; ++c) known += coded(x, k, c);
        x->counts[k] = known == x->c;
    }
    for (int64_t k = 0; k < n; ++k)
        for (int64_t l = 0; l < n; ++l) {
            int64_t both = 0, any = 0;
            for (int64_t c = 0; c < x->c; ++c) {
                both += present(x, k, c) && present(x, l, c);
                any += present(x, k, c) || present(x, l, c);
            }
            x->weight[k * n + l] =
                x->counts[k] && x->counts[l] && any > 0 ? (double)both / (double)any : 0;
            x->similarity[k * n + l] = gram_of(x, x->gram, x->c)[k * n + l];
        }
    const double sum = add_contrast(x, 1.0);
    clile_i_vec_add(n * n, 1.0, x->similarity, gram_of(x, x->diff, x->c));
    return sum;
}

/* Similarities of all images by the rows unit + k * stride of `size` floats. */
static void fill_gram(int64_t n, int64_t size, int64_t stride, const double *unit, double *gram)
{
    for (int64_t k = 0; k < n; ++k)
        for (int64_t l = 0; l <= k; ++l)
            gram[k * n + l] = gram[l * n + k] =
                clile_i_vec_dot(size, unit + k * stride, unit + l * stride);
}

/* Gradient by the floats of one row, added to dst. */
static void row_diff(const contrast *x, int64_t k, int64_t size, int64_t stride, const double *unit,
                     double inverse, const double *diff, float *dst)
{
    const int64_t n = x->n;
    clile_i_vec_zero(size, x->row);
    for (int64_t l = 0; l < n; ++l)
        clile_i_vec_add(size, diff[k * n + l] + diff[l * n + k], unit + l * stride, x->row);
    clile_i_sim_backward(CLILE_I_COSINE, size, unit + k * stride, inverse, x->row);
    for (int64_t i = 0; i < size; ++i) dst[i] += (float)x->row[i];
}

static double add_all(contrast *x)
{
    double sum = 0;
    const double pairs = 0.5 * (double)(x->c * (x->c - 1));
    for (int64_t c = 0; c < x->c; ++c) sum += add_relation(x, c, c, 1.0 / (double)x->c);
    for (int64_t b = 0; b < x->c; ++b)
        for (int64_t c = b + 1; c < x->c; ++c) sum += add_relation(x, b, c, 1.0 / pairs);
    return sum + add_images(x);
}

static clile_status compute(clile_i_step *step)
{
    clile_status status = CLILE_OK;
    const int64_t n = step->n, c = step->c, d = step->d, own = d / c;
    contrast x = {.n = n, .c = c, .own = own, .labels = step->labels};
    double *scratch = NULL;
    CLILE_I_TRY(clile_options_get_f64(step->options, CLILE_OPT_TAU, &x.tau));
    CLILE_I_ALLOC(scratch, 2 * n * d + n * c + n + 2 * (c + 1) * n * n + 2 * n * n + d);
    CLILE_I_ALLOC(x.counts, n);
    double *next = scratch;
    x.au = clile_i_vec_take(&next, n * d);
    x.whole = clile_i_vec_take(&next, n * d);
    x.au_inverse = clile_i_vec_take(&next, n * c);
    x.whole_inverse = clile_i_vec_take(&next, n);
    x.gram = clile_i_vec_take(&next, (c + 1) * n * n);
    x.diff = clile_i_vec_take(&next, (c + 1) * n * n);
    x.similarity = clile_i_vec_take(&next, n * n);
    x.weight = clile_i_vec_take(&next, n * n);
    x.row = clile_i_vec_take(&next, d);
    clile_i_sim_forward_rows(CLILE_I_COSINE, n * c, own, step->embedding, x.au, x.au_inverse);
    clile_i_sim_forward_rows(CLILE_I_COSINE, n, d, step->embedding, x.whole, x.whole_inverse);
    for (int64_t i = 0; i < c; ++i) fill_gram(n, own, d, x.au + i * own, gram_of(&x, x.gram, i));
    fill_gram(n, d, d, x.whole, gram_of(&x, x.gram, c));
    CLILE_I_TRY(clile_i_loss_finish("method=suphcl", add_all(&x), &step->loss));
    for (int64_t k = 0; k < n; ++k) {
        float *dst = step->diff_embedding + k * d;
        for (int64_t i = 0; i < c; ++i)
            row_diff(&x, k, own, d, x.au + i * own, x.au_inverse[k * c + i], gram_of(&x, x.diff, i),
                     dst + i * own);
        row_diff(&x, k, d, d, x.whole, x.whole_inverse[k], gram_of(&x, x.diff, c), dst);
    }
cleanup:
    clile_i_free(scratch);
    clile_i_free(x.counts);
    return status;
}

const clile_i_term clile_i_term_suphcl = {.compute = compute};
