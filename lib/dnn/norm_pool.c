/* The stem of a ResNet after its convolution in one operation: batch norm, ReLU, max pooling.
 *   y = max over window of relu(a (x - mean) + beta), a = gamma inv_std
 * The map of x is monotone (falling where a < 0). So the winner of a window is the maximum of x, or
 * of -x where a < 0, and only winners need the map. The array before pooling, the largest of the
 * net, is never written. Backward takes its sums over the winners. Forward keeps x of each winner
 * and its place, or no place where the ReLU is off: diff_x = a (g - diff_beta / m - xhat diff_gamma
 * / m), where g is the sum of diff_y over the windows that x wins. */
#include "dnn/norm_job.h"
#include "dnn/pool_window.h"

/* ---- forward --------------------------------------------------------------------------------- */

typedef struct {
    const float *x;
    float *y, *winner;
    uint8_t *index;
} forward_plane;

/* Windows of eight or fewer channels from channel c of the plane, output row oy. */
CLILE_I_INLINE void forward_row(const clile_i_norm_pool *op, const forward_plane *t, int64_t first,
                                int64_t c, int64_t oy, const int64_t width)
{
    const clile_i_max_pool *pool = &op->pool;
    const int64_t block = pool->src.block, row = pool->src.w * block, k = pool->k;
    const int64_t sy = oy * pool->stride - pool->pad;
    const clile_i_window_span u = clile_i_span_inside(sy, k, pool->src.h), full = {0, 3};
    clile_i_v8 gamma, scale, mean, beta;
    CLILE_I_LOAD(gamma, op->norm.gamma + first + c, width);
    CLILE_I_LOAD(scale, op->norm.inv_std + first + c, width);
    CLILE_I_LOAD(mean, op->norm.mean + first + c, width);
    CLILE_I_LOAD(beta, op->norm.beta + first + c, width);
    scale *= gamma;
    const clile_i_v8 one = (clile_i_v8){0} + 1.0F;
    const clile_i_v8 sign = one - 2.0F * (clile_i_v8)((clile_i_v8i)one & (scale < 0.0F));
    for (int64_t ox = 0; ox < pool->dst.w; ++ox) {
        const int64_t sx = ox * pool->stride - pool->pad, corner = sy * row + sx * block + c;
        const int64_t at = (oy * pool->dst.w + ox) * block + c;
        const clile_i_window_span v = clile_i_span_inside(sx, k, pool->src.w);
        clile_i_v8 best, winner, y;
        clile_i_v8i place;
        if (k == 3 && u.begin == 0 && u.end == 3 && v.begin == 0 &&
            v.end == 3) /* constants, for the compiler to unroll */
            clile_i_window_max(t->x, corner, row, block, 3, full, full, &sign, &best, &place,
                               width);
        else
            clile_i_window_max(t->x, corner, row, block, k, u, v, &sign, &best, &place, width);
        winner = best * sign;
        y = (winner - mean) * scale + beta;
        y = CLILE_I_RELU(y);
        CLILE_I_STORE(t->winner + at, winner, width);
        CLILE_I_STORE(t->y + at, y, width);
        place = (place & (y > 0.0F)) | (((clile_i_v8i){0} + CLILE_I_NO_WINNER) & ~(y > 0.0F));
        CLILE_I_STORE_BYTES(t->index + at, place, width);
    }
}

CLILE_I_CLONES static void forward_planes(const clile_i_norm_pool *op, const forward_plane *t,
                                          int64_t first)
{
    const int64_t block = op->pool.src.block;
    for (int64_t oy = 0; oy < op->pool.dst.h; ++oy) {
        for (int64_t c = 0; c < block; c += CLILE_I_LANES) {
            if (block - c >= CLILE_I_LANES)
                forward_row(op, t, first, c, oy, CLILE_I_LANES);
            else
                forward_row(op, t, first, c, oy, block - c);
        }
    }
}

static void forward_apply(const clile_i_norm_job *j, int64_t n, int64_t cb)
{
    const clile_i_norm_pool *op = j->extra;
    const int64_t at = clile_i_norm_plane_offset(&op->pool.dst, n, cb);
    const forward_plane t = {op->norm.src + clile_i_norm_plane_offset(&op->pool.src, n, cb),
                             op->dst + at, op->winner + at, op->index + at};
    forward_planes(op, &t, cb * op->pool.src.block);
}

void clile_i_norm_pool_forward(const clile_i_norm_pool *op)
{
    clile_i_norm_stages s = clile_i_norm_forward_stages(&op->norm, forward_apply);
    s.job.extra = op;
    clile_i_norm_run(&s);
}

/* ---- backward -------------------------------------------------------------------------------- */

static void backward_gather(const clile_i_norm_job *j, int64_t n, int64_t cb)
{
    const clile_i_norm_pool *op = j->extra;
    const clile_i_dnn_layout *l = &op->pool.dst;
    const int64_t at = clile_i_norm_plane_offset(l, n, cb);
    const clile_i_norm_plane t = {.x = op->winner + at,
                                  .y = op->dst + at,
                                  .diff_y = op->diff_dst + at,
                                  .diff_y_more =
                                      op->diff_dst_more == NULL ? NULL : op->diff_dst_more + at};
    clile_i_norm_backward_sum(&op->norm, &t, l->h * l->w, cb * l->block,
                              clile_i_norm_sums(j, n, cb));
}

