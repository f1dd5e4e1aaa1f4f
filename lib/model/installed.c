/* The models that come with the library. */
#include "model/model.h"

clile_status clile_model_copy_default_path(char **out)
{
    clile_status status = CLILE_OK;
    clile_i_text tried = {0};
    CLILE_I_CHECK_NOT_NULL(out);
    *out = NULL;
    status = clile_i_data_find("photo.safetensors", out, &tried);
    if (status == CLILE_OK && *out == NULL)
        status = clile_i_fail(CLILE_E_IO,
                              "the model for photographs is not installed (no photo.safetensors in "
                              "%s): install it (Debian: clile-model; from source: cmake "
                              "--install), or name a model",
                              tried.data);
    clile_i_text_free(&tried);
    return status;
}

clile_status clile_model_load_default(const clile_options *options, clile_model **out)
{
    char *path = NULL;
    (void)options; /* none yet */
    CLILE_I_CHECK_NOT_NULL(out);
    *out = NULL;
    CLILE_I_RETURN_IF(clile_model_copy_default_path(&path));
    const clile_status status = clile_model_load(path, out);
    clile_i_free(path);
    return status;
}
