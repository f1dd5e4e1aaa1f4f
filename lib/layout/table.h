/* The table of samples that a layout fills and a data set is made of. */
#ifndef CLILE_I_TABLE_H
#define CLILE_I_TABLE_H

#include "base/base.h"
#include "store/safetensors.h"

/* as CLILE_I_LEFT_OUT_... */
enum { CLILE_I_LEFT_OUT_LABELS, CLILE_I_LEFT_OUT_IMAGES, CLILE_I_LEFT_OUT_KEPT = 8 };

/* What opening a folder counts: clile_dataset_counts says what each means. */
typedef struct {
    int64_t label_rows, labels_without_image, images_without_labels;
    int64_t images_without_landmarks, images_by_box, rows_without_face;
} clile_i_counts;

typedef struct {
    char *root;      /* folder that image names are relative to */
    char *origin;    /* layout and options it was read by, as key=value words; NULL: arrays */
    char layout[16]; /* its layout, of a pack that which it was packed from; "": arrays */
    char kind[16];   /* drawn, rendered, photographs, mixed or unknown; "": unknown */
    int32_t c;
    int32_t *au_ids; /* [c] */

    int64_t n, capacity;
    int64_t *name;    /* [n] offsets into text */
    int8_t *labels;   /* [n,c] */
    int32_t *subject; /* [n] indices into subject_names */
    /* [n,5,2] landmarks in image pixels, NaN where a sample has none; NULL when no sample has
     * any */
    float *points;
    float *boxes; /* [n,4] left, top, width, height; NaN and NULL as above */
    /* [n] clile_i_placed of the images of a pack; NULL: as points and boxes say */
    uint8_t *placed;

    int32_t subject_count, subject_capacity;
    char **subject_names;   /* [subject_count], in order of appearance until clile_i_table_finish */
    int32_t *subject_order; /* [subject_count], bytewise sorted: for lookup */

    char *text; /* NUL-terminated image names */
    int64_t text_size, text_capacity;

    clile_i_counts counts;
    char *left_out[2][CLILE_I_LEFT_OUT_KEPT]; /* [CLILE_I_LEFT_OUT_...]: names of the first */
    int32_t left_out_count[2];
    /* 1: images are numbered from first_image, as was asked for or found out */
    int32_t numbered, first_image;
    /* images in folders of the data set that are of kinds that are not read, such as WebP */
    int64_t not_read;
    char *first_not_read;
    clile_i_text notes; /* what was understood and is not in the counts, one sentence a line */
    struct {            /* of sequences that have both label rows and images */
        int64_t matched, least, bad;
        clile_i_text first; /* that fits badly */
    } fit;
    /* images with landmarks or a box; those of them left out since it is no face's */
    int64_t with_place, misplaced;
    clile_i_text misplaced_first; /* "image: why" */

    /* a mapped pack that crops are read from, NULL: images are files or arrays */
    clile_i_st *pack;
    const uint8_t *pack_crops; /* [n,s,s,3] in it, s the stored side of crops of pack_size pixels */
    /* int64 [blocks], as they are in the file; a block has pack_block images */
    const uint8_t *pack_crc;
    int32_t pack_size, pack_block;

    /* above 0: image i is frame i % drawn_frames of the drawn subject i / drawn_frames (synth.h) */
    int32_t drawn_size;
    int64_t drawn_frames;
    uint64_t drawn_seed;
} clile_i_table;

/* Takes c AU numbers (1 or more). The table must be zeroed; clile_i_table_free undoes
 * everything, also a half-done table. */
clile_status clile_i_table_begin(clile_i_table *table, const char *root, int32_t c,
                                 const int32_t *au_ids);
/* Index of the subject of this name, which is added when it is new. */
clile_status clile_i_table_subject(clile_i_table *table, const char *begin, const char *end,
                                   int32_t *subject);
/* Appends a sample; its image is called "folder/file", or "file" when folder is "". five [5,2]
 * and box [4] may be NULL.
 */
clile_status clile_i_table_add(clile_i_table *table, const char *folder, const char *file,
                               int32_t subject, const int8_t *labels, const float *five,
                               const float *box);
/* Counts a label row without image, or an image without label row (CLILE_I_LEFT_OUT_...), and
 * keeps the first names: "folder/file". */
clile_status clile_i_table_left_out(clile_i_table *table, int32_t kind, const char *folder,
                                    const char *file);
/* A line "warning: ..." of the notes. */
CLILE_I_PRINTF(2, 3)
clile_status clile_i_table_warn(clile_i_table *table, const char *format, ...);
/* A sequence called `where` in which `matched` label rows and images were found for each other.
 * Labels may be of more frames than there are images and the other way round, but where both are
 * left out, rows and images do not belong together: clile_i_table_finish warns of it, and
 * refuses a table in which hardly any do. */
clile_status clile_i_table_fit(clile_i_table *table, const char *where, int64_t rows,
                               int64_t images, int64_t matched);
/* Counts an image that is of a kind that is not read and keeps the first path, for a warning in
 * the notes. */
clile_status clile_i_table_not_read(clile_i_table *table, const char *folder, const char *file);
/* FORMAT when no label of any image is coded; an AU that no image is coded for is warned of. */
clile_status clile_i_table_check_codes(clile_i_table *table);
/* Warns of rows that repeat the face of another row: the same image with the same landmarks and
 * box, or with none. FORMAT: such rows of two subjects, since folds would have the face on both
 * sides. */
clile_status clile_i_table_check_repeats(clile_i_table *table);
/* Puts the subjects in the natural order of their names (runs of digits compare as numbers), and
 * warns of what makes no sense. FORMAT: no sample; hardly any row has its image; no label is
 * coded; more than half of all landmarks and boxes are no face's. */
clile_status clile_i_table_finish(clile_i_table *table);
void clile_i_table_free(clile_i_table *table);

#endif
