/* Opens a data set and reads all of it. */
#ifndef CLILE_FUZZ_DATASET_H
#define CLILE_FUZZ_DATASET_H

#include "fuzz.h"

#include "data/data.h"

#include <stdlib.h>
#include <string.h>

/* Images may be missing or damaged: that is an answer, too. */
static inline void fuzz_dataset_read(const clile_dataset *data)
{
    enum { SIZE = 8, FEW = 4 };
    const int64_t n = clile_dataset_size(data);
    const int32_t c = clile_dataset_au_count(data), subjects = clile_dataset_subject_count(data);
    FUZZ_CHECK(n > 0 && c > 0 && subjects > 0);
    int8_t *labels = malloc((size_t)n * (size_t)c);
    int32_t *subject = malloc((size_t)n * sizeof *subject);
    float *weights = malloc((size_t)c * sizeof *weights),
          *batch = malloc(3 * SIZE * SIZE * sizeof *batch);
    uint8_t crop[SIZE * SIZE * 3];
    FUZZ_CHECK(labels != NULL && subject != NULL && weights != NULL && batch != NULL);
    FUZZ_CHECK(clile_dataset_copy_labels(data, 0, n, labels) == CLILE_OK);
    FUZZ_CHECK(clile_dataset_copy_subjects(data, 0, n, subject) == CLILE_OK);
    FUZZ_CHECK(clile_dataset_copy_au_weights(data, weights) == CLILE_OK);
    for (int64_t i = 0; i < n * c; ++i) FUZZ_CHECK(labels[i] >= -1 && labels[i] <= 1);
    for (int64_t i = 0; i < n; ++i) {
        FUZZ_CHECK(subject[i] >= 0 && subject[i] < subjects);
        FUZZ_CHECK(clile_dataset_get_image_name(data, i) != NULL);
    }
    for (int32_t s = 0; s < subjects; ++s)
        FUZZ_CHECK(clile_dataset_get_subject_name(data, s) != NULL);
    for (int64_t i = 0; i < n && i < FEW; ++i) {
        fuzz_ok(clile_dataset_copy_crop(data, i, SIZE, crop));
        fuzz_ok(clile_i_batch_load(data, 1, &i, SIZE, NULL, 1, 0, batch));
    }
    free(labels);
    free(subject);
    free(weights);
    free(batch);
}

/* `settings`: "layout=csv au_set=1,2" */
static inline void fuzz_dataset(const char *path, const char *settings)
{
    char text[128];
    clile_options *options = NULL;
    clile_dataset *data = NULL;
    FUZZ_CHECK(clile_options_create(&options) == CLILE_OK);
    snprintf(text, sizeof text, "max_pixels=65536 %s", settings);
    for (char *rest = text, *word; (word = strtok_r(rest, " ", &rest)) != NULL;) {
        char *value = strchr(word, '=');
        *value++ = '\0';
        FUZZ_CHECK(clile_options_set(options, word, value) == CLILE_OK);
    }
    if (FUZZ_MADE(clile_dataset_open(path, options, &data), data)) fuzz_dataset_read(data);
    clile_dataset_destroy(data);
    clile_options_destroy(options);
}

#endif
