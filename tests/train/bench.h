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

static inline bench bench_make(const char *settings)
{
    bench b = {toy_dataset(), toy_options(settings), NULL, NULL};
    b.model = toy_model(b.options);
    if (clile_trainer_create(b.model, b.data, b.options, &b.trainer) != CLILE_OK)
        fail_msg("%s", clile_last_error());
    return b;
}

static inline void bench_free(bench *b)
{
    clile_trainer_destroy(b->trainer);
    clile_model_destroy(b->model);
    clile_options_destroy(b->options);
    clile_dataset_destroy(b->data);
    memset(b, 0, sizeof *b);
}

static inline void require(clile_status status)
{
    if (status != CLILE_OK) fail_msg("%s: %s", clile_status_name(status), clile_last_error());
}

static inline void refused(clile_status found, clile_status expected, const char *text)
{
    if (found != expected || strstr(clile_last_error(), text) == NULL)
        fail_msg("%s, \"%s\"; expected %s, \"...%s...\"", clile_status_name(found),
                 clile_last_error(), clile_status_name(expected), text);
}

static inline void assert_same_file(const char *a, const char *b)
{
    clile_i_file x, y;
    require(clile_i_file_open(a, &x));
    require(clile_i_file_open(b, &y));
    assert_int_equal(x.size, y.size);
    assert_memory_equal(x.data, y.data, x.size);
    clile_i_file_close(&x);
    clile_i_file_close(&y);
}

#endif
