/* clile/evaluation.h: saved evaluations: what a model answered for every tested image, beside the
 * labels, in a CSV file that other programs read too (columns: docs/evaluation.md).
 *
 *     clile_evaluation_load("model-answers.csv", &evaluation);     of clile eval --answers
 *     const int64_t n = clile_evaluation_size(evaluation);
 *     const clile_evaluation_rows to = {.struct_size = sizeof to, .score = score};
 *     clile_evaluation_copy_rows(evaluation, 0, n, &to);           score [n,c]
 *     clile_evaluation_copy_report(evaluation, "bp4d", &report);   metrics.h: F1, AUC, intervals
 *
 * An evaluation has one or more parts: a fold, and the model that was tested on it. Images are
 * numbered from 0 over all parts, in the order of the parts; people are identified by name over
 * all parts. Thread class: functions with a const evaluation are shared among themselves; the
 * others are exclusive. All since 0.1. */
#ifndef CLILE_EVALUATION_H
#define CLILE_EVALUATION_H

#include <clile/dataset.h>
#include <clile/metrics.h>

CLILE_BEGIN

typedef struct clile_evaluation clile_evaluation;

/* A part: where its images come from. Only grows at the end. */
typedef struct clile_evaluation_part {
    uint32_t struct_size; /* set to sizeof(clile_evaluation_part) before the call */
    int32_t fold;         /* 0: the whole data set */
    int64_t seed;         /* of the training; -1: unknown */
    const char *model;    /* file or name of the model or system; "": unknown */
    const char *protocol; /* "bp4d", "kfold:5:1", ...; "none": the whole data set; "": unknown */
    int64_t first, count; /* its images; add_part does not read them */
    /* [n,c] both or neither, for add_part: estimated intensities (finite), and coded ones, 0 to 5,
     * -1 not coded. NULL: none. get_part gives NULL; clile_evaluation_copy_rows copies them */
    const float *estimated;
    const int8_t *coded;
} clile_evaluation_part;

/* The caller's arrays for the rows of n images; any may be NULL. Only grows at the end. */
typedef struct clile_evaluation_rows {
    uint32_t struct_size; /* set to sizeof(clile_evaluation_rows) before the call */
    uint32_t reserved;
    float *score;       /* [n,c] larger = more likely present; what AUC ranks */
    float *probability; /* [n,c] 0..1; NaN where there is none */
    int8_t *present;    /* [n,c] the decision: 1 or 0 */
    int8_t *labels;     /* [n,c] 1 present, 0 absent, -1 not coded */
    int32_t *subject;   /* [n] for clile_evaluation_get_subject_name */
    float *estimated;   /* [n,c] intensity, 0..5; NaN where the part has none */
    int8_t *coded;      /* [n,c] intensity 0..5; -1 not coded, or the part has none */
} clile_evaluation_rows;

/* Creates an evaluation without parts, for the AUs au_ids [c] (positive, all different, copied).
 * The caller owns `*out`: clile_evaluation_destroy. INVALID_ARGUMENT, OUT_OF_MEMORY. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_evaluation_create(int32_t c,
                                                               const int32_t *au_ids /*[c]*/,
                                                               clile_evaluation **out);

/* Adds the n images of one part (copied). part: see above; each fold number occurs once. score,
 * present, labels, subject and subject_names: as clile_report_add_fold (metrics.h). probability
 * may be NULL: there is none. image_names [n]: a name for each image; no two of a part are equal,
 * and they tell which images of two evaluations are the same. Errors:
 *   - those of clile_report_add_fold
 *   - INVALID_ARGUMENT: struct_size; a fold below 0, a seed below -1, a name that is NULL; a
 *     probability outside 0..1 that is not NaN; two equal image names; estimated without coded, or
 *     coded without estimated; a coded intensity outside -1 to 5
 *   - NOT_FINITE: an estimated intensity
 * A call that fails changes nothing. Exclusive. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_evaluation_add_part(
    clile_evaluation *evaluation, const clile_evaluation_part *part, int64_t n,
    const float *score /*[n,c]*/, const float *probability /*[n,c] or NULL*/,
    const int8_t *present /*[n,c]*/, const int8_t *labels /*[n,c]*/, const int32_t *subject /*[n]*/,
    const char *const *subject_names, const char *const *image_names /*[n]*/);

