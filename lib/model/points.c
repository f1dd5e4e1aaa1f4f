/* The head of points that training may leave in a model (option keep_points). It maps the embedding
 * to places in sides of the crop: W F + b. */
#include "model/model.h"

#include <string.h>

static const char weight_name[] = "points.weight", bias_name[] = "points.bias",
                  mirror_name[] = "points_mirror";
enum { MOST_POINTS = 4096 };

void clile_i_points_free(clile_i_points *points)
{
    clile_i_free(points->weight);
    clile_i_free(points->bias);
    clile_i_free(points->mirror);
    memset(points, 0, sizeof *points);
}

clile_status clile_i_points_create(int32_t p, int64_t d, int32_t has_mirror, clile_i_points *out)
{
    clile_status status = CLILE_OK;
    clile_i_points points = {.p = p};
    CLILE_I_ALLOC(points.weight, 2 * p * d);
    CLILE_I_ALLOC(points.bias, 2 * (int64_t)p);
    if (has_mirror) CLILE_I_ALLOC(points.mirror, p);
    *out = points;
    memset(&points, 0, sizeof points);
cleanup:
    clile_i_points_free(&points);
    return status;
}

clile_status clile_i_points_copy(const clile_i_points *points, int64_t d, clile_i_points *out)
{
    const size_t p = (size_t)points->p;
    if (p == 0) return CLILE_OK;
    CLILE_I_RETURN_IF(clile_i_points_create(points->p, d, points->mirror != NULL, out));
    memcpy(out->weight, points->weight, 2 * p * (size_t)d * sizeof *out->weight);
    memcpy(out->bias, points->bias, 2 * p * sizeof *out->bias);
    if (points->mirror != NULL) memcpy(out->mirror, points->mirror, p * sizeof *out->mirror);
    return CLILE_OK;
}

void clile_i_points_apply(const clile_i_points *points, int64_t n, int64_t d,
                          const float *embedding, float *xy)
{
    const int64_t rows = 2 * (int64_t)points->p;
    for (int64_t k = 0; k < n; ++k)
        for (int64_t i = 0; i < rows; ++i)
            xy[k * rows + i] =
                (float)(clile_i_vec_dot_f32(d, embedding + k * d, points->weight + i * d) +
                        (double)points->bias[i]);
}

clile_status clile_i_points_put(clile_i_st_writer *writer, int64_t d, const clile_i_points *points)
{
    const int64_t p = points->p, weight[2] = {2 * p, d}, bias = 2 * p;
    if (p == 0) return CLILE_OK;
    CLILE_I_RETURN_IF(
        clile_i_st_writer_add(writer, weight_name, CLILE_I_ST_F32, 2, weight, points->weight));
    CLILE_I_RETURN_IF(
        clile_i_st_writer_add(writer, bias_name, CLILE_I_ST_F32, 1, &bias, points->bias));
    if (points->mirror == NULL) return CLILE_OK;
    return clile_i_st_writer_add(writer, mirror_name, CLILE_I_ST_I32, 1, &p, points->mirror);
}

static clile_status get_mirror(const clile_i_st *st, clile_i_points *points)
{
    const int64_t p = points->p;
    CLILE_I_RETURN_IF(clile_i_st_copy(st, mirror_name, CLILE_I_ST_I32, 1, &p, points->mirror));
    for (int32_t k = 0; k < points->p; ++k) {
        const int32_t partner = points->mirror[k];
        if (partner < 0 || partner >= points->p || points->mirror[partner] != k)
            return clile_i_fail(CLILE_E_FORMAT,
                                "%s: tensor %s: the partner of %d is %d, expected a partner whose "
                                "own one is %d, from 0 to %d",
                                clile_i_st_path(st), mirror_name, (int)k, (int)partner, (int)k,
                                (int)points->p - 1);
    }
    return CLILE_OK;
}

clile_status clile_i_points_get(const clile_i_st *st, int64_t d, clile_i_points *out)
{
    const clile_i_st_tensor *weight = clile_i_st_find(st, weight_name);
    if (weight == NULL && clile_i_st_find(st, bias_name) == NULL) return CLILE_OK;
    /* a possible number of rows; copying reports any other shape */
    int64_t p = weight != NULL && weight->ndim > 0 ? weight->shape[0] / 2 : 1;
    if (p < 1 || p > MOST_POINTS) p = 1;
    const int64_t shape[2] = {2 * p, d}, bias = 2 * p;
    const char *path = clile_i_st_path(st);
    CLILE_I_RETURN_IF(
        clile_i_points_create((int32_t)p, d, clile_i_st_find(st, mirror_name) != NULL, out));
    CLILE_I_RETURN_IF(clile_i_st_copy(st, weight_name, CLILE_I_ST_F32, 2, shape, out->weight));
    CLILE_I_RETURN_IF(clile_i_st_copy(st, bias_name, CLILE_I_ST_F32, 1, &bias, out->bias));
    CLILE_I_RETURN_IF(clile_i_check_finite(path, weight_name, 2 * p * d, out->weight));
    CLILE_I_RETURN_IF(clile_i_check_finite(path, bias_name, 2 * p, out->bias));
    return out->mirror != NULL ? get_mirror(st, out) : CLILE_OK;
}
