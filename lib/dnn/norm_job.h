/* What batch_norm.c shares with norm_pool.c: the stages of a batch norm over planes. A plane is
 * one channel block of one image. Private to dnn. */
#ifndef CLILE_I_NORM_JOB_H
#define CLILE_I_NORM_JOB_H

#include "dnn/dnn.h"

typedef struct {
    const clile_i_batch_norm *norm;
    double *totals;    /* [channels][2], over all images */
    const void *extra; /* for the callbacks */
} clile_i_norm_job;

clile_i_norm_job clile_i_norm_job_of(const clile_i_batch_norm *norm);

typedef struct {
    clile_i_norm_job job;
    void (*gather)(const clile_i_norm_job *, int64_t n, int64_t cb); /* NULL: nothing to gather */
    void (*settle)(const clile_i_norm_job *, int64_t cb);
    void (*apply)(const clile_i_norm_job *, int64_t n, int64_t cb);
} clile_i_norm_stages;

/* Those of a forward pass that ends in `apply`. */
clile_i_norm_stages clile_i_norm_forward_stages(const clile_i_batch_norm *norm,
                                                void (*apply)(const clile_i_norm_job *, int64_t n,
                                                              int64_t cb));
/* gather over all planes of a channel block, then settle, then apply over all its planes. */
void clile_i_norm_run(clile_i_norm_stages *stages);

/* [block][2] of a plane */
double *clile_i_norm_sums(const clile_i_norm_job *job, int64_t n, int64_t cb);
int64_t clile_i_norm_plane_offset(const clile_i_dnn_layout *layout, int64_t n, int64_t cb);
void clile_i_norm_backward_settle(const clile_i_norm_job *job, int64_t cb);

/* What a backward pass reads and writes on one plane; NULL: absent. g = (diff_y + diff_y_more)
 * masked by y > 0; with relu_of_x by what forward made of x, which spares reading y. */
typedef struct {
    const float *x, *y, *diff_y, *diff_y_more;
    float *diff_x, *masked;
    uint8_t relu_of_x;
} clile_i_norm_plane;
/* sums = sum of g, and of g (x - mean); masked = g; diff_x = gamma inv_std g. `first`: first
 * channel of the plane. */
void clile_i_norm_backward_sum(const clile_i_batch_norm *norm, const clile_i_norm_plane *plane,
                               int64_t pixels, int64_t first, double *sums);

/* Per channel: diff_x = scale * (g - offset - (x - mean) * slope); totals start at channel
 * `first`. */
typedef struct {
    float scale, mean, beta, offset, slope;
} clile_i_norm_slope;
void clile_i_norm_slopes(const clile_i_batch_norm *norm, int64_t first, int64_t width,
                         const double *totals, clile_i_norm_slope *out);

#endif