/* Reads a file that clile eval --answers or clile_evaluation_copy_csv wrote. Columns are found by
 * name, in any order; rows may be in any order. The caller owns `*out`: clile_evaluation_destroy.
 * IO; OUT_OF_MEMORY; FORMAT with file, row and what was there: a column is missing or unknown, a
 * value is not as documented, an image or a fold occurs twice. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_evaluation_load(const char *path,
                                                             clile_evaluation **out);

/* The evaluation as the text of such a file. Reading it back gives the same bits. `*out` is owned
 * by the caller: clile_free. STATE: there is no part yet; OUT_OF_MEMORY. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_evaluation_copy_csv(const clile_evaluation *evaluation,
                                                                 char **out);

/* NULL does nothing. Exclusive. Since 0.1. */
CLILE_API void clile_evaluation_destroy(clile_evaluation *evaluation);

/* How many images, AUs, parts and people there are; 0 for NULL. Shared. Since 0.1. */
CLILE_API int64_t clile_evaluation_size(const clile_evaluation *evaluation);
CLILE_API int32_t clile_evaluation_au_count(const clile_evaluation *evaluation);
CLILE_API int32_t clile_evaluation_part_count(const clile_evaluation *evaluation);
CLILE_API int32_t clile_evaluation_subject_count(const clile_evaluation *evaluation);

/* The AU numbers, in the order of the columns. au_ids [c]. INVALID_ARGUMENT: NULL. Shared. Since
 * 0.1. */
CLILE_NODISCARD CLILE_API clile_status
clile_evaluation_copy_au_ids(const clile_evaluation *evaluation, int32_t *au_ids /*[c]*/);

/* Part `index`, from 0. Its texts are borrowed from the evaluation. INVALID_ARGUMENT: there is no
 * such part; struct_size. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_evaluation_get_part(const clile_evaluation *evaluation,
                                                                 int32_t index,
                                                                 clile_evaluation_part *part);

/* The name of a person or of an image; NULL if there is none of this number. Borrowed from the
 * evaluation. Shared. Since 0.1. */
CLILE_API const char *clile_evaluation_get_subject_name(const clile_evaluation *evaluation,
                                                        int32_t subject);
CLILE_API const char *clile_evaluation_get_image_name(const clile_evaluation *evaluation,
                                                      int64_t image);

/* Copies the rows of images first .. first+count-1 to the arrays of `to`. INVALID_ARGUMENT: the
 * images are not all there; struct_size. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status
clile_evaluation_copy_rows(const clile_evaluation *evaluation, int64_t first, int64_t count,
                           const clile_evaluation_rows *to);

/* A report (metrics.h) with the parts as its folds; a whole data set is fold 1. Intensities of the
 * parts are in it too, beside the probabilities if all of a part are known. published: as
 * clile_report_create. The caller owns `*out`: clile_report_destroy. INVALID_ARGUMENT: another
 * table; STATE: there is no part yet; OUT_OF_MEMORY. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_evaluation_copy_report(
    const clile_evaluation *evaluation, const char *published, clile_report **out);

/* Reads another system's table (CSV) of answers for the images of a data set: OpenFace's, Py-Feat's
 * or LibreFace's columns, or those of clile predict; docs/evaluation.md says which column means
 * what, and how rows find images. The parts are the test parts of `protocol` (dataset.h): of one
 * fold, or with fold 0 of all; "none": the whole data set. The AUs are those that both have. absent
 * 1: an image without a row counts as one without any AU, as a row without a face does; 0: it is an
 * error. notes, which may be NULL, receives lines for people: AUs that the table lacks, images
 * without a row, rows without a face or an image; the caller frees it: clile_free. The caller owns
 * `*out`: clile_evaluation_destroy. IO; OUT_OF_MEMORY; INVALID_ARGUMENT: protocol, fold; FORMAT
 * with file and row: a column is missing, a value is not as documented, an image has two rows, or
 * none, or cannot be told from another. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_evaluation_load_predictions(
    const char *path, const clile_dataset *dataset, const char *protocol, int32_t fold,
    int32_t absent, clile_evaluation **out, char **notes);

/* Compares evaluation b with a in the AUs au_ids [c] (metrics.h: clile_metrics_compare). Both must
 * hold the same images (by fold and name, in any order) of the same people with the same labels in
 * these AUs. INVALID_ARGUMENT: the first difference, by name; an AU that one of them lacks;
 * another metric; struct_size. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_evaluation_compare(const clile_evaluation *a,
                                                                const clile_evaluation *b,
                                                                const char *metric, int32_t c,
                                                                const int32_t *au_ids /*[c]*/,
                                                                const clile_comparison *out);

CLILE_END

#endif
