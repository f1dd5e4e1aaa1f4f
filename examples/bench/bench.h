/* What the files of clile-bench share. */
#ifndef BENCH_H
#define BENCH_H

#include "base/base.h"
#include "net/net.h"

enum { MAX_RUNS = 1000, MAX_BUSY = 64 };

typedef struct {
    int32_t recompute;
    const char *mode, *backbone, *data, *precision;
    int32_t stem; /* clile_i_stem */
    double width;
    int32_t embedding, size, batch, threads, busy, runs;
    int json;
} bench_args;

double now(void);                         /* seconds */
double median(double *values, int32_t n); /* sorts them */

/* Training with its input: seconds that the loop waits for a batch, and seconds of the whole step.
 * [0]: batches made between steps; [1]: by a worker, one step ahead. */
typedef struct {
    double input[2], step[2];
    double ratio; /* step[1] / step[0], median over pairs of neighbouring steps */
} bench_input;

/* One step on a batch: forward, backward, update. */
typedef struct bench_step {
    clile_status (*run)(struct bench_step *step, const float *src);
} bench_step;

/* input.c: `step` fed by lib/data, with the default augmentation, from a->data or from crops of
 * noise. */
clile_status measure_input(const bench_args *a, bench_step *step, bench_input *out);

/* `clile bench infer` (infer.c) and the process it starts for each of our engines (worker.c):
 * exit codes 0, 1, 2. */
int bench_infer(int argc, char **argv);
int bench_worker(int argc, char **argv);

/* A process that answers each line with a line (process.c). */
typedef struct {
    int pid;
    FILE *to, *from;
} bench_process;
/* 0 if it cannot be started. argv ends with NULL. */
int bench_process_start(bench_process *process, char *const *argv);
/* Sends a line (NULL: nothing) and reads one line of answer, without its newline; 0 if there is
 * none. */
int bench_process_ask(bench_process *process, const char *line, char *answer, size_t size);
void bench_process_end(bench_process *process);

#endif
