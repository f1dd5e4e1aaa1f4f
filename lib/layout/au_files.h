/* Labels with one file per AU in a sequence's folder (DISFA, DISFA+). Rows have a frame and an
 * intensity, 0 (absent) to 5, or 9 (not coded). An AU is present from intensity `present_from`
 * up. */
#ifndef CLILE_I_AU_FILES_H
#define CLILE_I_AU_FILES_H

#include "layout/sequences.h"

typedef struct {
    const char *layout, *kind; /* for messages: "DISFA", "DISFA label file" */
    const char *item;          /* what a row is about: "frame" */
    const char *row;           /* the form of a row: "frame,intensity" */
    int32_t blanks;            /* as in clile_i_rows */
    int32_t folders;           /* 1: messages name a file with its folders */
    int32_t (*au)(const char *name, const char *subject); /* from a file name; 0 if none */
    /* Writes the name of a file, without folders. */
    void (*name)(const char *subject, int32_t au, char *out, size_t size);
    /* *skip: 1 if row n holds no label, such as a comment. FORMAT: cannot read the row. */
    clile_status (*parse)(const clile_i_rows *rows, int64_t n, int64_t *frame, int64_t *intensity,
                          int32_t *skip);
} clile_i_au_files;

typedef struct {
    int64_t n, frame_capacity, code_capacity, intensity_capacity;
    int64_t *frame;    /* [n], ascending */
    int8_t *codes;     /* [n,c] */
    int8_t *intensity; /* [n,c]; -1: not coded */
} clile_i_au_labels;

/* For clile_i_sequences_walk in a folder of labels: adds each folder that has such files. */
clile_status clile_i_au_files_visit(const clile_i_au_files *form, clile_i_sequences *sequences,
                                    const char *path, const char *subject, const char *part);
/* Reads the labels of a sequence, for the table's AUs. FORMAT; INVALID_ARGUMENT: an AU has no
 * file. */
clile_status clile_i_au_files_read(const clile_i_au_files *form, const clile_i_sequences *sequences,
                                   const clile_i_sequence *sequence, clile_i_au_labels *out);
/* Adds its samples. The label of frame f belongs to image f + shift. */
clile_status clile_i_au_labels_put(const clile_i_au_labels *labels, int64_t shift,
                                   clile_i_sequences *sequences, clile_i_sequence *sequence);
void clile_i_au_labels_free(clile_i_au_labels *labels);

#endif
