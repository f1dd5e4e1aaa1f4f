/* clile/dataset.h: face images with action unit labels and subjects, from folders as distributed
 * or from arrays.
 *
 *     clile_dataset *all = NULL, *train = NULL, *test = NULL;
 *     // recognises the layout; on failure the message says what is wrong
 *     clile_dataset_open("BP4D", NULL, &all);
 *     // the published subject-exclusive folds, 1..3
 *     clile_dataset_fold(all, "bp4d", 1, &train, &test);
 *     clile_trainer_create(model, train, NULL, &trainer);
 *     ...
 *     // in any order
 *     clile_dataset_destroy(test); clile_dataset_destroy(train); clile_dataset_destroy(all);
 *
 * Labels are int8: 1 present, 0 absent, -1 not coded. A data set is immutable; its parts share
 * its memory. */
#ifndef CLILE_DATASET_H
#define CLILE_DATASET_H

#include <clile/options.h>

CLILE_BEGIN

typedef struct clile_dataset clile_dataset;

/* Opens a labelled folder, a CSV manifest or a pack, see docs/data.md. Options: layout, au_set,
 * unknown, present_from, first_image, box_margin, crop_margin, max_pixels, max_label_mb,
 * max_pack_mb, cache_mb. The caller owns `*out`. Images are read on first use, rendered at the
 * requested size, and kept in memory up to cache_mb; the rest is read again each time. Images
 * without label rows, and label rows without an image, are left out and counted
 * (clile_dataset_copy_counts). Errors:
 *   - IO: no such folder or file
 *   - FORMAT: layout not recognised, wrong columns, unknown code (the text names file and row);
 *     hardly any label row has its image; no label is coded
 *   - INVALID_ARGUMENT: an AU that the labels do not have, a file above a limit, a pack with
 *     another crop_margin
 *   - CORRUPT: a damaged pack
 *   - UNSUPPORTED: a pack of a later version
 *   - OUT_OF_MEMORY
 * Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_dataset_open(const char *path,
                                                          const clile_options *options,
                                                          clile_dataset **out);

/* Copies n crops [n,h,w,3] uint8 RGB (h = w: already aligned; resized for other sizes), labels
 * [n,c], subject [n] (any non-negative numbers) and AU numbers [c], 1 to 999. A subject's name is
 * its number. INVALID_ARGUMENT: an empty size, a label other than 1, 0 or -1, a negative subject,
 * an AU out of range or twice, sizes whose product does not fit in 64 bits; OUT_OF_MEMORY.
 * Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_dataset_from_arrays(
    int64_t n, int32_t h, int32_t w, const uint8_t *rgb, int32_t c, const int32_t *au_ids,
    const int8_t *labels, const int32_t *subject, clile_dataset **out);

/* The same with the intensities of AUs: intensity [n,c], 0 absent, 1 (trace, A) to 5 (maximum, E),
 * -1 not coded. labels may be NULL: an AU is then present from the default of the option
 * present_from, 2, and not coded where the intensity is not; give labels for another limit.
 * INVALID_ARGUMENT: also an intensity outside -1 to 5. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_dataset_from_intensities(
    int64_t n, int32_t h, int32_t w, const uint8_t *rgb, int32_t c, const int32_t *au_ids,
    const int8_t *labels, const int8_t *intensity /*[n,c]*/, const int32_t *subject,
    clile_dataset **out);

