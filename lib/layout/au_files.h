/* Labels with a file for each AU in the folder of a sequence (DISFA, DISFA+): rows of a frame and
 * an intensity, 0 (absent) to 5, or 9 (not coded). An AU is present from intensity `present_from`
 * on. */
#ifndef CLILE_I_AU_FILES_H
#define CLILE_I_AU_FILES_H

#include "layout/sequences.h"

typedef struct {
    const char *layout, *kind; /* for messages: "DISFA", "DISFA label file" */
    const char *item;          /* what a row is of: "frame" */
    const char *row;           /* what a row is: "frame,intensity" */
    int32_t blanks;            /* as of clile_i_rows */
    int32_t folders;           /* 1: messages name a file with its folders */
    int32_t (*au)(const char *name, const char *subject); /* of a file, 0 when it is none */
    /* A file's name without folders. */
    void (*name)(const char *subject, int32_t au, char *out, size_t size);
    /* *skip: 1 for row n when it is none, such as a comment. FORMAT: the row makes no sense. */
    clile_status (*parse)(const clile_i_rows *rows, int64_t n, int64_t *frame, int64_t *intensity,
                          int32_t *skip);
} clile_i_au_files;

typedef struct {
    int64_t n, frame_capacity, code_capacity;
    int64_t *frame; /* [n], ascending */
    int8_t *codes;  /* [n,c] */
} clile_i_au_labels;

/* For clile_i_sequences_walk through a folder of labels: adds a folder with such files. */
clile_status clile_i_au_files_visit(const clile_i_au_files *form, clile_i_sequences *sequences,
                                    const char *path, const char *subject, const char *part);
/* The labels of a sequence, of the AUs of the table. FORMAT; INVALID_ARGUMENT: an AU has no
 * file. */
clile_status clile_i_au_files_read(const clile_i_au_files *form, const clile_i_sequences *sequences,
                                   const clile_i_sequence *sequence, clile_i_au_labels *out);
/* Its samples: a label of frame f is of image f + shift. */
clile_status clile_i_au_labels_put(const clile_i_au_labels *labels, int64_t shift,
                                   clile_i_sequences *sequences, clile_i_sequence *sequence);
void clile_i_au_labels_free(clile_i_au_labels *labels);

#endif
