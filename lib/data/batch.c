/* Batches of network input. */
#include "data/core.h"

#include <clile/status.h>

#include <math.h>
#include <string.h>

enum { SLOTS_MOST = 1 << 20 }; /* largest batch: draws cannot tell more slots apart */

typedef struct {
    const clile_dataset *dataset;
    const int64_t *indices, *slots; /* NULL: 0, 1, ... */
    int32_t size, standardize;
    const clile_i_augment *augment;
    uint64_t seed;
    int64_t step;
    float *dst;   /* network input [n,3,size,size]; if NULL, fill rgb */
    uint8_t *rgb; /* [n,size,size,3] */

    char lock; /* guards the fields below: the failure of the lowest slot */
    clile_status status;
    int64_t slot;
    char text[1024];
} job;

static void report(job *j, int64_t slot, clile_status status)
{
    while (__atomic_test_and_set(&j->lock, __ATOMIC_ACQUIRE)) {
    }
    if (j->status == CLILE_OK || slot < j->slot) {
        j->status = status;
        j->slot = slot;
        strncpy(j->text, clile_last_error(), sizeof j->text - 1);
    }
    __atomic_clear(&j->lock, __ATOMIC_RELEASE);
}

/* An augmented image: what is drawn for slot `slot`. */
static clile_status augment(const job *j, const clile_i_stored *stored, int64_t image, int64_t slot,
                            float *dst)
{
    float xy[CLILE_I_LANDMARKS];
    clile_i_exchange exchange;
    clile_i_look look;
    clile_i_jitter jitter = clile_i_augment_draw(j->augment, j->seed, j->step, slot);
    if (clile_i_shapes_draw(j->augment, clile_i_dataset_subject(j->dataset, image), j->seed,
                            j->step, slot, &exchange)) {
        jitter.field = &exchange.field;
        xy[0] = NAN;
        if (exchange.look > 0.0f)
            CLILE_I_RETURN_IF(clile_i_dataset_copy_landmarks(j->dataset, image, xy));
        if (!clile_i_is_nan((double)xy[0])) {
            clile_i_shapes_look(j->augment->shapes, &exchange, xy, &look);
            jitter.look = &look;
        }
    }
    clile_i_crop_to_input(stored->rgb, stored->margin, j->size, &jitter, j->standardize, dst);
    return CLILE_OK;
}

static void load_part(int64_t begin, int64_t end, void *context)
{
    job *j = context;
    const int64_t plane = (int64_t)j->size * j->size;
    const clile_i_jitter plain = CLILE_I_JITTER_NONE;
    clile_i_crop_space space = {0};
    for (int64_t k = begin; k < end; ++k) {
        clile_i_stored stored = {0};
        const int64_t image = j->indices ? j->indices[k] : k, sample = j->dataset->index[image];
        clile_status status = clile_i_crop_get(j->dataset->core, sample, j->size, &space, &stored);
        if (status == CLILE_OK && j->rgb != NULL)
            clile_i_crop_copy_middle(&stored, j->size, j->rgb + 3 * plane * k);
        else if (status == CLILE_OK && j->augment != NULL)
            status = augment(j, &stored, image, j->slots ? j->slots[k] : k, j->dst + 3 * plane * k);
        else if (status == CLILE_OK)
            clile_i_crop_to_input(stored.rgb, stored.margin, j->size, &plain, j->standardize,
                                  j->dst + 3 * plane * k);
        if (status != CLILE_OK) {
            report(j, k, status);
            break;
        }
    }
    clile_i_free(space.bytes);
}

clile_status clile_i_batch_load(const clile_dataset *dataset, int64_t n, const int64_t *indices,
                                int32_t size, const clile_i_augment *augment, uint64_t seed,
                                int64_t step, float *dst)
{
    return clile_i_batch_load_slots(dataset, n, indices, size, 0, augment, seed, step, NULL, dst);
}

clile_status clile_i_batch_load_slots(const clile_dataset *dataset, int64_t n,
                                      const int64_t *indices, int32_t size, int32_t standardize,
                                      const clile_i_augment *augment, uint64_t seed, int64_t step,
                                      const int64_t *slots, float *dst)
{
    CLILE_I_CHECK_NOT_NULL(dataset);
    CLILE_I_CHECK_NOT_NULL(indices);
    CLILE_I_CHECK_NOT_NULL(dst);
    if (n < 0 || n >= SLOTS_MOST || size < 1 || size > CLILE_I_CROP_LARGEST || step < 0)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "batch of %lld images of %d pixels at step %lld", (long long)n, size,
                            (long long)step);
    for (int64_t k = 0; k < n; ++k)
        if (indices[k] < 0 || indices[k] >= dataset->n)
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                "batch: image %lld, the data set has %lld", (long long)indices[k],
                                (long long)dataset->n);

    job j = {.dataset = dataset,
             .indices = indices,
             .slots = slots,
             .size = size,
             .standardize = standardize,
             .augment = augment,
             .seed = seed,
             .step = step,
             .dst = dst};
    clile_i_parallel_for(n, 1, load_part, &j);
    return j.status == CLILE_OK ? CLILE_OK : clile_i_fail(j.status, "%s", j.text);
}

clile_status clile_dataset_copy_crops(const clile_dataset *dataset, int64_t n,
                                      const int64_t *indices, int32_t size, int32_t threads,
                                      uint8_t *rgb)
{
    CLILE_I_CHECK_NOT_NULL(dataset);
    CLILE_I_CHECK_NOT_NULL(rgb);
    if (n < 0)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: n is %lld, expected 0 or more", __func__,
                            (long long)n);
    if (size < 1 || size > CLILE_I_CROP_LARGEST)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: size %d, 1 to %d is possible", __func__,
                            (int)size, (int)CLILE_I_CROP_LARGEST);
    if (threads < 0 || threads > 1024)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: threads is %d, expected 0 to 1024",
                            __func__, (int)threads);
    if (indices == NULL && n > dataset->n)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: %lld images, the data set has %lld",
                            __func__, (long long)n, (long long)dataset->n);
    for (int64_t k = 0; k < n && indices; ++k)
        if (indices[k] < 0 || indices[k] >= dataset->n)
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                "%s: indices[%lld] is %lld, the data set has %lld images", __func__,
                                (long long)k, (long long)indices[k], (long long)dataset->n);
    job j = {.dataset = dataset, .indices = indices, .size = size, .rgb = rgb};
    const int32_t previous =
        clile_i_threads_set(threads > 0 ? threads : clile_i_threads_available());
    clile_i_parallel_for(n, 1, load_part, &j);
    clile_i_threads_set(previous);
    return j.status == CLILE_OK ? CLILE_OK : clile_i_fail(j.status, "%s", j.text);
}
