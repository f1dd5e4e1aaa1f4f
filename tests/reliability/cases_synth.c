/* One call of each function of drawn faces. */
#include "reliability/world.h"

#define COPIES "copies what is there"

static void synth_copy_au_ids(world *w)
{
    int32_t au_ids[CLILE_SYNTH_AUS] = {0};
    WATCH(au_ids);
    CALL(clile_synth_copy_au_ids(A(au_ids, au_ids)));
    TAKE(au_ids);
}

static void synth_labels(world *w)
{
    int8_t labels[CLILE_SYNTH_AUS] = {0};
    float intensity[CLILE_SYNTH_AUS] = {0};
    CALL(clile_synth_labels(1, 2, 3, O(labels, labels), O(intensity, intensity)));
    TAKE(labels);
    TAKE(intensity);
}

static void synth_render(world *w)
{
    const float intensity[CLILE_SYNTH_AUS] = {0.5f};
    float landmarks[2 * CLILE_SYNTH_LANDMARKS] = {0};
    uint8_t rgb[WORLD_SIZE * WORLD_SIZE * 3] = {0};
    CALL(clile_synth_render(1, 2, 3, O(intensity, intensity), WORLD_SIZE, A(rgb, rgb),
                            O(landmarks, landmarks)));
    TAKE(rgb);
    TAKE(landmarks);
}

static void synth_subject_name(world *w)
{
    char name[32] = "";
    WATCH(name);
    CALL(clile_synth_subject_name(A(layout, "bp4d"), 50, A(name, name), sizeof name));
    TAKE(name);
}

static void synth_dataset(world *w)
{
    clile_dataset *out = NULL;
    uint8_t crop[WORLD_SIZE * WORLD_SIZE * 3] = {0};
    WATCH(out);
    CALL(clile_dataset_from_synth(1, 3, 1, 2, WORLD_SIZE, A(out, &out)));
    if (out != NULL) {
        const int64_t n = clile_dataset_size(out);
        TAKE(n);
        NEED(clile_dataset_copy_crop(out, n - 1, WORLD_SIZE, crop));
        TAKE(crop);
    }
    clile_dataset_destroy(out);
}

const world_case world_cases_synth[] = {
    {"clile_synth_copy_au_ids", synth_copy_au_ids, COPIES, 0},
    {"clile_synth_labels", synth_labels, "draws numbers", 0},
    {"clile_synth_render", synth_render, NULL, 0},
    {"clile_synth_subject_name", synth_subject_name, "writes into the caller's memory", 0},
    {"clile_dataset_from_synth", synth_dataset, NULL, 0},
    {NULL, NULL, NULL, 0},
};
