/* predict MODEL IMAGE [NUMBERS]: reads the action units of one face, in one page of code. The
 * numbers, in pixels, say where the face is: x y w h of its box, or x0 y0 x1 y1 ... of 5 or 68
 * landmarks. Without them, the image must be a crop of the face, as in training. */
#include <clile/clile.h>

#include <stdio.h>
#include <stdlib.h>

static clile_status predict(const char *model_path, const char *image_path, clile_face *face)
{
    clile_model *model = NULL;
    clile_predictor *predictor = NULL;
    clile_image image = {.struct_size = sizeof image, .format = CLILE_PIXELS_RGB};
    uint8_t *rgb = NULL;
    int32_t au_ids[64];
    float probability[64];
    int8_t present[64];
    clile_status status = clile_model_load(model_path, &model);
    if (status == CLILE_OK) status = clile_predictor_create(model, NULL, &predictor);
    if (status == CLILE_OK) status = clile_image_read(image_path, NULL, &image.h, &image.w, &rgb);
    image.pixels = rgb;
    face->image = &image;
    const char *misfit = clile_predictor_get_misfit(predictor, face->kind);
    if (misfit != NULL) fprintf(stderr, "warning: %s\n", misfit);
    if (status == CLILE_OK)
        status = clile_predictor_run_faces(predictor, 1, face, probability, present, NULL);
    if (status == CLILE_OK) status = clile_model_copy_au_ids(model, au_ids);
    for (int32_t c = 0; status == CLILE_OK && c < clile_model_au_count(model); ++c)
        printf("AU%-3d %.9g%s\n", (int)au_ids[c], (double)probability[c],
               present[c] ? "  present" : "");
    clile_free(rgb);
    clile_predictor_destroy(predictor);
    clile_model_destroy(model);
    return status;
}

int main(int argc, char **argv)
{
    float numbers[2 * 68];
    clile_face face = {.struct_size = sizeof face, .kind = CLILE_FACE_CROP, .xy = numbers};
    const int count = argc - 3;
    for (int k = 0; k < count && k < 2 * 68; ++k) numbers[k] = strtof(argv[3 + k], NULL);
    if (count == 4) {
        face.kind = CLILE_FACE_BOX;
        for (int k = 0; k < 4; ++k) face.box[k] = numbers[k];
    } else if (count == 10 || count == 2 * 68) {
        face.kind = CLILE_FACE_POINTS;
        face.points = count / 2;
    } else if (count != 0) {
        fprintf(stderr,
                "usage: predict MODEL IMAGE [X Y W H | X0 Y0 X1 Y1 ... of 5 or 68 landmarks]\n");
        return 2;
    }
    const clile_status status = predict(argv[1], argv[2], &face);
    if (status != CLILE_OK) {
        fprintf(stderr, "%s: %s\n", clile_status_name(status), clile_last_error());
        return 1;
    }
    return 0;
}
