/* clile/dataset.h: face images with action-unit labels and subjects, from folders as distributed
 * or from arrays.
 *
 *     clile_dataset *all = NULL, *train = NULL, *test = NULL;
 *     // layout recognised; the message says what was wrong
 *     clile_dataset_open("BP4D", NULL, &all);
 *     // the published subject-exclusive folds, 1..3
 *     clile_dataset_fold(all, "bp4d", 1, &train, &test);
 *     clile_trainer_create(model, train, NULL, &trainer);
 *     ...
 *     // any order
 *     clile_dataset_destroy(test); clile_dataset_destroy(train); clile_dataset_destroy(all);
 *
 * Labels are int8: 1 present, 0 absent, -1 not coded. A data set is immutable; parts share the
 * whole's memory.
 */
#ifndef CLILE_DATASET_H
#define CLILE_DATASET_H

#include <clile/options.h>

CLILE_BEGIN

typedef struct clile_dataset clile_dataset;

/* Opens a labelled folder, a CSV manifest or a pack, see docs/data.md. Options: layout, au_set,
 * unknown, present_from, first_image, box_margin, max_pixels, max_label_mb, max_pack_mb,
 * cache_mb. `*out` is owned by the caller. Errors: IO (no such folder or file), FORMAT (layout
 * not recognised, wrong columns, unknown code: the text names file and row; hardly any label row
 * has its image; no label is coded), INVALID_ARGUMENT (an AU that the labels do not have, a file
 * above a limit), CORRUPT (a damaged pack), UNSUPPORTED (a pack of a later version),
 * OUT_OF_MEMORY. Images are read when they are first needed, rendered at the size that is asked
 * for, and kept in memory until cache_mb is used up (later ones are read each time). Images
 * without label rows and label rows without image are left out and counted
 * (clile_dataset_copy_counts). Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_dataset_open(const char *path,
                                                          const clile_options *options,
                                                          clile_dataset **out);

/* Copies n crops [n,h,w,3] uint8 RGB (h = w: already aligned; resized when another size is
 * used), labels [n,c], subject [n] (any non-negative numbers) and AU numbers [c], 1 to 999.
 * Subjects are named by their number. INVALID_ARGUMENT: an empty size, a label other than 1 0
 * -1, a negative subject, an AU out of range or twice, sizes whose product does not fit in 64
 * bits; OUT_OF_MEMORY. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_dataset_from_arrays(
    int64_t n, int32_t h, int32_t w, const uint8_t *rgb, int32_t c, const int32_t *au_ids,
    const int8_t *labels, const int32_t *subject, clile_dataset **out);

/* A data set of drawn faces: subjects x tasks x frames images, called F001/T1/0001.png and so
 * on, with all CLILE_SYNTH_AUS labels and landmarks. A face is drawn when it is first needed:
 * the data set takes no memory to speak of, however large. Frame f of task t is frame (t - 1)
 * frames + f - 1 above. INVALID_ARGUMENT: a number below 1, size outside 32..1024, more than
 * 10,000,000 images; OUT_OF_MEMORY. `*out` is owned by the caller. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_dataset_from_synth(uint64_t seed, int32_t subjects,
                                                                int32_t tasks, int32_t frames,
                                                                int32_t size, clile_dataset **out);

/* Splits by subject. protocol: "bp4d" or "disfa" (the published three folds in ME-GraphAU's
 * numbering, fold 1..3: fold k tests part 4 - k), "bp4d-parts" or "disfa-parts" (the same folds,
 * fold k tests part k), "kfold:K" or "kfold:K:SEED" (subjects shuffled by the seed, 1 unless
 * given, fold 1..K), "file:PATH" (parts of subjects from a text file, docs/data.md), "loso"
 * (fold = index of the subject from 1), "all" (both parts are everything, fold ignored). Either
 * output may be NULL (both: only checks). INVALID_ARGUMENT: unknown protocol, fold out of range,
 * a subject that the protocol does not name (the text names it), a wanted part that would have
 * no image. Subjects that a published protocol names and the data lack are fine. Of a subject
 * file also IO, FORMAT (a line that is none), INVALID_ARGUMENT (a subject twice, one that the
 * whole data set lacks). Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_dataset_fold(const clile_dataset *dataset,
                                                          const char *protocol, int32_t fold,
                                                          clile_dataset **train,
                                                          clile_dataset **test);

/* How many folds a protocol has on this data set: 1..*folds ("all": 1). INVALID_ARGUMENT:
 * unknown protocol, a K that the data set is too small for; of a subject file the errors of
 * clile_dataset_fold. Whether a published protocol names all subjects is seen by fold. Shared.
 * Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_dataset_fold_count(const clile_dataset *dataset,
                                                                const char *protocol,
                                                                int32_t *folds);

/* The images indices[0..n-1] as a data set, in this order; one that is there twice counts twice.
 * Names, subjects, places of faces, what clile_dataset_get_kind and clile_dataset_copy_counts say,
 * and of which fold it is a part, are those of `dataset`; subjects without an image are gone. No
 * image is copied, and images that are kept in memory serve both. INVALID_ARGUMENT: n below 1, an
 * index out of range, a NULL argument; OUT_OF_MEMORY. `*out` is owned by the caller. Shared.
 * Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_dataset_select(const clile_dataset *dataset, int64_t n,
                                                            const int64_t *indices /*[n]*/,
                                                            clile_dataset **out);

