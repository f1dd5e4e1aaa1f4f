/* clile/evaluate.h: runs a whole data set through a predictor, to arrays or into a report.
 *
 *     clile_dataset_fold(all, "bp4d", 1, NULL, &test);
 *     clile_predictor_create(model, options, &predictor);
 *     clile_report_create(c, au_ids, "bp4d", &report);
 *     // once for each fold, each with its own model
 *     clile_report_add_predictor(report, 1, predictor, test, NULL, NULL, NULL);
 *     clile_report_copy_text(report, &text);  puts(text);  clile_free(text);
 *
 * Images are decoded and aligned by the predictor's threads (its option `threads`), a few dozen at
 * a time, so memory does not grow with the data set, apart from the outputs. predict_batch=32 is a
 * good choice for a float32 model. */
#ifndef CLILE_EVALUATE_H
#define CLILE_EVALUATE_H

#include <clile/dataset.h>
#include <clile/metrics.h>
#include <clile/predictor.h>

CLILE_BEGIN

/* The caller's arrays for the answers of n images; any may be NULL. c and d are the model's. Only
 * grows at the end. */
typedef struct clile_answers {
    uint32_t struct_size; /* set to sizeof(clile_answers) before the call */
    uint32_t reserved;
    float *probability; /* [n,c] */
    float *score;       /* [n,c] the similarity to each AU embedding */
    int8_t *present;    /* [n,c] 1 where probability > 0.5, else 0 */
    float *embedding;   /* [n,d] */
    /* [n] 1: answered. 0: the image could not be read (clile_dataset_copy_crop says why, and so
     * does the log); its other answers are NaN, and `present` is 0. Without this array, such an
     * image ends the call. */
    int8_t *success;
    float *intensity; /* [n,c] expected, 0 to 5; UNSUPPORTED if the model knows none */
} clile_answers;

/* Answers for the images indices[0..n-1] of a data set (NULL: 0..n-1), in this order. Gives the
 * same bits as clile_predictor_run on their crops, however the images are divided among calls. n
 * = 0 does nothing. progress, which may be NULL, is called after each batch. After an error, the
 * arrays hold the answers of completed batches. Errors:
 *   - INVALID_ARGUMENT: n below 0 or, without indices, above the size of the data set; an index
 *     outside it; a pack whose crop size is not the model's; struct_size
 *   - those of clile_dataset_copy_crop, unless `success` is given
 *   - NOT_FINITE, BACKEND, OUT_OF_MEMORY, CANCELLED
 * The predictor is exclusive, the data set shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status
clile_predictor_run_dataset(clile_predictor *predictor, const clile_dataset *dataset, int64_t n,
                            const int64_t *indices /*[n] or NULL*/, const clile_answers *answers,
                            clile_count_fn progress, void *user);

/* Runs all images of a data set (a test part) through a predictor and adds them to the report as
 * one fold. The report's AUs are found by number in the model and in the data set, which may have
 * more AUs and in another order: a model of BP4D's AUs can be tested on those that DISFA shares.
 * answers, which may be NULL, receives all c answers of the model. An image that cannot be read is
 * an error even with `success`, because a report must have every image. INVALID_ARGUMENT: an AU
 * that the model or the data set lacks, a fold that was already added; the errors of
 * clile_predictor_run_dataset. A call that fails leaves the report unchanged. Report and predictor
 * are exclusive, the data set shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_report_add_predictor(
    clile_report *report, int32_t fold, clile_predictor *predictor, const clile_dataset *dataset,
    const clile_answers *answers, clile_count_fn progress, void *user);

CLILE_END

#endif
