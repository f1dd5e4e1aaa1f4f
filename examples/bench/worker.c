/* One of our engines for `clile bench infer`: "clile-bench worker MODEL BATCH THREADS wall|cpu
 * [PRECISION]", with the protocol of rival_rounds.py. It times clile_predictor_run on uint8 crops:
 * normalisation, network and decision. */
#include "bench.h"

#include <clile/clile.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

static long long most_held(void)
{
    char line[256];
    long long kilobytes = 0;
    FILE *status = fopen("/proc/self/status", "r");
    if (status == NULL) return 0;
    while (fgets(line, sizeof line, status) != NULL)
        if (sscanf(line, "VmHWM: %lld", &kilobytes) == 1) break;
    fclose(status);
    return 1024 * kilobytes;
}

typedef struct {
    clile_model *model;
    clile_options *options;
    clile_predictor *predictor;
    uint8_t *rgb;
    float *probability;
    int64_t batch;
    int32_t size;
    clockid_t clock;
} worker;

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int run_once(worker *w)
{
    return clile_predictor_run(w->predictor, w->batch, w->rgb, w->size, w->size, w->probability,
                               NULL, NULL) == CLILE_OK;
}

/* Load, compile, first answer. */
static int prepare(worker *w, const char *path, const char *batch, const char *threads,
                   const char *precision)
{
    if (clile_model_load(path, &w->model) != CLILE_OK ||
        clile_options_create(&w->options) != CLILE_OK ||
        clile_options_set(w->options, CLILE_OPT_PREDICT_BATCH, batch) != CLILE_OK ||
        clile_options_set(w->options, CLILE_OPT_THREADS, threads) != CLILE_OK ||
        clile_options_set(w->options, CLILE_OPT_PRECISION, precision) != CLILE_OK ||
        clile_options_get_i64(w->options, CLILE_OPT_PREDICT_BATCH, &w->batch) != CLILE_OK ||
        clile_predictor_create(w->model, w->options, &w->predictor) != CLILE_OK)
        return 0;
    w->size = clile_model_image_size(w->model);
    const size_t pixels = (size_t)w->batch * (size_t)w->size * (size_t)w->size * 3;
    w->rgb = malloc(pixels);
    w->probability =
        calloc((size_t)w->batch * (size_t)clile_model_au_count(w->model), sizeof *w->probability);
    if (w->rgb == NULL || w->probability == NULL) return 0;
    for (size_t i = 0; i < pixels; ++i) w->rgb[i] = (uint8_t)(i * 2654435761U >> 13);
    return run_once(w);
}

static int answer_lines(worker *w)
{
    char line[64];
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (strncmp(line, "memory", 6) == 0) {
            printf("%lld\n", most_held());
        } else if (strncmp(line, "run ", 4) == 0) {
            for (long left = strtol(line + 4, NULL, 10); left > 0; --left) {
                const double begin = seconds(w->clock);
                if (!run_once(w)) return 0;
                printf("%.9f%c", seconds(w->clock) - begin, left == 1 ? '\n' : ' ');
            }
        }
        fflush(stdout);
    }
    return 1;
}

int bench_worker(int argc, char **argv)
{
    worker w = {0};
    if (argc != 5 && argc != 6) {
        fprintf(stderr, "clile: bench: expected worker MODEL BATCH THREADS wall|cpu "
                        "[PRECISION]\n");
        return 2;
    }
    w.clock = strcmp(argv[4], "cpu") == 0 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC;
    const long long base = most_held();
    const double begin = seconds(w.clock);
    int fine = prepare(&w, argv[1], argv[2], argv[3], argc > 5 ? argv[5] : "float32");
    if (fine) {
        printf("ready %.9f %lld libclile %s\n", seconds(w.clock) - begin, base, clile_version());
        fflush(stdout);
        fine = answer_lines(&w);
    }
    if (!fine) fprintf(stderr, "clile: bench: %s\n", clile_last_error());
    clile_predictor_destroy(w.predictor);
    clile_options_destroy(w.options);
    clile_model_destroy(w.model);
    free(w.rgb);
    free(w.probability);
    return fine ? 0 : 1;
}
