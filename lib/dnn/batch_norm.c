/* Batch norm (Ioffe and Szegedy, 2015), with the residual addition and the ReLU that follow it
 * in a ResNet:
 *   y = relu?(gamma * xhat + beta + residual?), xhat = (x - mean) * inv_std, inv_std = 1 /
 *   sqrt(variance + eps)
 * and with g = diff_y masked by y > 0, sums over the m = n h w elements of a channel:
 *   diff_beta = sum g, diff_gamma = sum g xhat, diff_residual = g
 *   diff_x = gamma inv_std (g - diff_beta / m - xhat diff_gamma / m)    (frozen: gamma inv_std g)
 *
 * Memory traffic is the whole cost. So the statistics take one pass (sums of x - k and (x - k)^2
 * with k = the channel's first element, in float for a few hundred elements and in double above),
 * and one more pass applies everything. A plane is one channel block of one image; sums are kept
 * per plane and added in the order of the images, for any team size. */
#include "dnn/norm_job.h"
#include "dnn/vector.h"

#include <math.h>
#include <omp.h>

enum {
    /* floats of one array at a time: three such pieces fit the first-level cache */
    CHUNK = 2048,
    TOGETHER = 8192, /* floats of one image: channel blocks with fewer go together */
    GRAIN = 16384    /* floats: fewer are not worth waking a thread for */
};

