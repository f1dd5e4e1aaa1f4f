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
    GRAIN = 16384 /* floats: fewer are not worth waking a thread for */
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

CLILE_I_INLINE void add_sums(double *sums, const clile_i_v8 *a, const clile_i_v8 *b, int64_t width)
{
    for (int64_t k = 0; k < width; ++k) {
        sums[2 * k] += (double)(*a)[k];
        sums[2 * k + 1] += (double)(*b)[k];
    }
}

CLILE_I_INLINE void statistics_rows(const float *x, int64_t pixels, int64_t block,
                                    const float *first, double *sums, const int64_t width)
{
    clile_i_v8 shift, s0 = {0}, s1 = {0}, q0 = {0}, q1 = {0};
    int64_t p = 0;
    CLILE_I_LOAD(shift, first, width);
    for (; p + 1 < pixels; p += 2) {
        clile_i_v8 a, b;
        CLILE_I_LOAD(a, x + p * block, width);
        CLILE_I_LOAD(b, x + (p + 1) * block, width);
        a -= shift;
        b -= shift;
        s0 += a;
        s1 += b;
        q0 += a * a;
        q1 += b * b;
    }
    if (p < pixels) {
        clile_i_v8 a;
        CLILE_I_LOAD(a, x + p * block, width);
        a -= shift;
        s0 += a;
        q0 += a * a;
    }
    s0 += s1;
    q0 += q1;
    add_sums(sums, &s0, &q0, width);
}

/* sums[c][2] += sum of x - first[c], and of its square */
CLILE_I_CLONES static void statistics_plane(const float *x, int64_t pixels, int64_t block,
                                            const float *first, double *sums)
{
    const int64_t chunk = pixels_per_chunk(block);
    for (int64_t p = 0; p < pixels; p += chunk) {
        const int64_t rows = smaller(chunk, pixels - p);
        for (int64_t c = 0; c < block; c += CLILE_I_LANES) {
            if (block - c >= CLILE_I_LANES)
                statistics_rows(x + p * block + c, rows, block, first + c, sums + 2 * c,
                                CLILE_I_LANES);
            else
                statistics_rows(x + p * block + c, rows, block, first + c, sums + 2 * c, block - c);
        }
    }
}

CLILE_I_INLINE void apply_rows(const float *x, const float *residual, float *y, int64_t pixels,
                               int64_t block, const clile_i_batch_norm *norm, int64_t c,
                               const int relu, const int64_t width)
{
    clile_i_v8 a, b, m, r;
    CLILE_I_LOAD(a, norm->gamma + c, width);
    CLILE_I_LOAD(r, norm->inv_std + c, width);
    CLILE_I_LOAD(b, norm->beta + c, width);
    CLILE_I_LOAD(m, norm->mean + c, width);
    a *= r;
    for (int64_t p = 0; p < pixels; ++p) {
        clile_i_v8 v;
        CLILE_I_LOAD(v, x + p * block, width);
        v = (v - m) * a + b;
        if (residual != NULL) {
            CLILE_I_LOAD(r, residual + p * block, width);
            v += r;
        }
        if (relu) v = CLILE_I_RELU(v);
        CLILE_I_STORE(y + p * block, v, width);
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
        for (int64_t c = 0; c < block; c += CLILE_I_LANES) {
            const int64_t at = p * block + c, width = smaller(CLILE_I_LANES, block - c);
            const float *r = residual == NULL ? NULL : residual + at;
            if (width < CLILE_I_LANES)
                apply_rows(x + at, r, y + at, rows, block, norm, first + c, norm->relu, width);
            else if (residual != NULL)
                apply_rows(x + at, r, y + at, rows, block, norm, first + c, norm->relu,
                           CLILE_I_LANES);
            else if (norm->relu)
                apply_rows(x + at, NULL, y + at, rows, block, norm, first + c, 1, CLILE_I_LANES);
            else
                apply_rows(x + at, NULL, y + at, rows, block, norm, first + c, 0, CLILE_I_LANES);
        }
    }
}

