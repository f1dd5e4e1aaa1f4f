/* Checks of the public losses' arguments. Each writes the error text: function, argument, what
 * was expected, what was found and where. */
#ifndef CLILE_I_LOSS_CHECK_H
#define CLILE_I_LOSS_CHECK_H

#include "base/base.h"

#include <clile/losses.h>

typedef struct {
    const char *name;
    int64_t value;
} clile_i_loss_size;

/* Every size must be at least 1 and their product at most 2^56: no later product or sum of products
 * then overflows. */
clile_status clile_i_loss_check_sizes(const char *function, int32_t count,
                                      const clile_i_loss_size *sizes);
clile_status clile_i_loss_check_labels(const char *function, int64_t n, int64_t c,
                                       const int8_t *labels);
clile_status clile_i_loss_check_subjects(const char *function, int64_t n, int64_t s,
                                         const int32_t *subject);
/* NULL is fine. */
clile_status clile_i_loss_check_weights(const char *function, int64_t c, const float *au_weight);
/* Finite and >= 0. */
clile_status clile_i_loss_check_factor(const char *function, const char *name, double value);
/* Finite and > 0. */
clile_status clile_i_loss_check_temperature(const char *function, double value);
clile_status clile_i_loss_check_similarity(const char *function, int32_t similarity);

/* NOT_FINITE, or *loss = value (loss may be NULL). */
clile_status clile_i_loss_finish(const char *function, double value, double *loss);

/* Groups rows by subject and keeps their order within each: subject i has rows order[start[i]] ..
 * order[start[i+1]-1]. */
void clile_i_loss_group(int64_t n, int64_t s, const int32_t *subject, int64_t *order /*[n]*/,
                        int64_t *start /*[s+1]*/);

/* A required array and the name of the argument. */
typedef struct {
    const char *name;
    const void *pointer;
} clile_i_loss_array;
clile_status clile_i_loss_check_arrays(const char *function, int32_t count,
                                       const clile_i_loss_array *arrays);

#endif
