/* clile/inspect.h: the public form of weights.h. */
#include "store/weights.h"

#include <clile/inspect.h>

#include <string.h>

static clile_status cancelled(const char *path)
{
    return clile_i_fail(CLILE_E_CANCELLED, "%s: the caller asked to stop", path);
}

clile_status clile_file_inspect(const char *path, clile_tensor_fn tensor,
                                clile_metadata_fn metadata, void *user, int32_t *kind)
{
    clile_status status = CLILE_OK;
    clile_i_weights *weights = NULL;
    CLILE_I_CHECK_NOT_NULL(path);
    CLILE_I_TRY(clile_i_weights_open(path, 0, &weights));
    if (kind)
        *kind = clile_i_weights_is_torch(weights) ? CLILE_FILE_PYTORCH : CLILE_FILE_SAFETENSORS;
    for (int64_t i = 0; metadata && i < clile_i_weights_metadata_count(weights); ++i) {
        const char *key, *value;
        clile_i_weights_metadata_at(weights, i, &key, &value);
        if (metadata(key, value, user) != 0) {
            status = cancelled(path);
            goto cleanup;
        }
    }
    for (int64_t i = 0; tensor && i < clile_i_weights_count(weights); ++i) {
        const clile_i_weight *w = clile_i_weights_at(weights, i);
        const clile_tensor_info info = {sizeof info, w->ndim,  w->name,
                                        w->dtype,    w->shape, w->bytes};
        if (tensor(&info, user) != 0) {
            status = cancelled(path);
            goto cleanup;
        }
    }
cleanup:
    clile_i_weights_close(weights);
    return status;
}
