/* The table of samples. A layout fills it, and a data set is made from it. */
#ifndef CLILE_I_TABLE_H
#define CLILE_I_TABLE_H

#include "base/base.h"
#include "layout/targets.h"
#include "store/safetensors.h"

/* values of CLILE_I_LEFT_OUT_... */
enum { CLILE_I_LANDMARKS = 2 * 68 }; /* coordinates of all landmarks, in Multi-PIE order */
enum { CLILE_I_LEFT_OUT_LABELS, CLILE_I_LEFT_OUT_IMAGES, CLILE_I_LEFT_OUT_KEPT = 8 };

/* Counts from opening a folder; documented at clile_dataset_counts. */
typedef struct {
    int64_t label_rows, labels_without_image, images_without_labels;
    int64_t images_without_landmarks, images_by_box, rows_without_face;
} clile_i_counts;

typedef struct {
    char *root;      /* image names are relative to this folder */
    char *origin;    /* layout and options used, as key=value words; NULL: arrays */
    char layout[16]; /* its layout; for a pack, the one it was packed from; "": arrays */
    char kind[16];   /* drawn, rendered, photographs, mixed or unknown; "": unknown */
    int32_t c;
    int32_t *au_ids; /* [c] */

    int64_t n, capacity;
    int64_t *name;     /* [n] offsets into text */
    int8_t *labels;    /* [n,c] */
    int8_t *intensity; /* [n,c] 0 (absent) to 5; -1: not coded; NULL: no sample has any */
    int32_t *subject;  /* [n] indices into subject_names */
    /* [n,5,2] landmarks in image pixels, NaN for a sample without; NULL if no sample has any */
    float *points;
    /* [n,68,2] all landmarks, NaN for a sample without and NULL as above; in sides of the crop if
     * it is one of a pack, else in image pixels */
    float *landmarks;
    float *boxes; /* [n,4] left, top, width, height; NaN and NULL as above */
    /* Rows read so far of the one file that has a row for each image, whether used or not; 0: the
     * layout has no such file. Row of each sample, from 0 [n]. */
    int64_t rows, *row;
    clile_i_targets targets;
    /* [n] clile_i_placed of the images of a pack; NULL: points and boxes decide */
    uint8_t *placed;

    int32_t subject_count, subject_capacity;
    char **subject_names;   /* [subject_count], in order of appearance until clile_i_table_finish */
    int32_t *subject_order; /* [subject_count], sorted bytewise, for look-up */

    char *text; /* NUL-terminated image names */
    int64_t text_size, text_capacity;

    clile_i_counts counts;
    char *left_out[2][CLILE_I_LEFT_OUT_KEPT]; /* [CLILE_I_LEFT_OUT_...]: names of the first */
    int32_t left_out_count[2];
    /* 1: images are numbered from first_image, which was given or found out */
    int32_t numbered, first_image;
    /* images of unsupported formats in the data set's folders, such as TIFF */
    int64_t not_read;
    char *first_not_read;
    clile_i_text notes; /* findings that are not in the counts, one sentence per line */
    struct {            /* about sequences with both label rows and images */
        int64_t matched, least, bad;
        clile_i_text first; /* the first that fits badly */
    } fit;
    /* The file of the option faces, while the table is filled: it says where faces are, the layout
     * does not. NULL: none. Borrowed. */
    struct clile_face_file *faces;
    /* images with landmarks or a box; those left out because it cannot be a face's, and because the
     * file of the option faces says that there is no face */
    int64_t with_place, misplaced, faceless;
    clile_i_text misplaced_first; /* "image: why" */

    /* a mapped pack to read crops from; NULL: images are files or arrays */
    clile_i_st *pack;
    const uint8_t *pack_crops; /* [n,s,s,3], with s = pack_size + 2 pack_margin */
    /* int64 [blocks], as in the file; a block has pack_block images */
    const uint8_t *pack_crc;
    int32_t pack_size, pack_margin, pack_block;

    /* above 0: image i is frame i % drawn_frames of the drawn subject i / drawn_frames (synth.h) */
    int32_t drawn_size;
    int64_t drawn_frames;
    uint64_t drawn_seed;
} clile_i_table;

/* Begins a table of c AUs (1 or more). The table must be zeroed. clile_i_table_free frees it in
 * any state. */
clile_status clile_i_table_begin(clile_i_table *table, const char *root, int32_t c,
                                 const int32_t *au_ids);
/* Index of the subject of this name, added if new. */
clile_status clile_i_table_subject(clile_i_table *table, const char *begin, const char *end,
                                   int32_t *subject);
/* Where the landmarks of a face are, in image pixels. */
typedef struct {
    float five[10];
    float all[CLILE_I_LANDMARKS]; /* [68,2]; the first is NaN: only five are known */
} clile_i_landmarks;

/* Appends a sample. Its image is called "folder/file", or "file" if folder is "". landmarks and
 * box [4] may be NULL. */
clile_status clile_i_table_add(clile_i_table *table, const char *folder, const char *file,
                               int32_t subject, const int8_t *labels,
                               const clile_i_landmarks *landmarks, const float *box);
/* Sets all landmarks [68,2] of the sample added last. */
clile_status clile_i_table_put_landmarks(clile_i_table *table, const float *all);
/* Labelled images so far: samples, and those left out since no face is known in them. */
int64_t clile_i_table_images(const clile_i_table *table);

/* Sets the intensities [c] of the sample added last; those of samples without are -1. */
clile_status clile_i_table_put_intensity(clile_i_table *table, const int8_t *intensity);
/* Counts a label row without image, or an image without label row (CLILE_I_LEFT_OUT_...). Keeps
 * the first names, as "folder/file". */
clile_status clile_i_table_left_out(clile_i_table *table, int32_t kind, const char *folder,
                                    const char *file);
/* Adds a line "warning: ..." to the notes. */
CLILE_I_PRINTF(2, 3)
clile_status clile_i_table_warn(clile_i_table *table, const char *format, ...);
/* Records that `matched` label rows and images of the sequence `where` belong to each other. There
 * may be more labelled frames than images, or the reverse. But if some of both are left over, they
 * do not belong together: clile_i_table_finish then warns, and rejects a table in which hardly any
 * match. */
clile_status clile_i_table_fit(clile_i_table *table, const char *where, int64_t rows,
                               int64_t images, int64_t matched);
/* Counts an image of an unsupported format, and keeps the first path for a warning in the
 * notes. */
clile_status clile_i_table_not_read(clile_i_table *table, const char *folder, const char *file);
/* FORMAT if no label of any image is coded. Warns of an AU that is coded for no image. */
clile_status clile_i_table_check_codes(clile_i_table *table);
/* Warns of rows that repeat the face of another row: the same image with the same landmarks and
 * box, or with neither. FORMAT if two such rows have different subjects, because a fold could have
 * the face in both parts. */
clile_status clile_i_table_check_repeats(clile_i_table *table);
/* Sorts the subjects in natural order of their names (runs of digits compare as numbers), and warns
 * of what makes no sense. FORMAT: no sample; hardly any row has its image; no label is coded; more
 * than half of the landmarks and boxes cannot belong to a face. */
clile_status clile_i_table_finish(clile_i_table *table);
void clile_i_table_free(clile_i_table *table);

#endif
