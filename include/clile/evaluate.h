/* clile/evaluate.h: a whole data set through a predictor, to arrays or straight into a report.
 *
 *     clile_dataset_fold(all, "bp4d", 1, NULL, &test);
 *     clile_predictor_create(model, options, &predictor);
 *     clile_report_create(c, au_ids, "bp4d", &report);
 *     // once for each fold, each with its own model
 *     clile_report_add_predictor(report, 1, predictor, test, NULL, NULL, NULL);
 *     clile_report_copy_text(report, &text);  puts(text);  clile_free(text);
 *
 * Images are decoded and aligned by as many threads as the predictor has (its option `threads`),
 * some tens at a time, so that memory beside the outputs does not grow with the data set.
 * predict_batch=32 is a good choice for a float32 model.
 */
#ifndef CLILE_EVALUATE_H
#define CLILE_EVALUATE_H

#include <clile/dataset.h>
#include <clile/metrics.h>
#include <clile/predictor.h>

CLILE_BEGIN

/* Where the answers for n images go: arrays of the caller's, any of them NULL. c and d are the
 * model's. Only grows at the end. */
typedef struct clile_answers {
    uint32_t struct_size; /* set to sizeof(clile_answers) before the call */
    uint32_t reserved;
    float *probability; /* [n,c] */
    float *score;       /* [n,c] the similarity to each AU embedding */
    int8_t *present;    /* [n,c] 1 where probability > 0.5, else 0 */
    float *embedding;   /* [n,d] */
    /* [n] 1: answered. 0: the image could not be read (clile_dataset_copy_crop says why, and so
     * does the log); its other answers are NaN, its `present` 0. Without this array such an image
     * ends the call. */
    int8_t *success;
} clile_answers;

/* Answers for the images indices[0..n-1] of a data set (NULL: 0..n-1), in this order: what
 * clile_predictor_run gives for their crops, the same bits however the images are divided among
 * calls. n 0 does nothing. progress, which may be NULL, is told after each batch.
 * INVALID_ARGUMENT: n below 0 or, without indices, above the size of the data set; an index
 * outside it; a pack of another crop size than the model's; struct_size. Without `success` also
 * the errors of clile_dataset_copy_crop. NOT_FINITE, BACKEND, OUT_OF_MEMORY, CANCELLED. After an
 * error the arrays hold the answers of the batches that were done. Exclusive by the predictor,
 * shared by the data set. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status
clile_predictor_run_dataset(clile_predictor *predictor, const clile_dataset *dataset, int64_t n,
                            const int64_t *indices /*[n] or NULL*/, const clile_answers *answers,
                            clile_count_fn progress, void *user);

/* Runs all images of a data set (a test part) through a predictor and adds them to the report as
 * one fold. The report's AUs are found by number in the model and in the data set, which may have
 * more and in another order: a model of BP4D's AUs can be tested on the ones that DISFA shares.
 * answers, which may be NULL, takes the answers too, all c of the model. An image that cannot be
 * read is an error, also with `success`: a report has every image.
 * INVALID_ARGUMENT: an AU that model or data set lacks, a fold that was added already; the errors
 * of clile_predictor_run_dataset. The report is unchanged by a call that fails. Exclusive by
 * report and predictor, shared by the data set. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_report_add_predictor(
    clile_report *report, int32_t fold, clile_predictor *predictor, const clile_dataset *dataset,
    const clile_answers *answers, clile_count_fn progress, void *user);

CLILE_END

#endif
