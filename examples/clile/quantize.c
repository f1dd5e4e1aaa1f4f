/* clile export --int8: takes crops, measures activations on them, and writes the int8 model. */
#include "command.h"

#include <stdlib.h>

/* `count` crops of the data set, evenly spread over it. */
static clile_status read_crops(const clile_dataset *data, int64_t count, int32_t size, int quiet,
                               uint8_t *rgb)
{
    const double began = now_seconds();
    const int64_t all = clile_dataset_size(data);
    const size_t bytes = (size_t)size * (size_t)size * 3;
    for (int64_t i = 0; i < count; ++i) {
        const clile_status status =
            clile_dataset_copy_crop(data, i * all / count, size, rgb + (size_t)i * bytes);
        if (status != CLILE_OK) return status;
        if (!quiet) progress_count("reading", i + 1, count, began);
    }
    return CLILE_OK;
}

static int open_part(const calibration_args *c, const clile_options *options, clile_dataset **out)
{
    clile_dataset *whole = NULL;
    int code = dataset_open(c->data, options, &whole);
    if (code == EXIT_FINE &&
        protocol_fold(whole, c->protocol, (int32_t)c->fold, out, NULL) != CLILE_OK)
        code = failed(NULL);
    clile_dataset_destroy(whole);
    return code;
}

int quantize_to_file(const clile_model *model, const calibration_args *c,
                     const clile_options *options, const char *path)
{
    const int32_t size = clile_model_image_size(model);
    clile_dataset *data = NULL;
    clile_model *small = NULL;
    uint8_t *rgb = NULL;
    int code = EXIT_FAILED;
    if (open_part(c, options, &data) != EXIT_FINE) goto cleanup;
    const int64_t count =
        clile_dataset_size(data) < c->images ? clile_dataset_size(data) : c->images;
    rgb = malloc((size_t)count * (size_t)size * (size_t)size * 3);
    if (rgb == NULL) {
        fprintf(stderr, "clile: no memory for %lld crops\n", (long long)count);
        goto cleanup;
    }
    if (read_crops(data, count, size, c->quiet, rgb) != CLILE_OK ||
        clile_model_quantize(model, count, rgb, size, size, options, &small) != CLILE_OK ||
        clile_model_save(small, path) != CLILE_OK)
        failed(NULL);
    else
        code = EXIT_FINE;
cleanup:
    free(rgb);
    clile_model_destroy(small);
    clile_dataset_destroy(data);
    return code;
}