/* Whom clile_dataset_concat takes for one person. */
enum {
    CLILE_SUBJECTS_DISTINCT = 0, /* nobody in two data sets */
    CLILE_SUBJECTS_BY_NAME = 1   /* whoever has the same name */
};

/* The images of n data sets one after the other, as one. All have the same AUs, in any order; that
 * of the first is kept. No image is copied: each is read, and kept in memory, as the data set it
 * comes from does. Subjects of parts of one data set (folds, selections) are the same people in
 * any case. Otherwise, with CLILE_SUBJECTS_DISTINCT, equal names in two data sets are two people,
 * called NAME#1 and NAME#2 after the first data set that has them, counted from 1; a name that is
 * there once is kept. Counts, notes and names of what was left out are those of all, of one data
 * set only once. Layout and kind are "mixed" where they differ. It is a part of a fold where all
 * are the same part of the same fold. INVALID_ARGUMENT: n below 1, other AUs, `subjects` not one of
 * the above, packs of different sizes, a name NAME#1 that is there already, a NULL;
 * OUT_OF_MEMORY. `*out` is owned by the caller. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_dataset_concat(
    int32_t n, const clile_dataset *const *datasets /*[n]*/, int32_t subjects, clile_dataset **out);

/* Number of images; 0 for NULL. Shared. Since 0.1. */
CLILE_API int64_t clile_dataset_size(const clile_dataset *dataset);
/* Number of AUs, c; 0 for NULL. Shared. Since 0.1. */
CLILE_API int32_t clile_dataset_au_count(const clile_dataset *dataset);
/* Number of subjects that have an image here; 0 for NULL. Shared. Since 0.1. */
CLILE_API int32_t clile_dataset_subject_count(const clile_dataset *dataset);
/* AU numbers, in the order of the labels' columns. INVALID_ARGUMENT: a NULL argument. Shared.
 * Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_dataset_copy_au_ids(const clile_dataset *dataset,
                                                                 int32_t *au_ids /*[c]*/);
/* Labels of count images from first: 1 present, 0 absent, -1 not coded. INVALID_ARGUMENT:
 * outside the data set. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_dataset_copy_labels(const clile_dataset *dataset,
                                                                 int64_t first, int64_t count,
                                                                 int8_t *labels /*[count,c]*/);
/* Subject indices 0..subject_count-1 in the order of their names (runs of digits compare as
 * numbers). INVALID_ARGUMENT: outside the data set. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_dataset_copy_subjects(const clile_dataset *dataset,
                                                                   int64_t first, int64_t count,
                                                                   int32_t *subject /*[count]*/);
/* Borrowed name of a subject ("F001") / of an image (path below the folder); NULL out of range.
 * Shared. Since 0.1. */
CLILE_API const char *clile_dataset_get_subject_name(const clile_dataset *dataset, int32_t subject);
CLILE_API const char *clile_dataset_get_image_name(const clile_dataset *dataset, int64_t index);
/* w_c = (1/r_c) * C / sum_j (1/r_j), r_c the rate of AU c among its coded labels; an AU that
 * never occurs gets weight 0 and does not count in C (docs/method.md). INVALID_ARGUMENT: a NULL
 * argument. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_dataset_copy_au_weights(const clile_dataset *dataset,
                                                                     float *weights /*[c]*/);
