/* What the files of clile-bench share. */
#ifndef BENCH_H
#define BENCH_H

#include "base/base.h"
#include "net/net.h"

enum { MAX_RUNS = 1000, MAX_BUSY = 64 };

typedef struct {
    const char *mode, *backbone, *data;
    double width;
    int32_t embedding, size, batch, threads, busy, runs;
    int json;
} bench_args;

double now(void);                         /* seconds */
double median(double *values, int32_t n); /* sorts them */

/* Training with its input: seconds that the loop waits for a batch, and of the whole step; [0] batches made between the
 * steps, [1] by a worker one step ahead. */
typedef struct {
    double input[2], step[2];
    double ratio; /* step[1] / step[0], median over pairs of neighbouring steps */
} bench_input;

/* One step on a batch: forward, backward, update. */
typedef struct bench_step {
    clile_status (*run)(struct bench_step *step, const float *src);
} bench_step;

/* input.c: `step` fed by lib/data with the training's default augmentation from a->data, or from made-up crops. */
clile_status measure_input(const bench_args *a, bench_step *step, bench_input *out);

#endif