/* A data set of drawn faces: subjects x tasks x frames images, called F001/T1/0001.png and so on,
 * with all CLILE_SYNTH_AUS labels and landmarks. Each face is drawn on first use, so even a large
 * data set takes little memory. Frame f of task t is frame (t - 1) frames + f - 1 of synth.h.
 * INVALID_ARGUMENT: a number below 1, size outside 32..1024, more than 10,000,000 images;
 * OUT_OF_MEMORY. The caller owns `*out`. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_dataset_from_synth(uint64_t seed, int32_t subjects,
                                                                int32_t tasks, int32_t frames,
                                                                int32_t size, clile_dataset **out);

/* Splits by subject. Either output may be NULL (both: only checks). Protocols:
 *   - "bp4d", "disfa": the three published folds in ME-GraphAU's numbering, fold 1..3: fold k
 *     tests part 4 - k
 *   - "bp4d-parts", "disfa-parts": the same folds, but fold k tests part k
 *   - "kfold:K", "kfold:K:SEED": subjects shuffled by the seed (default 1), fold 1..K
 *   - "file:PATH": parts of subjects from a text file, docs/data.md
 *   - "loso": leave one subject out, fold = index of the subject from 1
 *   - "all": both parts are everything, fold is ignored
 * INVALID_ARGUMENT: unknown protocol, fold out of range, a subject that the protocol does not
 * name (the text names it), a requested part without images. Data may lack subjects that a
 * published protocol names. Subject files also give IO, FORMAT (a bad line) and INVALID_ARGUMENT
 * (a subject twice, or one that the whole data set lacks). Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_dataset_fold(const clile_dataset *dataset,
                                                          const char *protocol, int32_t fold,
                                                          clile_dataset **train,
                                                          clile_dataset **test);

/* The number of folds of a protocol on this data set: 1..*folds ("all": 1). INVALID_ARGUMENT:
 * unknown protocol, a K too large for the data set; for a subject file, the errors of
 * clile_dataset_fold. Only clile_dataset_fold checks that a published protocol names all
 * subjects. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_dataset_fold_count(const clile_dataset *dataset,
                                                                const char *protocol,
                                                                int32_t *folds);

/* The images indices[0..n-1] as a data set, in this order; an image may occur more than once.
 * Names, subjects, face positions, kind (clile_dataset_get_kind), counts
 * (clile_dataset_copy_counts) and the fold it is a part of are those of `dataset`. Subjects
 * without an image are dropped. Images are not copied, and both data sets share those kept in
 * memory. INVALID_ARGUMENT: n below 1, an index out of range, a NULL argument; OUT_OF_MEMORY. The
 * caller owns `*out`. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_dataset_select(const clile_dataset *dataset, int64_t n,
                                                            const int64_t *indices /*[n]*/,
                                                            clile_dataset **out);

/* Which subjects clile_dataset_concat treats as one person. */
enum {
    CLILE_SUBJECTS_DISTINCT = 0, /* none of different data sets */
    CLILE_SUBJECTS_BY_NAME = 1   /* those with the same name */
};

/* Joins n data sets, one after the other. All must have the same AUs, in any order; the result
 * has the first one's order. Images are not copied: each is read, and kept in memory, by the data
 * set it comes from. Subjects of parts of the same data set (folds, selections) are always the
 * same people. Otherwise CLILE_SUBJECTS_DISTINCT makes two people of equal names in two data
 * sets, called NAME#1 and NAME#2 after the first data set that has them, counted from 1; a name
 * that occurs once is kept. Counts, notes and left-out names are those of all, each data set
 * counted once. Layout and kind are "mixed" if they differ. The result is a part of a fold if all
 * are the same part of the same fold. INVALID_ARGUMENT: n below 1, different AUs, an unknown
 * value of `subjects`, packs of different sizes, a NAME#1 that already exists, a NULL argument;
 * OUT_OF_MEMORY. The caller owns `*out`. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_dataset_concat(
    int32_t n, const clile_dataset *const *datasets /*[n]*/, int32_t subjects, clile_dataset **out);

/* Number of images; 0 for NULL. Shared. Since 0.1. */
CLILE_API int64_t clile_dataset_size(const clile_dataset *dataset);
/* Number of AUs, c; 0 for NULL. Shared. Since 0.1. */
CLILE_API int32_t clile_dataset_au_count(const clile_dataset *dataset);
/* Number of subjects with an image in this data set; 0 for NULL. Shared. Since 0.1. */
CLILE_API int32_t clile_dataset_subject_count(const clile_dataset *dataset);
/* AU numbers, in the order of the labels' columns. INVALID_ARGUMENT: a NULL argument. Shared.
 * Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_dataset_copy_au_ids(const clile_dataset *dataset,
                                                                 int32_t *au_ids /*[c]*/);
