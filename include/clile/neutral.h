/* clile/neutral.h: probabilities beside a person's own neutral, without labels.
 *
 *     clile_neutral *neutral = NULL;
 *     clile_neutral_create(model, &neutral);
 *     // for each frame of a person
 *     clile_neutral_add(neutral, person, probability);
 *     // then, for each again
 *     clile_neutral_apply(neutral, person, probability, centred, present);
 *     clile_neutral_destroy(neutral);
 *
 * Faces differ at rest: deep-set brows read as a brow lowerer in every frame. Most frames of most
 * people show no given action, so the median over a person's frames is that person at rest. It is
 * subtracted, on the scale of log odds. An action that a person shows in more than half of the
 * frames is lost by this.
 *
 * Memory: 1 KB a person and AU, however many frames. Thread class: exclusive. */
#ifndef CLILE_NEUTRAL_H
#define CLILE_NEUTRAL_H

#include <clile/model.h>

CLILE_BEGIN

typedef struct clile_neutral clile_neutral;

enum { CLILE_NEUTRAL_LEAST = 5 }; /* frames of a person, for a median */

/* For the AUs of a model, which is only asked for them. The caller owns `*out`. INVALID_ARGUMENT: a
 * NULL argument; OUT_OF_MEMORY. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_neutral_create(const clile_model *model,
                                                            clile_neutral **out);

/* Adds a frame of a person (any number): probability [c], 0 to 1. INVALID_ARGUMENT: a NULL
 * argument, a value that is none; OUT_OF_MEMORY. After a failure the frame was not added.
 * Exclusive. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_neutral_add(clile_neutral *neutral, int64_t person,
                                                         const float *probability /*[c]*/);

/* logit(centred) = logit(probability) - median of the person's + logit(0.1): the person's median
 * becomes 0.1, a face at rest, and 0.5 stays the threshold. The median is that of the frames added
 * so far, to 1/8 of a logit, interpolated within; beyond 16 logits is 16. present: 1 if centred >
 * 0.5. Outputs may be NULL; centred may be probability. INVALID_ARGUMENT: as clile_neutral_add;
 * STATE: fewer than CLILE_NEUTRAL_LEAST frames of this person. Exclusive. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_neutral_apply(const clile_neutral *neutral,
                                                           int64_t person,
                                                           const float *probability /*[c]*/,
                                                           float *centred /*[c]*/,
                                                           int8_t *present /*[c]*/);

/* NULL does nothing. Exclusive. Since 0.1. */
CLILE_API void clile_neutral_destroy(clile_neutral *neutral);

CLILE_END

#endif
