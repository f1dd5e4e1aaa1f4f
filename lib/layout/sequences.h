/* Data sets of sequences: a folder of labels beside a folder of images, which has a folder for each
 * sequence. That is SUBJECT (DISFA) or SUBJECT/PART (BP4D's tasks, DISFA+'s trials). A layout
 * finds the labels and reads them; the folders, what is left out and what is warned of are the
 * same for all and are here. */
#ifndef CLILE_I_SEQUENCES_H
#define CLILE_I_SEQUENCES_H

#include "layout/layout.h"

typedef struct clile_i_sequences clile_i_sequences;

typedef struct {
    const char *name; /* for messages: "BP4D" */
    const clile_i_layout *layout;
    const char *const *label_folders; /* up to a NULL; the first that has labels is taken */
    int (*is_part)(const char *name); /* NULL: the images are in the subject's folder */
    /* clile_i_sequences_add for each sequence that has labels in this folder. */
    clile_status (*find)(const char *labels, clile_i_sequences *sequences);
    int32_t au_count; /* of au_set=auto */
    const int32_t *au_ids;
    int number_digits; /* at least so many in the name of a row without an image */
} clile_i_sequence_rules;

typedef struct {
    char *subject;         /* "F001" */
    char *below;           /* "F001/T1" */
    char *stem;            /* "F001_T1", of landmarks/STEM.csv and boxes/STEM.csv */
    char *folder;          /* of its images, below the data set's: "Sequences/F001/T1" */
    int32_t listed;        /* whether frames are */
    clile_i_frames frames; /* its images */
} clile_i_sequence;

struct clile_i_sequences {
    const clile_i_sequence_rules *rules;
    const clile_i_layout_request *request;
    clile_i_table *table;
    char *labels; /* path of the folder that was taken */
    int64_t taken;
    char *images; /* folder of the images, below the data set's: "Sequences" or "" */
    clile_i_sequence *each;
    int64_t count, capacity;
};

/* "F001", "SN003": letters and then digits. The length, 0: text does not begin so. */
size_t clile_i_subject_name_size(const char *text);

/* Sequences that have labels, the table with its AUs, and where the images are; images of
 * folders without labels are counted as left out. Free also after a failure. FORMAT: no labels;
 * no images. */
clile_status clile_i_sequences_open(const clile_i_sequence_rules *rules,
                                    const clile_i_layout_request *request, clile_i_table *table,
                                    clile_i_sequences *out);
/* Warns of labels and places of faces that were not taken, and finishes the table. */
clile_status clile_i_sequences_finish(clile_i_sequences *sequences);
void clile_i_sequences_free(clile_i_sequences *sequences);
/* Only finds labels: `count`, `labels` and `each` are filled in. Free it. */
clile_status clile_i_sequences_find(const clile_i_sequence_rules *rules,
                                    const clile_i_layout_request *request, clile_i_sequences *out);
/* *fits: 1 when a folder has labels by these rules. */
clile_status clile_i_sequences_recognise(const clile_i_sequence_rules *rules, const char *path,
                                         int32_t *fits);
/* part: NULL without is_part. */
clile_status clile_i_sequences_add(clile_i_sequences *sequences, const char *subject,
                                   const char *part);

/* Calls `visit` for each folder SUBJECT, or SUBJECT/PART, below root. */
typedef clile_status (*clile_i_visit)(clile_i_sequences *sequences, const char *path,
                                      const char *subject, const char *part);
clile_status clile_i_sequences_walk(clile_i_sequences *sequences, const char *root,
                                    clile_i_visit visit);

/* The frames of a sequence; clile_i_samples_begin does it for one that is not listed yet. */
clile_status clile_i_sequence_list(clile_i_sequences *sequences, clile_i_sequence *sequence);

/* ---- the samples of one sequence ------------------------------------------------------------- */

typedef struct {
    clile_i_sequences *of;
    clile_i_sequence *sequence;
    clile_i_faces faces;
    uint8_t *labelled; /* [frames] */
    int32_t subject;
    int64_t rows, before; /* label rows; samples before the first */
} clile_i_samples;

clile_status clile_i_samples_begin(clile_i_sequences *sequences, clile_i_sequence *sequence,
                                   clile_i_samples *out);
/* 1: this image has a row already. */
int clile_i_samples_has(const clile_i_samples *samples, int64_t number);
/* A label row of the image of this number; without one it is counted as left out. */
clile_status clile_i_samples_add(clile_i_samples *samples, int64_t number, const int8_t *codes);
/* Images without a row are counted as left out. */
clile_status clile_i_samples_end(clile_i_samples *samples);
void clile_i_samples_free(clile_i_samples *samples);

#endif