/* Labels of `count` images starting at `first`: 1 present, 0 absent, -1 not coded.
 * INVALID_ARGUMENT: outside the data set. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_dataset_copy_labels(const clile_dataset *dataset,
                                                                 int64_t first, int64_t count,
                                                                 int8_t *labels /*[count,c]*/);
/* Intensities of `count` images starting at `first`, as DISFA, DISFA+ and columns
 * AU1_r of a CSV manifest have them: 0 absent, 1
 * (trace, A) to 5 (maximum, E), -1 not coded. Packs keep them. UNSUPPORTED: the labels of this data
 * set say only whether an AU is present; INVALID_ARGUMENT: outside the data set. Shared. Since
 * 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_dataset_copy_intensities(
    const clile_dataset *dataset, int64_t first, int64_t count, int8_t *intensity /*[count,c]*/);
/* Subject indices 0..subject_count-1, in order of the subjects' names (runs of digits compare as
 * numbers). INVALID_ARGUMENT: outside the data set. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_dataset_copy_subjects(const clile_dataset *dataset,
                                                                   int64_t first, int64_t count,
                                                                   int32_t *subject /*[count]*/);
/* Name of a subject ("F001") or of an image (path below the folder); NULL if out of range.
 * Borrowed. Shared. Since 0.1. */
CLILE_API const char *clile_dataset_get_subject_name(const clile_dataset *dataset, int32_t subject);
CLILE_API const char *clile_dataset_get_image_name(const clile_dataset *dataset, int64_t index);
/* w_c = (1/r_c) * C / sum_j (1/r_j), with r_c the rate of AU c among its coded labels. An AU that
 * never occurs gets weight 0 and does not count in C (docs/method.md). INVALID_ARGUMENT: a NULL
 * argument. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_dataset_copy_au_weights(const clile_dataset *dataset,
                                                                     float *weights /*[c]*/);
/* The only crop size that a pack has; 0: any size. Since 0.1. */
CLILE_API int32_t clile_dataset_crop_size(const clile_dataset *dataset);
/* One aligned crop, [size,size,3] uint8 RGB, 1 <= size <= 4096. Locked (any thread). IO, CORRUPT,
 * FORMAT: the image or its landmarks; INVALID_ARGUMENT: index or size out of range, an image
 * above max_pixels. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_dataset_copy_crop(const clile_dataset *dataset,
                                                               int64_t index, int32_t size,
                                                               uint8_t *rgb);
/* The image that a crop is cut from, decoded and upright: *rgb [h,w,3] uint8, freed by clile_free.
 * Locked. IO, CORRUPT, FORMAT: the image; UNSUPPORTED: a pack, which has crops only;
 * INVALID_ARGUMENT: index out of range, an image above max_pixels, a NULL argument; OUT_OF_MEMORY.
 * Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_dataset_read_image(const clile_dataset *dataset,
                                                                int64_t index, int32_t *h,
                                                                int32_t *w, uint8_t **rgb);
/* The crops of images indices[0..n-1] (NULL: 0..n-1) in one call, as input for
 * clile_predictor_run. Gives the same bytes as clile_dataset_copy_crop, decoded on `threads`
 * threads (0: all processors). Locked. Errors: those of clile_dataset_copy_crop for the first
 * image that fails, with rgb unspecified; INVALID_ARGUMENT: n < 0, threads outside 0..1024. Since
 * 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_dataset_copy_crops(const clile_dataset *dataset,
                                                                int64_t n, const int64_t *indices,
                                                                int32_t size, int32_t threads,
                                                                uint8_t *rgb /*[n,size,size,3]*/);

