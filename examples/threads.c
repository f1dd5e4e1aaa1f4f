/* threads MODEL IMAGE [THREADS]: one model, many threads. Each thread has its own predictor, and
 * all give the same bits.
 *
 * The model is shared and read only; a predictor belongs to one thread at a time. CLILE_OPT_THREADS
 * is 1, because these threads are the parallelism; more would make them wait for each other.
 */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#include <clile/clile.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_THREADS = 64, MAX_AUS = 64, RUNS = 50 };

typedef struct job {
    const clile_model *model;
    const clile_options *options;
    const uint8_t *rgb; /* [h,w,3] */
    int32_t h, w;
    pthread_t thread;
    clile_status status;
    char message[512]; /* clile_last_error() belongs to the thread that failed */
    float probability[MAX_AUS];
} job;

static void *answer(void *argument)
{
    job *j = argument;
    clile_predictor *predictor = NULL;
    j->status = clile_predictor_create(j->model, j->options, &predictor);
    for (int32_t run = 0; run < RUNS && j->status == CLILE_OK; ++run)
        j->status =
            clile_predictor_run(predictor, 1, j->rgb, j->h, j->w, j->probability, NULL, NULL);
    if (j->status != CLILE_OK) snprintf(j->message, sizeof j->message, "%s", clile_last_error());
    clile_predictor_destroy(predictor);
    return NULL;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Starts the threads and waits for them. Fails if one of them fails or its answer differs from the
 * first one's. */
static int run(job *jobs, int32_t threads, int32_t au_count)
{
    int32_t started = 0, failed = 0;
    const double start = seconds();
    while (started < threads &&
           pthread_create(&jobs[started].thread, NULL, answer, &jobs[started]) == 0)
        ++started;
    for (int32_t t = 0; t < started; ++t) pthread_join(jobs[t].thread, NULL);
    const double took = seconds() - start;
    for (int32_t t = 0; t < started; ++t) {
        if (jobs[t].status != CLILE_OK)
            fprintf(stderr, "thread %d: %s\n", (int)t + 1, jobs[t].message);
        else if (memcmp(jobs[t].probability, jobs[0].probability,
                        (size_t)au_count * sizeof(float)) != 0)
            fprintf(stderr, "thread %d and thread 1 give different answers\n", (int)t + 1);
        else
            continue;
        failed = 1;
    }
    if (started < threads)
        fprintf(stderr, "only %d of %d threads could be started\n", (int)started, (int)threads);
    if (failed || started < threads) return EXIT_FAILURE;
    printf("%d threads, %d images each, the same answer: %.0f images/s, including new predictors\n",
           (int)threads, RUNS, threads * RUNS / took);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    static job jobs[MAX_THREADS];
    const int32_t threads = argc == 4 ? (int32_t)strtol(argv[3], NULL, 10) : 4;
    if (argc < 3 || argc > 4 || threads < 1 || threads > MAX_THREADS) {
        fprintf(stderr, "usage: threads MODEL IMAGE [THREADS, 1..%d]\n", MAX_THREADS);
        return 2;
    }
    clile_model *model = NULL;
    clile_options *options = NULL;
    uint8_t *rgb = NULL;
    int32_t h = 0, w = 0;
    int result = EXIT_FAILURE;
    clile_status status = clile_model_load(argv[1], &model);
    if (status == CLILE_OK) status = clile_options_create(&options);
    if (status == CLILE_OK) status = clile_options_set_i64(options, CLILE_OPT_THREADS, 1);
    if (status == CLILE_OK) status = clile_image_read(argv[2], NULL, &h, &w, &rgb);
    if (status == CLILE_OK) {
        for (int32_t t = 0; t < threads; ++t)
            jobs[t] = (job){.model = model, .options = options, .rgb = rgb, .h = h, .w = w};
        result = run(jobs, threads, clile_model_au_count(model));
    } else {
        fprintf(stderr, "%s: %s\n", clile_status_name(status), clile_last_error());
    }
    clile_free(rgb);
    clile_options_destroy(options);
    clile_model_destroy(model);
    return result;
}
