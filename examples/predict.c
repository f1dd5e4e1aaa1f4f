/* predict MODEL IMAGE: the action units of one image, taken as a crop of a face, in a page. */
#include <clile/clile.h>

#include <stdio.h>
#include <stdlib.h>

static clile_status predict(const char *model_path, const char *image_path)
{
    clile_model *model = NULL;
    clile_predictor *predictor = NULL;
    uint8_t *rgb = NULL;
    int32_t h = 0, w = 0, au_ids[64];
    float probability[64];
    int8_t present[64];
    clile_status status = clile_model_load(model_path, &model);
    if (status == CLILE_OK) status = clile_predictor_create(model, NULL, &predictor);
    if (status == CLILE_OK) status = clile_image_read(image_path, NULL, &h, &w, &rgb);
    if (status == CLILE_OK) status = clile_predictor_run(predictor, 1, rgb, h, w, probability, present, NULL);
    if (status == CLILE_OK) status = clile_model_copy_au_ids(model, au_ids);
    for (int32_t c = 0; status == CLILE_OK && c < clile_model_au_count(model); ++c)
        printf("AU%-3d %.3f%s\n", (int)au_ids[c], (double)probability[c], present[c] ? "  present" : "");
    clile_free(rgb);
    clile_predictor_destroy(predictor);
    clile_model_destroy(model);
    return status;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: predict MODEL IMAGE\n");
        return 2;
    }
    const clile_status status = predict(argv[1], argv[2]);
    if (status != CLILE_OK) {
        fprintf(stderr, "%s: %s\n", clile_status_name(status), clile_last_error());
        return 1;
    }
    return 0;
}