/* What opening the folder found. A part has the counts of the whole it was taken from; arrays
 * have zeros. Only grows at the end. */
typedef struct clile_dataset_counts {
    uint32_t struct_size; /* set to sizeof(clile_dataset_counts) before the call */
    uint32_t reserved;
    int64_t label_rows;            /* labelled frames in the label files */
    int64_t labels_without_image;  /* of those, left out because there is no image */
    int64_t images_without_labels; /* images left out because no label row names them */
    /* cropped by their box if there is one, else used whole; equals the size if there are no
     * landmarks at all */
    int64_t images_without_landmarks;
    int64_t images_by_box; /* of those, cropped by their box */
    /* label rows left out because no face was found (OpenFace, Py-Feat), or because the landmarks
     * or box cannot be a face's; not in label_rows */
    int64_t rows_without_face;
} clile_dataset_counts;

/* Fills as much of counts as struct_size says, and sets what this version does not know to 0.
 * INVALID_ARGUMENT: a NULL argument, struct_size (docs/abi.md). Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_dataset_copy_counts(const clile_dataset *dataset,
                                                                 clile_dataset_counts *counts);

/* What clile_dataset_open leaves out: label rows without image, and images without label row. */
#define CLILE_LEFT_OUT_LABELS 0
#define CLILE_LEFT_OUT_IMAGES 1
/* Name of a left-out label row or image, index counting from 0: its path below the folder. For a
 * label row, this is the path that its image would have, without extension
 * ("Sequences/F001/T1/17"). Only the first 8 of each kind are kept; a pack has none. NULL if out
 * of range. Borrowed. Since 0.1. */
CLILE_API const char *clile_dataset_get_left_out(const clile_dataset *dataset, int32_t kind,
                                                 int64_t index);

/* How the images were made: "drawn", "rendered", "photographs", "mixed" (of several kinds) or
 * "unknown" (the option data_kind, docs/data.md). Borrowed; "unknown" for NULL. Shared.
 * Since 0.1. */
CLILE_API const char *clile_dataset_get_kind(const clile_dataset *dataset);

/* What opening found beyond the counts, for a person to read, one sentence per line: how images are
 * numbered and how well that fits, which columns are labels. A line that starts with "warning: "
 * asks for a decision. Borrowed; "" if there is nothing to say, and for NULL. Shared. Since 0.1. */
CLILE_API const char *clile_dataset_get_notes(const clile_dataset *dataset);

/* Reports progress of a long operation. Return 0 to continue, anything else to stop with
 * CLILE_E_CANCELLED. */
typedef int32_t (*clile_count_fn)(int64_t done, int64_t all, void *user);

/* Writes a pack: one safetensors file with every image of the data set aligned and resized once
 * (docs/pack-format.md). Opened by clile_dataset_open, it gives the same bits as the data set at
 * that size, and has no other size. Options: image_size, threads, crop_margin (unset: that of the
 * data set). The file is written atomically; memory does not grow with the number of images.
 * progress may be NULL. IO, CORRUPT, FORMAT: an image, or the file to write; INVALID_ARGUMENT: a
 * name that is not UTF-8 or has a line break, another size or margin than the pack has; CANCELLED;
 * OUT_OF_MEMORY. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_dataset_pack(const clile_dataset *dataset,
                                                          const char *path,
                                                          const clile_options *options,
                                                          clile_count_fn progress, void *user);

/* Reads a whole pack and compares the CRC-32 of each block of images with what the file says;
 * opening a pack checks everything else. For a part of a pack, the whole pack is checked; for
 * joined data sets, the packs among them. progress may be NULL. CORRUPT: the text names block and
 * images; UNSUPPORTED: the data set is not a pack; CANCELLED. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_dataset_verify(const clile_dataset *dataset,
                                                            clile_count_fn progress, void *user);

/* NULL does nothing. Exclusive. Since 0.1. */
CLILE_API void clile_dataset_destroy(clile_dataset *dataset);

CLILE_END

#endif
