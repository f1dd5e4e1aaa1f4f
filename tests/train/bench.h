/* A toy data set, a model and a trainer by the same settings. */
#ifndef CLILE_TESTS_BENCH_H
#define CLILE_TESTS_BENCH_H

#include "train/toy.h"

typedef struct {
    clile_dataset *data;
    clile_options *options;
    clile_model *model;
    clile_trainer *trainer;
} bench;

/* The data set becomes the bench's own. */
static inline bench bench_of(clile_dataset *data, const char *settings)
{
    bench b = {data, toy_options(settings), NULL, NULL};
    b.model = toy_model(b.options);
    if (clile_trainer_create(b.model, b.data, b.options, &b.trainer) != CLILE_OK)
        fail_msg("%s", clile_last_error());
    return b;
}

static inline bench bench_make(const char *settings)
{
    return bench_of(toy_dataset(), settings);
}

static inline void bench_free(bench *b)
{
    clile_trainer_destroy(b->trainer);
    clile_model_destroy(b->model);
    clile_options_destroy(b->options);
    clile_dataset_destroy(b->data);
    memset(b, 0, sizeof *b);
}

#endif