/* g = (diff_y + diff_y_more) masked by y > 0 */
#define LOAD_G(g, at, t, width)                                                                    \
    do {                                                                                           \
        CLILE_I_LOAD(g, (t)->diff_y + (at), width);                                                \
        if ((t)->diff_y_more != NULL) {                                                            \
            clile_i_v8 more_;                                                                      \
            CLILE_I_LOAD(more_, (t)->diff_y_more + (at), width);                                   \
            (g) += more_;                                                                          \
        }                                                                                          \
        if ((t)->y != NULL) {                                                                      \
            clile_i_v8 y_;                                                                         \
            CLILE_I_LOAD(y_, (t)->y + (at), width);                                                \
            (g) = CLILE_I_MASK(g, y_);                                                             \
        }                                                                                          \
    } while (0)

CLILE_I_INLINE void backward_sum_rows(const clile_i_norm_plane *t, int64_t at, int64_t pixels,
                                      int64_t block, const clile_i_batch_norm *norm, int64_t c,
                                      double *sums, const int64_t width)
{
    clile_i_v8 m, a, r, s = {0}, q = {0};
    CLILE_I_LOAD(m, norm->mean + c, width);
    CLILE_I_LOAD(a, norm->gamma + c, width);
    CLILE_I_LOAD(r, norm->inv_std + c, width);
    a *= r;
    for (int64_t p = 0; p < pixels; p++, at += block) {
        clile_i_v8 g, x;
        LOAD_G(g, at, t, width);
        CLILE_I_LOAD(x, t->x + at, width);
        s += g;
        q += g * (x - m);
        if (t->masked != NULL) CLILE_I_STORE(t->masked + at, g, width);
        if (t->diff_x != NULL) {
            g *= a;
            CLILE_I_STORE(t->diff_x + at, g, width);
        }
    }
    add_sums(sums, &s, &q, width);
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
        for (int64_t c = 0; c < block; c += CLILE_I_LANES) {
            if (block - c >= CLILE_I_LANES)
                backward_sum_rows(t, p * block + c, rows, block, norm, first + c, sums + 2 * c,
                                  CLILE_I_LANES);
            else
                backward_sum_rows(t, p * block + c, rows, block, norm, first + c, sums + 2 * c,
                                  block - c);
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
                                        int64_t block, const clile_i_norm_slope *k,
                                        const int64_t width)
{
    clile_i_v8 scale = {0}, mean = {0}, offset = {0}, slope = {0};
    for (int64_t i = 0; i < width; ++i) {
        scale[i] = k[i].scale;
        mean[i] = k[i].mean;
        offset[i] = k[i].offset;
        slope[i] = k[i].slope;
    }
    for (int64_t p = 0; p < pixels; p++, at += block) {
        clile_i_v8 g, x;
        LOAD_G(g, at, t, width);
        CLILE_I_LOAD(x, t->x + at, width);
        g = scale * (g - offset - (x - mean) * slope);
        CLILE_I_STORE(t->diff_x + at, g, width);
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
        for (int64_t c = 0; c < block; c += CLILE_I_LANES) {
            const int64_t width = smaller(CLILE_I_LANES, block - c);
            clile_i_norm_slope k[CLILE_I_LANES];
            clile_i_norm_slopes(norm, first + c, width, totals + 2 * c, k);
            if (width == CLILE_I_LANES)
                backward_apply_rows(t, p * block + c, rows, block, k, CLILE_I_LANES);
            else
                backward_apply_rows(t, p * block + c, rows, block, k, width);
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
        .y = norm->relu ? norm->dst + at : NULL,
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

static void run_blocks(int64_t begin, int64_t end, void *context)
{
    const clile_i_norm_stages *s = context;
    const int64_t images = s->job.norm->layout.n;
    for (int64_t cb = begin; cb < end; ++cb) {
        if (s->gather != NULL)
            for (int64_t n = 0; n < images; ++n) s->gather(&s->job, n, cb);
        s->settle(&s->job, cb);
        /* the last one is still in the cache */
        for (int64_t n = images - 1; n >= 0; --n) s->apply(&s->job, n, cb);
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