/* The only size that crops can have, that of a pack; 0: any. Since 0.1. */
CLILE_API int32_t clile_dataset_crop_size(const clile_dataset *dataset);
/* One aligned crop, [size,size,3] uint8 RGB, 1 <= size <= 4096. Locked (any thread). IO,
 * CORRUPT, FORMAT: the image, or its landmarks; INVALID_ARGUMENT: index or size out of range, an
 * image of more than max_pixels. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_dataset_copy_crop(const clile_dataset *dataset,
                                                               int64_t index, int32_t size,
                                                               uint8_t *rgb);
/* The crops of images indices[0..n-1] (NULL: 0..n-1) at once, decoded on `threads` threads (0:
 * all processors); the same bytes. What to give to clile_predictor_run. Locked. The errors of
 * clile_dataset_copy_crop for the first such image, with rgb in any state; also n < 0, threads
 * not in 0..1024. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_dataset_copy_crops(const clile_dataset *dataset,
                                                                int64_t n, const int64_t *indices,
                                                                int32_t size, int32_t threads,
                                                                uint8_t *rgb /*[n,size,size,3]*/);

/* What opening the folder found, over the whole that a part was taken from; zeros for arrays.
 * Only grows at the end. */
typedef struct clile_dataset_counts {
    uint32_t struct_size; /* set to sizeof(clile_dataset_counts) before the call */
    uint32_t reserved;
    int64_t label_rows;            /* labelled frames in the label files */
    int64_t labels_without_image;  /* of those, left out because there is no image */
    int64_t images_without_labels; /* images left out because no label row names them */
    /* cut out by their box, else used whole; equals the size when there are no landmarks at all */
    int64_t images_without_landmarks;
    int64_t images_by_box; /* of those, cut out by their box */
    /* label rows left out because they say that no face was found (OpenFace, Py-Feat), or
     * because landmarks or box are no face's; not in label_rows */
    int64_t rows_without_face;
} clile_dataset_counts;

/* Fills as much of counts as struct_size says, with 0 what is beyond the structure here.
 * INVALID_ARGUMENT: a NULL argument, struct_size (docs/abi.md). Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_dataset_copy_counts(const clile_dataset *dataset,
                                                                 clile_dataset_counts *counts);

/* What clile_dataset_open leaves out: label rows without image, images without label row. */
#define CLILE_LEFT_OUT_LABELS 0
#define CLILE_LEFT_OUT_IMAGES 1
/* Borrowed name of the index-th (from 0) label row without image or image without label row: the
 * path below the folder, of a label row the one that its image would have, without ending
 * ("Sequences/F001/T1/17"). The first 8 of each kind are kept; a pack has none. NULL out of
 * range. Since 0.1. */
CLILE_API const char *clile_dataset_get_left_out(const clile_dataset *dataset, int32_t kind,
                                                 int64_t index);

/* How the images were made: "drawn", "rendered", "photographs", "mixed" (of several kinds) or
 * "unknown" (the option data_kind, docs/data.md). Borrowed; "unknown" for NULL. Shared.
 * Since 0.1. */
CLILE_API const char *clile_dataset_get_kind(const clile_dataset *dataset);

/* What was understood beyond the counts, one sentence a line, for a person to read: how images
 * are numbered and how well that fits, which columns are labels. A line that begins with
 * "warning: " asks for a decision. Borrowed; "" when there is nothing to say, and for NULL.
 * Shared. Since 0.1. */
CLILE_API const char *clile_dataset_get_notes(const clile_dataset *dataset);

/* Told how far a long piece of work is. Return 0 to go on, anything else to stop with
 * CLILE_E_CANCELLED. */
typedef int32_t (*clile_count_fn)(int64_t done, int64_t all, void *user);

/* Writes a pack: one safetensors file with every image of the data set aligned and resized once
 * (docs/pack-format.md). Opened by clile_dataset_open, it gives the same bits as the data set at
 * that size, and at no other. Options: image_size, threads. The file is atomic; memory does not
 * grow with the number of images. progress may be NULL. IO, CORRUPT, FORMAT: an image, or the
 * file to write; INVALID_ARGUMENT: a name that is not UTF-8 or has a line break; CANCELLED;
 * OUT_OF_MEMORY. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_dataset_pack(const clile_dataset *dataset,
                                                          const char *path,
                                                          const clile_options *options,
                                                          clile_count_fn progress, void *user);

/* Reads a whole pack and compares the CRC-32 of each block of images with what the file says;
 * opening a pack checks all but those. A part of a pack stands for the whole; of several data sets
 * in one the packs among them are checked. CORRUPT: the text
 * names block and images; UNSUPPORTED: the data set is no pack; CANCELLED. progress may be NULL.
 * Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_dataset_verify(const clile_dataset *dataset,
                                                            clile_count_fn progress, void *user);

/* NULL does nothing. Exclusive. Since 0.1. */
CLILE_API void clile_dataset_destroy(clile_dataset *dataset);

CLILE_END

#endif
