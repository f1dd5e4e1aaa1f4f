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
 * Faces differ at rest: deep-set brows read as a brow lowerer in every frame. What a person's
 * frames have in common is subtracted, on the scale of log odds:
 *   - a model that libclile trained on two people or more knows how people differ. The offset of a
 *     new person is estimated from any number of frames, with each frame's chance to show the AU;
 *     few frames move it little (docs/method.md, "A person's own neutral"). Thresholds are fitted
 *     for scores without offsets.
 *   - for another model, it is the median of at least CLILE_NEUTRAL_LEAST frames: most frames of
 *     most people show no given action. An action in more than half of the frames is lost by this.
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

/* logit(centred) = logit(probability) - the person's offset - threshold, from the frames added so
 * far, to 1/8 of a logit; beyond 16 logits is 16. 0.5 stays the threshold. Without what training
 * learned of people, the offset is the person's median, and logit(0.1) is added: the median becomes
 * 0.1, a face at rest. present: 1 if centred > 0.5. Outputs may be NULL; centred may be
 * probability. INVALID_ARGUMENT: as clile_neutral_add; STATE: fewer than clile_neutral_least frames
 * of this person. Exclusive. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_neutral_apply(const clile_neutral *neutral,
                                                           int64_t person,
                                                           const float *probability /*[c]*/,
                                                           float *centred /*[c]*/,
                                                           int8_t *present /*[c]*/);

/* The frames of a person that clile_neutral_apply needs: 0 if the model knows how people differ,
 * otherwise CLILE_NEUTRAL_LEAST; 0 for NULL. Shared. Since 0.1. */
CLILE_API int32_t clile_neutral_least(const clile_neutral *neutral);

/* NULL does nothing. Exclusive. Since 0.1. */
CLILE_API void clile_neutral_destroy(clile_neutral *neutral);

CLILE_END

#endif
