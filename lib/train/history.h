/* What a run leaves behind for each epoch. Private to train. */
#ifndef CLILE_I_HISTORY_H
#define CLILE_I_HISTORY_H

#include "store/protobuf.h"
#include "train/internal.h"

/* Adds a step to the epoch. */
void clile_i_epoch_add(clile_i_epoch *epoch, const clile_i_losses *losses, double seconds);

/* Sets t->run from data, options and initial weights. */
clile_status clile_i_trainer_make_run(clile_trainer *t);

/* How far training is: the last epoch that ended. Stage 0: a new run. */
typedef struct {
    int32_t stage, epoch;
} clile_i_place;
clile_i_place clile_i_trainer_place(const clile_trainer *t);
int clile_i_place_is_after(clile_i_place a, clile_i_place b);

/* A kind of file. */
typedef struct {
    /* How many bytes of the file a run from here keeps: what earlier epochs wrote. FORMAT: not a
     * file of this kind; INVALID_ARGUMENT: of another run. */
    clile_status (*kept)(const clile_trainer *t, const char *path, const clile_i_file *file,
                         size_t *kept);
    void (*start)(const clile_trainer *t, clile_i_pb *out); /* what a file begins with, or NULL */
    void (*epoch)(const clile_trainer *t, clile_i_pb *out); /* t->history.last */
} clile_i_history_kind;
extern const clile_i_history_kind clile_i_history_lines, clile_i_history_events;
double clile_i_wall_clock(void); /* seconds since 1970 */
/* Whether the loss of a stage has this part. */
int clile_i_history_has_term(const clile_trainer *t, int32_t stage, int32_t term);
/* Appends a record of a file of TensorBoard. */
void clile_i_events_record(clile_i_pb *out, const void *event, int64_t size);

/* ---- record.c ---- */
int clile_i_history_is_wanted(const clile_trainer *t);
/* Before the first step of a call of run: makes or cuts the files, once; writes what a full disk
 * has held up. */
clile_status clile_i_history_begin(clile_trainer *t);
clile_status clile_i_history_end_epoch(clile_trainer *t, const clile_progress *progress);
void clile_i_history_free(clile_i_history *history);

#endif
