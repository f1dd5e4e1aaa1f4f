/* Times one compiled net on request, so that a script can alternate between it and something else
 * within the same minutes:
 *
 *     bench_net BACKBONE WIDTH BATCH SIZE train|infer THREADS
 *
 * For each line "step" on standard input it runs one step (forward and backward in training,
 * forward in inference), and for each line "convolutions" the convolution primitives alone. It
 * answers each with a line of JSON that gives the seconds. */
#include "net/net.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { EMBEDDING = 128 };

typedef struct {
    clile_i_net *net;
    clile_i_exec *exec;
    float *image, *diff, *dst;
    int training;
} bench;

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static clile_status prepare(bench *b, const char *const *argv)
{
    clile_status status = CLILE_OK;
    const clile_i_net_config config = {argv[1], strtod(argv[2], NULL), EMBEDDING, 0, {0}};
    const int32_t batch = (int32_t)strtol(argv[3], NULL, 10),
                  size = (int32_t)strtol(argv[4], NULL, 10);
    clile_i_rng rng = clile_i_rng_make(1, 1);
    b->training = strcmp(argv[5], "train") == 0;
    clile_i_threads_set((int32_t)strtol(argv[6], NULL, 10));
    CLILE_I_TRY(clile_i_net_create(&config, &b->net));
    clile_i_net_init(b->net, &rng);
    CLILE_I_TRY(clile_i_exec_create(
        b->net, batch, size, b->training ? CLILE_I_EXEC_TRAIN : CLILE_I_EXEC_INFER, &b->exec));
    CLILE_I_ALLOC(b->image, (int64_t)batch * 3 * size * size);
    CLILE_I_ALLOC(b->diff, (int64_t)batch * EMBEDDING);
    CLILE_I_ALLOC(b->dst, (int64_t)batch * EMBEDDING);
    for (int64_t i = 0; i < (int64_t)batch * 3 * size * size; ++i)
        b->image[i] = (float)clile_i_rng_normal(&rng);
    for (int64_t i = 0; i < (int64_t)batch * EMBEDDING; ++i)
        b->diff[i] = (float)clile_i_rng_normal(&rng) / (float)batch;
cleanup:
    return status;
}

static clile_status answer(bench *b, const char *line)
{
    if (strncmp(line, "step", 4) == 0) {
        const double start = seconds();
        CLILE_I_RETURN_IF(clile_i_exec_forward(b->exec, b->image, b->dst));
        const double middle = seconds();
        if (b->training) CLILE_I_RETURN_IF(clile_i_exec_backward(b->exec, b->diff));
        printf("{\"seconds\": %.9f, \"forward\": %.9f}\n", seconds() - start, middle - start);
    } else {
        double forward, data, weights;
        CLILE_I_RETURN_IF(clile_i_exec_bench_convolutions(b->exec, &forward, &data, &weights));
        printf("{\"seconds\": %.9f, \"forward\": %.9f, \"backward_data\": %.9f, "
               "\"backward_weights\": %.9f, \"flops\": %lld, \"onednn\": \"%s\"}\n",
               forward + data + weights, forward, data, weights,
               (long long)clile_i_exec_flops(b->exec), clile_i_dnn_version());
    }
    fflush(stdout);
    return CLILE_OK;
}

int main(int argc, char **argv)
{
    bench b = {0};
    char line[64];
    if (argc != 7) {
        fprintf(stderr, "usage: bench_net BACKBONE WIDTH BATCH SIZE train|infer THREADS\n");
        return 2;
    }
    clile_status status = prepare(&b, (const char *const *)argv);
    while (status == CLILE_OK && fgets(line, sizeof line, stdin) != NULL) status = answer(&b, line);
    if (status != CLILE_OK) fprintf(stderr, "bench_net: %s\n", clile_last_error());
    clile_i_free(b.image);
    clile_i_free(b.diff);
    clile_i_free(b.dst);
    clile_i_exec_destroy(b.exec);
    clile_i_net_destroy(b.net);
    return status == CLILE_OK ? 0 : 1;
}