static int64_t pixels_per_chunk(int64_t block)
{
    const int64_t pixels = CHUNK / block;
    return pixels < 8 ? 8 : pixels;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ---- kernels: one plane, `pixels` rows of `block` channels ----------------------------------- */

/* Channels go by `parts` vectors of `width` lanes: two fill a line of the cache, of which memory
 * is then read once. */
enum { MOST_PARTS = 2 };

/* How many vectors of eight channels go at once from channel c of a block on; fewer channels than
 * eight are one that is not full. */
static int parts_at(int64_t block, int64_t c)
{
    return block - c >= MOST_PARTS * CLILE_I_LANES ? MOST_PARTS : 1;
}

#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector) /* gcc 12, clang */
#define SHUFFLES
typedef double wide __attribute__((vector_size(64), aligned(8), may_alias));
#endif
#endif

/* sums[k][2] += a[k], b[k] */
CLILE_I_INLINE void add_sums(double *sums, const clile_i_v8 *a, const clile_i_v8 *b, int64_t width)
{
#ifdef SHUFFLES
    if (width == CLILE_I_LANES) {
        wide *out = (wide *)(void *)sums;
        out[0] += __builtin_convertvector(__builtin_shufflevector(*a, *b, 0, 8, 1, 9, 2, 10, 3, 11),
                                          wide);
        out[1] += __builtin_convertvector(
            __builtin_shufflevector(*a, *b, 4, 12, 5, 13, 6, 14, 7, 15), wide);
        return;
    }
#endif
    for (int64_t k = 0; k < width; ++k) {
        sums[2 * k] += (double)(*a)[k];
        sums[2 * k + 1] += (double)(*b)[k];
    }
}

CLILE_I_INLINE void statistics_rows(const float *x, int64_t pixels, int64_t block,
                                    const float *first, double *sums, const int parts,
                                    const int64_t width)
{
    clile_i_v8 shift[MOST_PARTS], s[2][MOST_PARTS] = {0}, q[2][MOST_PARTS] = {0};
    for (int i = 0; i < parts; ++i) CLILE_I_LOAD(shift[i], first + i * CLILE_I_LANES, width);
    for (int64_t p = 0; p < pixels; p += 2)
        for (int odd = 0; odd < 2 && p + odd < pixels; ++odd)
            for (int i = 0; i < parts; ++i) {
                clile_i_v8 a;
                CLILE_I_LOAD(a, x + (p + odd) * block + i * CLILE_I_LANES, width);
                a -= shift[i];
                s[odd][i] += a;
                q[odd][i] += a * a;
            }
    for (int i = 0; i < parts; ++i) {
        s[0][i] += s[1][i];
        q[0][i] += q[1][i];
        add_sums(sums + 2 * i * CLILE_I_LANES, &s[0][i], &q[0][i], width);
    }
}

/* sums[c][2] += sum of x - first[c], and of its square */
CLILE_I_CLONES static void statistics_plane(const float *x, int64_t pixels, int64_t block,
                                            const float *first, double *sums)
{
    const int64_t chunk = pixels_per_chunk(block);
    for (int64_t p = 0; p < pixels; p += chunk) {
        const int64_t rows = smaller(chunk, pixels - p);
        for (int64_t c = 0; c < block; c += parts_at(block, c) * CLILE_I_LANES) {
            const float *from = x + p * block + c;
            if (parts_at(block, c) == MOST_PARTS)
                statistics_rows(from, rows, block, first + c, sums + 2 * c, MOST_PARTS,
                                CLILE_I_LANES);
            else if (block - c >= CLILE_I_LANES)
                statistics_rows(from, rows, block, first + c, sums + 2 * c, 1, CLILE_I_LANES);
            else
                statistics_rows(from, rows, block, first + c, sums + 2 * c, 1, block - c);
        }
    }
}

CLILE_I_INLINE void apply_rows(const float *x, const float *residual, float *y, int64_t pixels,
                               int64_t block, const clile_i_batch_norm *norm, int64_t c,
                               const int relu, const int parts, const int64_t width)
{
    clile_i_v8 a[MOST_PARTS], b[MOST_PARTS], m[MOST_PARTS], r;
    for (int i = 0; i < parts; ++i) {
        const int64_t at = c + i * CLILE_I_LANES;
        CLILE_I_LOAD(a[i], norm->gamma + at, width);
        CLILE_I_LOAD(r, norm->inv_std + at, width);
        CLILE_I_LOAD(b[i], norm->beta + at, width);
        CLILE_I_LOAD(m[i], norm->mean + at, width);
        a[i] *= r;
    }
    for (int64_t p = 0; p < pixels; ++p)
        for (int i = 0; i < parts; ++i) {
            const int64_t at = p * block + i * CLILE_I_LANES;
            clile_i_v8 v;
            CLILE_I_LOAD(v, x + at, width);
            v = (v - m[i]) * a[i] + b[i];
            if (residual != NULL) {
                CLILE_I_LOAD(r, residual + at, width);
                v += r;
            }
            if (relu) v = CLILE_I_RELU(v);
            CLILE_I_STORE(y + at, v, width);
        }
}

/* y = relu?((x - mean) * gamma * inv_std + beta + residual?) of the plane whose first channel is
 * `first` */
CLILE_I_CLONES static void apply_plane(const clile_i_batch_norm *norm, const float *x,
                                       const float *residual, float *y, int64_t first)
{
    const int64_t block = norm->layout.block, pixels = norm->layout.h * norm->layout.w;
    const int64_t chunk = pixels_per_chunk(block);
    for (int64_t p = 0; p < pixels; p += chunk) {
        const int64_t rows = smaller(chunk, pixels - p);
        for (int64_t c = 0; c < block; c += parts_at(block, c) * CLILE_I_LANES) {
            const int64_t at = p * block + c, width = smaller(CLILE_I_LANES, block - c);
            const float *r = residual == NULL ? NULL : residual + at;
            const int64_t from = first + c;
            if (parts_at(block, c) < MOST_PARTS)
                apply_rows(x + at, r, y + at, rows, block, norm, from, norm->relu, 1, width);
            else if (residual != NULL)
                apply_rows(x + at, r, y + at, rows, block, norm, from, norm->relu, MOST_PARTS,
                           CLILE_I_LANES);
            else if (norm->relu)
                apply_rows(x + at, NULL, y + at, rows, block, norm, from, 1, MOST_PARTS,
                           CLILE_I_LANES);
            else
                apply_rows(x + at, NULL, y + at, rows, block, norm, from, 0, MOST_PARTS,
                           CLILE_I_LANES);
        }
    }
}

/* diff_y + diff_y_more, masked by y > 0 where y is read */
CLILE_I_INLINE void load_g(const clile_i_norm_plane *t, int64_t at, clile_i_v8 *g,
                           const int64_t width)
{
    clile_i_v8 v;
    CLILE_I_LOAD(*g, t->diff_y + at, width);
    if (t->diff_y_more != NULL) {
        CLILE_I_LOAD(v, t->diff_y_more + at, width);
        *g += v;
    }
    if (t->y != NULL) {
        CLILE_I_LOAD(v, t->y + at, width);
        *g = CLILE_I_MASK(*g, v);
    }
}

/* The gradient that a ReLU lets through, and x less its mean. */
CLILE_I_INLINE void load_g_and_x(const clile_i_norm_plane *t, int64_t here, const clile_i_v8 *mean,
                                 const clile_i_v8 *scale, const clile_i_v8 *beta, clile_i_v8 *g,
                                 clile_i_v8 *x, const int64_t width)
{
    load_g(t, here, g, width);
    CLILE_I_LOAD(*x, t->x + here, width);
    *x -= *mean;
    if (t->relu_of_x) *g = CLILE_I_MASK(*g, *x * *scale + *beta);
}

CLILE_I_INLINE void backward_sum_rows(const clile_i_norm_plane *t, int64_t at, int64_t pixels,
                                      int64_t block, const clile_i_batch_norm *norm, int64_t c,
                                      double *sums, const int parts, const int64_t width)
{
    clile_i_v8 m[MOST_PARTS], a[MOST_PARTS], b[MOST_PARTS];
    clile_i_v8 r, s[MOST_PARTS] = {0}, q[MOST_PARTS] = {0};
    for (int i = 0; i < parts; ++i) {
        const int64_t from = c + i * CLILE_I_LANES;
        CLILE_I_LOAD(m[i], norm->mean + from, width);
        CLILE_I_LOAD(a[i], norm->gamma + from, width);
        CLILE_I_LOAD(b[i], norm->beta + from, width);
        CLILE_I_LOAD(r, norm->inv_std + from, width);
        a[i] *= r;
    }
    for (int64_t p = 0; p < pixels; ++p)
        for (int i = 0; i < parts; ++i) {
            const int64_t here = at + p * block + i * CLILE_I_LANES;
            clile_i_v8 g, x;
            load_g_and_x(t, here, &m[i], &a[i], &b[i], &g, &x, width);
            s[i] += g;
            q[i] += g * x;
            if (t->masked != NULL) CLILE_I_STORE(t->masked + here, g, width);
            if (t->diff_x != NULL) {
                g *= a[i];
                CLILE_I_STORE(t->diff_x + here, g, width);
            }
        }
    for (int i = 0; i < parts; ++i) add_sums(sums + 2 * i * CLILE_I_LANES, &s[i], &q[i], width);
}

/* sums[c][2] += sum of g, and of g (x - mean); masked = g; diff_x = gamma inv_std g (complete if
 * statistics are frozen) */
CLILE_I_CLONES static void backward_sum_plane(const clile_i_batch_norm *norm,
                                              const clile_i_norm_plane *t, int64_t pixels,
                                              int64_t first, double *sums)
{
    const int64_t block = norm->layout.block;
    const int64_t chunk = pixels_per_chunk(block);
    for (int64_t p = 0; p < pixels; p += chunk) {
        const int64_t rows = smaller(chunk, pixels - p);
        for (int64_t c = 0; c < block; c += parts_at(block, c) * CLILE_I_LANES) {
            const int64_t at = p * block + c;
            if (parts_at(block, c) == MOST_PARTS)
                backward_sum_rows(t, at, rows, block, norm, first + c, sums + 2 * c, MOST_PARTS,
                                  CLILE_I_LANES);
            else if (block - c >= CLILE_I_LANES)
                backward_sum_rows(t, at, rows, block, norm, first + c, sums + 2 * c, 1,
                                  CLILE_I_LANES);
            else
                backward_sum_rows(t, at, rows, block, norm, first + c, sums + 2 * c, 1, block - c);
        }
    }
}

void clile_i_norm_backward_sum(const clile_i_batch_norm *norm, const clile_i_norm_plane *t,
                               int64_t pixels, int64_t first, double *sums)
{
    memset(sums, 0, (size_t)(2 * norm->layout.block) * sizeof *sums);
    backward_sum_plane(norm, t, pixels, first, sums);
}

CLILE_I_INLINE void backward_apply_rows(const clile_i_norm_plane *t, int64_t at, int64_t pixels,
                                        int64_t block, const clile_i_norm_slope *k, const int parts,
                                        const int64_t width)
{
    enum { SCALE, MEAN, BETA, OFFSET, SLOPE, KINDS };
    float value[KINDS][MOST_PARTS * CLILE_I_LANES] = {{0}};
    clile_i_v8 scale[MOST_PARTS], mean[MOST_PARTS], beta[MOST_PARTS];
    clile_i_v8 offset[MOST_PARTS], slope[MOST_PARTS];
    for (int64_t c = 0; c < (parts - 1) * CLILE_I_LANES + width; ++c) {
        value[SCALE][c] = k[c].scale;
        value[MEAN][c] = k[c].mean;
        value[BETA][c] = k[c].beta;
        value[OFFSET][c] = k[c].offset;
        value[SLOPE][c] = k[c].slope;
    }
    for (int i = 0; i < parts; ++i) {
        const int64_t c = i * CLILE_I_LANES;
        CLILE_I_LOAD(scale[i], value[SCALE] + c, width);
        CLILE_I_LOAD(mean[i], value[MEAN] + c, width);
        CLILE_I_LOAD(beta[i], value[BETA] + c, width);
        CLILE_I_LOAD(offset[i], value[OFFSET] + c, width);
        CLILE_I_LOAD(slope[i], value[SLOPE] + c, width);
    }
    for (int64_t p = 0; p < pixels; ++p)
        for (int i = 0; i < parts; ++i) {
            const int64_t here = at + p * block + i * CLILE_I_LANES;
            clile_i_v8 g, x;
            load_g_and_x(t, here, &mean[i], &scale[i], &beta[i], &g, &x, width);
            g = scale[i] * (g - offset[i] - x * slope[i]);
            CLILE_I_STORE(t->diff_x + here, g, width);
        }
}

/* Values of a channel in the batch. */
static double values_of(const clile_i_batch_norm *norm)
{
    const clile_i_dnn_layout *l = &norm->layout;
    return (double)(l->n * l->h * l->w) * (norm->sync != NULL ? norm->sync->ranks : 1);
}

void clile_i_norm_slopes(const clile_i_batch_norm *norm, int64_t first, int64_t width,
                         const double *totals, clile_i_norm_slope *out)
{
    const double count = values_of(norm);
    for (int64_t i = 0; i < width; ++i) {
        const double r = (double)norm->inv_std[first + i];
        out[i].scale = norm->gamma[first + i] * norm->inv_std[first + i];
        out[i].mean = norm->mean[first + i];
        out[i].beta = norm->beta[first + i];
        out[i].offset = (float)(totals[2 * i] / count);
        out[i].slope = (float)(totals[2 * i + 1] * r * r / count);
    }
}

CLILE_I_CLONES static void backward_apply_plane(const clile_i_batch_norm *norm,
                                                const clile_i_norm_plane *t, int64_t first,
                                                const double *totals)
{
    const int64_t block = norm->layout.block, pixels = norm->layout.h * norm->layout.w;
    const int64_t chunk = pixels_per_chunk(block);
    for (int64_t p = 0; p < pixels; p += chunk) {
        const int64_t rows = smaller(chunk, pixels - p);
        for (int64_t c = 0; c < block; c += parts_at(block, c) * CLILE_I_LANES) {
            const int64_t at = p * block + c;
            const int64_t width = smaller(parts_at(block, c) * CLILE_I_LANES, block - c);
            clile_i_norm_slope k[MOST_PARTS * CLILE_I_LANES];
            clile_i_norm_slopes(norm, first + c, width, totals + 2 * c, k);
            if (width == MOST_PARTS * CLILE_I_LANES)
                backward_apply_rows(t, at, rows, block, k, MOST_PARTS, CLILE_I_LANES);
            else if (width == CLILE_I_LANES)
                backward_apply_rows(t, at, rows, block, k, 1, CLILE_I_LANES);
            else
                backward_apply_rows(t, at, rows, block, k, 1, width);
        }
    }
}

/* ---- the stages of a job, by plane and by channel block -------------------------------------- */

double *clile_i_norm_sums(const clile_i_norm_job *j, int64_t n, int64_t cb)
{
    const clile_i_dnn_layout *l = &j->norm->layout;
    return j->norm->partial + 2 * (n * l->channels + cb * l->block);
}

int64_t clile_i_norm_plane_offset(const clile_i_dnn_layout *l, int64_t n, int64_t cb)
{
    return n * l->image_stride + cb * l->block_stride;
}

static void forward_gather(const clile_i_norm_job *j, int64_t n, int64_t cb)
{
    const clile_i_dnn_layout *l = &j->norm->layout;
    double *sums = clile_i_norm_sums(j, n, cb);
    memset(sums, 0, (size_t)(2 * l->block) * sizeof *sums);
    statistics_plane(j->norm->src + clile_i_norm_plane_offset(l, n, cb), l->h * l->w, l->block,
                     j->norm->src + clile_i_norm_plane_offset(l, 0, cb), sums);
}

static void add_planes(const clile_i_norm_job *j, int64_t cb)
{
    const clile_i_dnn_layout *l = &j->norm->layout;
    double *totals = j->totals + 2 * cb * l->block;
    memset(totals, 0, (size_t)(2 * l->block) * sizeof *totals);
    for (int64_t n = 0; n < l->n; ++n) {
        const double *sums = clile_i_norm_sums(j, n, cb);
        for (int64_t i = 0; i < 2 * l->block; ++i) totals[i] += sums[i];
    }
}

static void forward_settle(const clile_i_norm_job *j, int64_t cb)
{
    const clile_i_batch_norm *norm = j->norm;
    const clile_i_dnn_layout *l = &norm->layout;
    const float *first = norm->src + clile_i_norm_plane_offset(l, 0, cb);
    const double count = values_of(norm);
    if (norm->sync == NULL) add_planes(j, cb);
    for (int64_t i = 0; i < l->block; ++i) {
        const int64_t c = cb * l->block + i;
        const float from = norm->sync == NULL ? first[i] : c < l->c ? norm->running_mean[c] : 0.0F;
        const double shifted = j->totals[2 * c] / count;
        const double raw = j->totals[2 * c + 1] / count - shifted * shifted;
        const double variance = raw < 0.0 ? 0.0 : raw; /* NaN stays NaN */
        const double mean = (double)from + shifted;
        const double unbiased = count > 1.0 ? variance * count / (count - 1.0) : variance;
        norm->mean[c] = (float)mean;
        norm->inv_std[c] = (float)(1.0 / sqrt(variance + norm->eps));
        if (c >= l->c) continue; /* padding */
        norm->running_mean[c] += (float)(norm->momentum * (mean - (double)norm->running_mean[c]));
        norm->running_variance[c] +=
            (float)(norm->momentum * (unbiased - (double)norm->running_variance[c]));
    }
}

static void forward_settle_frozen(const clile_i_norm_job *j, int64_t cb)
{
    const clile_i_batch_norm *norm = j->norm;
    for (int64_t c = cb * norm->layout.block; c < (cb + 1) * norm->layout.block; ++c) {
        norm->mean[c] = norm->running_mean[c];
        norm->inv_std[c] = (float)(1.0 / sqrt((double)norm->running_variance[c] + norm->eps));
    }
}

static void keep_settled(const clile_i_norm_job *j, int64_t cb)
{
    (void)j, (void)cb;
}

static void forward_apply(const clile_i_norm_job *j, int64_t n, int64_t cb)
{
    const clile_i_batch_norm *norm = j->norm;
    const int64_t at = clile_i_norm_plane_offset(&norm->layout, n, cb);
    apply_plane(norm, norm->src + at, norm->residual == NULL ? NULL : norm->residual + at,
                norm->dst + at, cb * norm->layout.block);
}

static clile_i_norm_plane plane_at(const clile_i_batch_norm *norm, int64_t at)
{
    return (clile_i_norm_plane){
        .x = norm->src + at,
        .y = norm->relu && norm->residual != NULL ? norm->dst + at : NULL,
        .relu_of_x = norm->relu && norm->residual == NULL,
        .diff_y = norm->diff_dst + at,
        .diff_y_more = norm->diff_dst_more == NULL ? NULL : norm->diff_dst_more + at,
        .diff_x = norm->diff_src + at,
        .masked = norm->diff_residual == NULL ? NULL : norm->diff_residual + at};
}

static void backward_gather(const clile_i_norm_job *j, int64_t n, int64_t cb)
{
    const clile_i_batch_norm *norm = j->norm;
    clile_i_norm_plane t = plane_at(norm, clile_i_norm_plane_offset(&norm->layout, n, cb));
    if (!norm->frozen) t.diff_x = NULL;
    clile_i_norm_backward_sum(norm, &t, norm->layout.h * norm->layout.w, cb * norm->layout.block,
                              clile_i_norm_sums(j, n, cb));
}

void clile_i_norm_backward_settle(const clile_i_norm_job *j, int64_t cb)
{
    const clile_i_batch_norm *norm = j->norm;
    if (norm->sync == NULL) add_planes(j, cb);
    for (int64_t c = cb * norm->layout.block; c < (cb + 1) * norm->layout.block; ++c) {
        norm->diff_beta[c] = (float)j->totals[2 * c];
        norm->diff_gamma[c] = (float)(j->totals[2 * c + 1] * (double)norm->inv_std[c]);
    }
}

static void backward_apply(const clile_i_norm_job *j, int64_t n, int64_t cb)
{
    const clile_i_batch_norm *norm = j->norm;
    clile_i_norm_plane t = plane_at(norm, clile_i_norm_plane_offset(&norm->layout, n, cb));
    if (norm->frozen) return;
    if (t.masked != NULL) /* g is already there */
        t = (clile_i_norm_plane){.x = t.x, .diff_y = t.masked, .diff_x = t.diff_x};
    backward_apply_plane(norm, &t, cb * norm->layout.block,
                         j->totals + 2 * cb * norm->layout.block);
}

/* ---- order of the work ----------------------------------------------------------------------- */

/* Channel blocks whose planes of one image are read in a row: short planes alone are too short for
 * the processor to read ahead, and planes of one block lie apart by a stride that few sets of its
 * caches share. */
static int64_t blocks_at_once(const clile_i_dnn_layout *l)
{
    const int64_t blocks = TOGETHER / (l->h * l->w * l->block);
    return blocks < 1 ? 1 : blocks;
}

static void run_blocks(int64_t begin, int64_t end, void *context)
{
    const clile_i_norm_stages *s = context;
    const clile_i_dnn_layout *l = &s->job.norm->layout;
    const int64_t most = blocks_at_once(l);
    for (int64_t first = begin; first < end; first += most) {
        const int64_t last = smaller(first + most, end);
        for (int64_t n = 0; s->gather != NULL && n < l->n; ++n)
            for (int64_t cb = first; cb < last; ++cb) s->gather(&s->job, n, cb);
        for (int64_t cb = first; cb < last; ++cb) s->settle(&s->job, cb);
        /* the last one is still in the cache */
        for (int64_t n = l->n - 1; n >= 0; --n)
            for (int64_t cb = last - 1; cb >= first; --cb) s->apply(&s->job, n, cb);
    }
}

static void gather_planes(int64_t begin, int64_t end, void *context)
{
    const clile_i_norm_stages *s = context;
    const int64_t blocks = s->job.norm->layout.blocks;
    for (int64_t i = begin; i < end; ++i) s->gather(&s->job, i / blocks, i % blocks);
}

static void apply_planes(int64_t begin, int64_t end, void *context)
{
    const clile_i_norm_stages *s = context;
    const int64_t blocks = s->job.norm->layout.blocks;
    for (int64_t i = end - 1; i >= begin; --i) s->apply(&s->job, i / blocks, i % blocks);
}

/* Sums around a channel's first value become sums around its running mean, which is the same in all
 * processes. */
static void shift_sums(const clile_i_norm_job *j)
{
    const clile_i_dnn_layout *l = &j->norm->layout;
    const double count = (double)(l->n * l->h * l->w);
    for (int64_t c = 0; c < l->channels; ++c) {
        const int64_t first = clile_i_norm_plane_offset(l, 0, c / l->block) + c % l->block;
        const double mean = c < l->c ? (double)j->norm->running_mean[c] : 0.0;
        const double by = (double)j->norm->src[first] - mean;
        double *sums = j->totals + 2 * c;
        sums[1] += 2.0 * by * sums[0] + count * by * by;
        sums[0] += count * by;
    }
}

/* The stages in the order that sums over several processes need. Backward settles before: each has
 * its own part of the parameters' gradients. */
static void run_synchronised(clile_i_norm_stages *s)
{
    const clile_i_dnn_layout *l = &s->job.norm->layout;
    clile_i_norm_sync *sync = s->job.norm->sync;
    const int forward = s->settle == forward_settle;
    clile_i_parallel_for(l->n * l->blocks, 1, gather_planes, s);
    for (int64_t cb = 0; cb < l->blocks; ++cb) add_planes(&s->job, cb);
    if (forward) shift_sums(&s->job);
    for (int64_t cb = 0; !forward && cb < l->blocks; ++cb) s->settle(&s->job, cb);
    if (sync->status == CLILE_OK)
        sync->status = sync->sum(sync->context, 2 * l->channels, s->job.totals);
    for (int64_t cb = 0; forward && cb < l->blocks; ++cb) s->settle(&s->job, cb);
    clile_i_parallel_for(l->n * l->blocks, 1, apply_planes, s);
}

/* Whole channel blocks keep a thread's data in its cache from one stage to the next. If there are
 * too few blocks to keep the team busy, planes are shared out stage by stage. Both ways add in the
 * same order. */
void clile_i_norm_run(clile_i_norm_stages *s)
{
    const clile_i_dnn_layout *l = &s->job.norm->layout;
    if (s->job.norm->sync != NULL && !s->job.norm->frozen && s->settle != keep_settled) {
        run_synchronised(s);
        return;
    }
    const int64_t team = omp_get_max_threads();
    const int64_t block_floats = l->n * l->block_stride, grain = 1 + (GRAIN - 1) / block_floats;
    if (l->blocks % team == 0 || l->blocks >= 4 * team || l->blocks <= grain) {
        clile_i_parallel_for(l->blocks, grain, run_blocks, s);
        return;
    }
    if (s->gather != NULL) clile_i_parallel_for(l->n * l->blocks, 1, gather_planes, s);
    for (int64_t cb = 0; cb < l->blocks; ++cb) s->settle(&s->job, cb);
    clile_i_parallel_for(l->n * l->blocks, 1, apply_planes, s);
}

clile_i_norm_job clile_i_norm_job_of(const clile_i_batch_norm *norm)
{
    return (clile_i_norm_job){norm, norm->partial + 2 * norm->layout.n * norm->layout.channels,
                              NULL};
}

int64_t clile_i_batch_norm_partial_count(const clile_i_dnn_layout *layout)
{
    return 2 * (layout->n + 1) * layout->channels;
}

clile_i_norm_stages clile_i_norm_forward_stages(const clile_i_batch_norm *norm,
                                                void (*apply)(const clile_i_norm_job *, int64_t n,
                                                              int64_t cb))
{
    const int known = norm->again || norm->frozen;
    return (clile_i_norm_stages){clile_i_norm_job_of(norm), known ? NULL : forward_gather,
                                 norm->again    ? keep_settled
                                 : norm->frozen ? forward_settle_frozen
                                                : forward_settle,
                                 apply};
}

void clile_i_batch_norm_forward(const clile_i_batch_norm *norm)
{
    clile_i_norm_stages s = clile_i_norm_forward_stages(norm, forward_apply);
    clile_i_norm_run(&s);
}

void clile_i_batch_norm_backward(const clile_i_batch_norm *norm)
{
    clile_i_norm_stages s = {clile_i_norm_job_of(norm), backward_gather,
                             clile_i_norm_backward_settle, backward_apply};
    clile_i_norm_run(&s);
}
