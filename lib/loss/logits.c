/* z_kc = scale * sim(F_k, A_c) + bias_c
 *   dF_k   += sum_c dz_kc scale dsim/dF_k      dA_c    += sum_k dz_kc scale dsim/dA_c
 *   dscale += sum_kc dz_kc sim(F_k, A_c)       dbias_c += sum_k dz_kc
 */
#include "loss/logits.h"

#include "base/base.h"
#include "loss/vector.h"

/* Both sides in the form of clile_i_sim_forward. */
typedef struct {
    double *memory;
    double *image, *image_inverse; /* [n,d], [n] */
    double *au, *au_inverse;       /* [c,d], [c] */
    double *row, *diff_au;         /* [d], [c,d] */
} units;

static clile_status make_units(const clile_i_logits *z, units *u)
{
    clile_status status = CLILE_OK;
    CLILE_I_ALLOC(u->memory, z->n * z->d + z->n + 2 * z->c * z->d + z->c + z->d);
    double *next = u->memory;
    u->image = clile_i_vec_take(&next, z->n * z->d);
    u->image_inverse = clile_i_vec_take(&next, z->n);
    u->au = clile_i_vec_take(&next, z->c * z->d);
    u->au_inverse = clile_i_vec_take(&next, z->c);
    u->row = clile_i_vec_take(&next, z->d);
    u->diff_au = clile_i_vec_take(&next, z->c * z->d);
    clile_i_sim_forward_rows(z->similarity, z->n, z->d, z->embedding, u->image, u->image_inverse);
    clile_i_sim_forward_rows(z->similarity, z->c, z->d, z->au_embedding, u->au, u->au_inverse);
cleanup:
    return status;
}

clile_status clile_i_logits_forward(const clile_i_logits *z, float *logits)
{
    units u = {0};
    CLILE_I_RETURN_IF(make_units(z, &u));
    for (int64_t k = 0; k < z->n; ++k)
        for (int64_t a = 0; a < z->c; ++a) {
            const double sim = clile_i_vec_dot(z->d, u.image + k * z->d, u.au + a * z->d);
            logits[k * z->c + a] =
                (float)(z->scale * sim + (z->bias != NULL ? (double)z->bias[a] : 0));
        }
    clile_i_free(u.memory);
    return CLILE_OK;
}

static void add_to(int64_t count, const double *src, float *dst)
{
    for (int64_t i = 0; i < count; ++i) dst[i] = (float)((double)dst[i] + src[i]);
}

clile_status clile_i_logits_backward(const clile_i_logits *z, const float *diff_logits,
                                     float *diff_embedding, float *diff_au_embedding,
                                     double *diff_scale, float *diff_bias)
{
    units u = {0};
    const int64_t d = z->d, c = z->c;
    CLILE_I_RETURN_IF(make_units(z, &u));
    for (int64_t k = 0; k < z->n; ++k) {
        const double *image = u.image + k * d;
        clile_i_vec_zero(d, u.row);
        for (int64_t a = 0; a < c; ++a) {
            const double diff = (double)diff_logits[k * c + a];
            if (diff == 0) continue; /* the vector does not matter, finite or not */
            *diff_scale += diff * clile_i_vec_dot(d, image, u.au + a * d);
            clile_i_vec_add(d, diff * z->scale, u.au + a * d, u.row);
            clile_i_vec_add(d, diff * z->scale, image, u.diff_au + a * d);
        }
        clile_i_sim_backward(z->similarity, d, image, u.image_inverse[k], u.row);
        add_to(d, u.row, diff_embedding + k * d);
    }
    for (int64_t a = 0; a < c; ++a) {
        double sum = 0;
        for (int64_t k = 0; k < z->n; ++k) sum += (double)diff_logits[k * c + a];
        if (diff_bias != NULL) diff_bias[a] = (float)((double)diff_bias[a] + sum);
        clile_i_sim_backward(z->similarity, d, u.au + a * d, u.au_inverse[a], u.diff_au + a * d);
    }
    add_to(c * d, u.diff_au, diff_au_embedding);
    clile_i_free(u.memory);
    return CLILE_OK;
}
