/* Data sets of sequences: a folder of labels next to a folder of images. The latter has a folder
 * for each sequence, SUBJECT (DISFA) or SUBJECT/PART (BP4D's tasks, DISFA+'s trials). A layout
 * finds and reads the labels. Folders, omissions and warnings are the same for all and are handled
 * here. */
#ifndef CLILE_I_SEQUENCES_H
#define CLILE_I_SEQUENCES_H

#include "layout/layout.h"

typedef struct clile_i_sequences clile_i_sequences;

typedef struct {
    const char *name; /* for messages: "BP4D" */
    const clile_i_layout *layout;
    const char *const *label_folders; /* ends with NULL; the first that has labels is used */
    int (*is_part)(const char *name); /* NULL: images are in the subject's folder */
    /* Calls clile_i_sequences_add for each sequence with labels in this folder. */
    clile_status (*find)(const char *labels, clile_i_sequences *sequences);
    int32_t au_count; /* of au_set=auto */
    const int32_t *au_ids;
    int number_digits; /* least number of digits in the name of a row without an image */
} clile_i_sequence_rules;

typedef struct {
    char *subject;         /* "F001" */
    char *below;           /* "F001/T1" */
    char *stem;            /* "F001_T1", of landmarks/STEM.csv and boxes/STEM.csv */
    char *folder;          /* of its images, in the data set's folder: "Sequences/F001/T1" */
    int32_t listed;        /* whether frames is filled */
    clile_i_frames frames; /* its images */
} clile_i_sequence;

struct clile_i_sequences {
    const clile_i_sequence_rules *rules;
    const clile_i_layout_request *request;
    clile_i_table *table;
    char *labels; /* path of the folder in use */
    int64_t taken;
    char *images; /* folder of the images in the data set's: "Sequences" or "" */
    clile_i_sequence *each;
    int64_t count, capacity;
};

/* "F001", "SN003": letters, then digits. Returns the length; 0 if the text does not start like
 * that. */
size_t clile_i_subject_name_size(const char *text);

/* Finds the sequences that have labels, begins the table with its AUs, and finds the images.
 * Counts images of folders without labels as left out. Free it even on failure. FORMAT: no
 * labels, or no images. */
clile_status clile_i_sequences_open(const clile_i_sequence_rules *rules,
                                    const clile_i_layout_request *request, clile_i_table *table,
                                    clile_i_sequences *out);
/* Warns of unused labels and face positions, and finishes the table. */
clile_status clile_i_sequences_finish(clile_i_sequences *sequences);
void clile_i_sequences_free(clile_i_sequences *sequences);
/* Only finds labels, and fills in `count`, `labels` and `each`. Free it. */
clile_status clile_i_sequences_find(const clile_i_sequence_rules *rules,
                                    const clile_i_layout_request *request, clile_i_sequences *out);
/* *fits: 1 if a folder has labels by these rules. */
clile_status clile_i_sequences_recognise(const clile_i_sequence_rules *rules, const char *path,
                                         int32_t *fits);
/* part is NULL without is_part. */
clile_status clile_i_sequences_add(clile_i_sequences *sequences, const char *subject,
                                   const char *part);

/* Calls `visit` for each folder SUBJECT, or SUBJECT/PART, in root. */
typedef clile_status (*clile_i_visit)(clile_i_sequences *sequences, const char *path,
                                      const char *subject, const char *part);
clile_status clile_i_sequences_walk(clile_i_sequences *sequences, const char *root,
                                    clile_i_visit visit);

/* Lists the frames of a sequence. clile_i_samples_begin does so if necessary. */
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
/* Returns 1 if this image already has a row. */
int clile_i_samples_has(const clile_i_samples *samples, int64_t number);
/* Adds a label row for the image of this number. If there is no such image, counts the row as
 * left out. */
clile_status clile_i_samples_add(clile_i_samples *samples, int64_t number, const int8_t *codes);
/* Counts images without a row as left out. */
clile_status clile_i_samples_end(clile_i_samples *samples);
void clile_i_samples_free(clile_i_samples *samples);

#endif