typedef struct {
    const float *x, *diff_y, *diff_y_more;
    const uint8_t *index;
    float *diff_x;
} backward_plane;

/* One row of diff_x without the windows' part: -scale (offset + (x - mean) slope). */
CLILE_I_INLINE void start_row(const backward_plane *t, int64_t at, int64_t pixels, int64_t block,
                              const clile_i_norm_slope *k, const int64_t width)
{
    clile_i_v8 scale = {0}, mean = {0}, offset = {0}, slope = {0};
    for (int64_t i = 0; i < width; ++i) {
        scale[i] = -k[i].scale;
        mean[i] = k[i].mean;
        offset[i] = k[i].offset;
        slope[i] = k[i].slope;
    }
    for (int64_t p = 0; p < pixels; p++, at += block) {
        clile_i_v8 x;
        CLILE_I_LOAD(x, t->x + at, width);
        x = scale * (offset + (x - mean) * slope);
        CLILE_I_STORE(t->diff_x + at, x, width);
    }
}

CLILE_I_INLINE void spread_row(const clile_i_norm_pool *op, const backward_plane *t, int64_t c,
                               int64_t oy, const clile_i_norm_slope *slopes, const int64_t width)
{
    const clile_i_max_pool *pool = &op->pool;
    const int64_t block = pool->src.block, row = pool->src.w * block, k = pool->k;
    const int64_t sy = oy * pool->stride - pool->pad;
    const clile_i_window_span u = clile_i_span_inside(sy, k, pool->src.h), full = {0, 3};
    clile_i_v8 scale = {0};
    for (int64_t i = 0; i < width; ++i) scale[i] = slopes[i].scale;
    for (int64_t ox = 0; ox < pool->dst.w; ++ox) {
        const int64_t sx = ox * pool->stride - pool->pad, corner = sy * row + sx * block + c;
        const int64_t at = (oy * pool->dst.w + ox) * block + c;
        const clile_i_window_span v = clile_i_span_inside(sx, k, pool->src.w);
        clile_i_v8 g;
        CLILE_I_LOAD(g, t->diff_y + at, width);
        if (t->diff_y_more != NULL) {
            clile_i_v8 more;
            CLILE_I_LOAD(more, t->diff_y_more + at, width);
            g += more;
        }
        g *= scale;
        if (k == 3 && u.begin == 0 && u.end == 3 && v.begin == 0 && v.end == 3)
            clile_i_window_spread(t->diff_x, corner, row, block, 3, full, full, &g, t->index + at,
                                  width);
        else
            clile_i_window_spread(t->diff_x, corner, row, block, k, u, v, &g, t->index + at, width);
    }
}

/* Goes by output row: the rows of diff_x under a window are then still in the nearest cache. */
CLILE_I_CLONES static void backward_channels(const clile_i_norm_pool *op, const backward_plane *t,
                                             int64_t first, const double *totals)
{
    const clile_i_max_pool *pool = &op->pool;
    const int64_t block = pool->src.block, row = pool->src.w * block;
    int64_t started = 0; /* rows of diff_x */
    for (int64_t oy = 0; oy <= pool->dst.h; ++oy) {
        const int64_t reach = oy * pool->stride - pool->pad + pool->k;
        const int64_t until = oy == pool->dst.h || reach > pool->src.h ? pool->src.h : reach;
        for (int64_t c = 0; c < block; c += CLILE_I_LANES) {
            const int64_t width = block - c < CLILE_I_LANES ? block - c : CLILE_I_LANES;
            clile_i_norm_slope k[CLILE_I_LANES];
            clile_i_norm_slopes(&op->norm, first + c, width, totals + 2 * c, k);
            if (op->norm.frozen)
                for (int64_t i = 0; i < width; ++i) k[i].offset = k[i].slope = 0.0F;
            for (int64_t y = started; y < until; ++y) {
                if (width == CLILE_I_LANES)
                    start_row(t, y * row + c, pool->src.w, block, k, CLILE_I_LANES);
                else
                    start_row(t, y * row + c, pool->src.w, block, k, width);
            }
            if (oy == pool->dst.h) continue;
            if (width == CLILE_I_LANES)
                spread_row(op, t, c, oy, k, CLILE_I_LANES);
            else
                spread_row(op, t, c, oy, k, width);
        }
        if (until > started) started = until;
    }
}

static void backward_apply(const clile_i_norm_job *j, int64_t n, int64_t cb)
{
    const clile_i_norm_pool *op = j->extra;
    const int64_t from = clile_i_norm_plane_offset(&op->pool.src, n, cb),
                  at = clile_i_norm_plane_offset(&op->pool.dst, n, cb);
    const backward_plane t = {op->norm.src + from, op->diff_dst + at,
                              op->diff_dst_more == NULL ? NULL : op->diff_dst_more + at,
                              op->index + at, op->diff_src + from};
    backward_channels(op, &t, cb * op->pool.src.block, j->totals + 2 * cb * op->pool.src.block);
}

void clile_i_norm_pool_backward(const clile_i_norm_pool *op)
{
    clile_i_norm_stages s = {clile_i_norm_job_of(&op->norm), backward_gather,
                             clile_i_norm_backward_settle, backward_apply};
    s.job.extra = op;
    clile_i_norm_run(&s);
}
