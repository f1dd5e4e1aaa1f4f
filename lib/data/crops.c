/* From a sample to its stored crop, with a cache. The cache is lock-free: a list of sizes that
 * grows only at its head, and slots that go once from NULL to a finished crop, both by
 * compare-and-exchange. */
#include "data/core.h"
#include "layout/origin.h"

#include <clile/synth.h>

#include <string.h>

enum { LEAST_SIDE = 8 }; /* pixels; a smaller image cannot show a face */

static clile_status find_crops(clile_i_core *core, int32_t size, clile_i_crops **out)
{
    clile_status status = CLILE_OK;
    clile_i_crops *fresh = NULL, *head = __atomic_load_n(&core->crops, __ATOMIC_ACQUIRE);
    for (;;) {
        clile_i_crops *found = head;
        while (found != NULL && found->size != size) found = found->next;
        if (found != NULL) {
            *out = found;
            break;
        }
        if (fresh == NULL) {
            CLILE_I_ALLOC(fresh, 1);
            fresh->size = size;
            CLILE_I_ALLOC(fresh->crop, core->table.n);
        }
        fresh->next = head;
        if (__atomic_compare_exchange_n(&core->crops, &head, fresh, 0, __ATOMIC_ACQ_REL,
                                        __ATOMIC_ACQUIRE)) {
            *out = fresh;
            fresh = NULL;
            break;
        }
    }
cleanup:
    if (fresh != NULL) clile_i_free(fresh->crop);
    clile_i_free(fresh);
    return status;
}

void clile_i_crops_free(clile_i_core *core)
{
    while (core->crops != NULL) {
        clile_i_crops *next = core->crops->next;
        for (int64_t i = 0; i < core->table.n; ++i) clile_i_free(core->crops->crop[i]);
        clile_i_free(core->crops->crop);
        clile_i_free(core->crops);
        core->crops = next;
    }
}

/* Uses the square around a face box. */
static clile_status locate_box(const clile_i_core *core, int64_t index, int32_t h, int32_t w,
                               int32_t size, clile_i_affine *map)
{
    double box[4];
    for (int k = 0; k < 4; ++k) box[k] = core->table.boxes[4 * index + k];
    if (clile_i_align_box(box, core->box_margin, h, w, size, map) == CLILE_OK) return CLILE_OK;
    return clile_i_fail_context(CLILE_E_FORMAT, "box of image %s",
                                core->table.text + core->table.name[index]);
}

/* Maps crop to pixels of the image [h,w]: by landmarks if there are any, otherwise by a box. */
static clile_status locate_crop(const clile_i_core *core, int64_t index, int32_t h, int32_t w,
                                int32_t size, clile_i_affine *map)
{
    const float *five = core->table.points != NULL ? core->table.points + 10 * index : NULL;
    if (five == NULL || clile_i_is_nan(five[0])) {
        if (core->table.boxes != NULL && !clile_i_is_nan(core->table.boxes[4 * index]))
            return locate_box(core, index, h, w, size, map);
        clile_i_align_whole(h, w, size, map);
        return CLILE_OK;
    }
    double xy[10];
    for (int k = 0; k < 10; ++k) xy[k] = five[k];
    if (clile_i_align_landmarks(5, xy, h, w, size, map) != CLILE_OK)
        return clile_i_fail_context(CLILE_E_FORMAT, "landmarks of image %s",
                                    core->table.text + core->table.name[index]);
    return CLILE_OK;
}

/* The path of an image's file; to be freed. NULL when out of memory. */
static char *path_of(const clile_i_core *core, int64_t index)
{
    const char *name = core->table.text + core->table.name[index];
    return name[0] == '/' ? clile_i_strdup(name) : clile_i_path_join(core->table.root, name);
}

clile_status clile_i_crop_place(const clile_i_core *core, int64_t index, clile_i_affine *map)
{
    const clile_i_placed placed = clile_i_origin_placed(&core->table, index);
    /* assume a huge image: rendering finds out whether the crop lies outside */
    int32_t h = core->h, w = core->w;
    if (core->pixels == NULL && placed != CLILE_I_PLACED_CROP) h = w = INT32_MAX;
    if (core->pixels == NULL && placed == CLILE_I_PLACED_CROP) {
        char *path = path_of(core, index);
        if (path == NULL) return CLILE_E_OUT_OF_MEMORY;
        const clile_status status = clile_i_image_size(path, core->max_pixels, &h, &w);
        clile_i_free(path);
        CLILE_I_RETURN_IF(status);
    }
    return locate_crop(core, index, h, w, 1, map);
}

static clile_status load_image(const clile_i_core *core, int64_t index, clile_i_image *image)
{
    clile_status status = CLILE_OK;
    char *path = NULL;
    if (core->pixels != NULL) {
        const int64_t row = 3 * (int64_t)core->w;
        *image = (clile_i_image){.h = core->h,
                                 .w = core->w,
                                 .row_stride = row,
                                 .rgb = core->pixels + index * core->h * row};
        return CLILE_OK;
    }
    path = path_of(core, index);
    if (path == NULL) return CLILE_E_OUT_OF_MEMORY;
    CLILE_I_TRY(clile_i_image_read(path, core->max_pixels, image));
    if (image->h < LEAST_SIDE || image->w < LEAST_SIDE)
        status = clile_i_fail(CLILE_E_FORMAT,
                              "image %s has %d x %d pixels, a face needs at least %d x %d", path,
                              image->w, image->h, LEAST_SIDE, LEAST_SIDE);
cleanup:
    clile_i_free(path);
    return status;
}

/* Draws a face of a data set without image files. */
static clile_status draw_face(const clile_i_core *core, int64_t index, clile_i_image *image,
                              double *points /*[CLILE_SYNTH_LANDMARKS,2]*/)
{
    const int32_t side = core->table.drawn_size;
    const int64_t frames = core->table.drawn_frames;
    float xy[2 * CLILE_SYNTH_LANDMARKS];
    uint8_t *rgb = clile_i_calloc((int64_t)side * side, 3);
    if (rgb == NULL) return CLILE_E_OUT_OF_MEMORY;
    *image = (clile_i_image){
        .h = side, .w = side, .row_stride = 3 * (int64_t)side, .rgb = rgb, .owned = rgb};
    CLILE_I_RETURN_IF(clile_synth_render(core->table.drawn_seed, index / frames, index % frames,
                                         NULL, side, rgb, xy));
    for (int i = 0; i < 2 * CLILE_SYNTH_LANDMARKS; ++i) points[i] = (double)xy[i];
    return CLILE_OK;
}

/* The same, and its crop by landmarks. */
static clile_status draw_image(const clile_i_core *core, int64_t index, int32_t size,
                               clile_i_image *image, clile_i_affine *map)
{
    const int32_t side = core->table.drawn_size;
    double points[2 * CLILE_SYNTH_LANDMARKS];
    CLILE_I_RETURN_IF(draw_face(core, index, image, points));
    return clile_i_align_landmarks(CLILE_SYNTH_LANDMARKS, points, side, side, size, map);
}

static clile_status draw_five(const clile_i_core *core, int64_t index, double *five,
                              clile_i_affine *map)
{
    const int32_t side = core->table.drawn_size;
    double points[2 * CLILE_SYNTH_LANDMARKS];
    clile_i_image image = {0};
    const clile_status status = draw_face(core, index, &image, points);
    clile_i_image_free(&image);
    CLILE_I_RETURN_IF(status);
    clile_i_align_reduce(CLILE_SYNTH_LANDMARKS, points, five);
    return clile_i_align_landmarks(5, five, side, side, 1, map);
}

clile_status clile_i_crop_five(const clile_i_core *core, int64_t index, double *five,
                               clile_i_affine *map)
{
    const clile_i_table *t = &core->table;
    if (t->drawn_size > 0) return draw_five(core, index, five, map);
    if (t->pack != NULL)
        return clile_i_fail(
            CLILE_E_FORMAT,
            "image %s: a pack does not keep where a face was placed; use the folder "
            "that it was made from",
            t->text + t->name[index]);
    if (t->points == NULL || clile_i_is_nan((double)t->points[10 * index]))
        return clile_i_fail(CLILE_E_FORMAT, "image %s has no landmarks%s", t->text + t->name[index],
                            core->pixels != NULL
                                ? "; a data set from arrays cannot have any"
                                : "; clile data --points finds them, for the option faces");
    for (int k = 0; k < 10; ++k) five[k] = (double)t->points[10 * index + k];
    return clile_i_crop_place(core, index, map);
}

int32_t clile_i_core_margin(const clile_i_core *core, int32_t size)
{
    if (core->holder != NULL) return clile_i_core_margin(core->holder[0], size);
    return core->table.pack != NULL ? core->table.pack_margin
                                    : clile_i_crop_margin(size, core->crop_margin);
}

static int64_t stored_bytes(int32_t size, int32_t margin)
{
    const int64_t side = size + 2 * (int64_t)margin;
    return side * side * 3;
}

clile_status clile_i_pack_check_margin(const clile_i_table *table, int32_t margin)
{
    if (margin == table->pack_margin) return CLILE_OK;
    return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                        "pack %s holds crops with a margin of %d pixels, %d were asked for: set "
                        "crop_margin=%.4g, or pack again",
                        table->root, table->pack_margin, margin,
                        (double)table->pack_margin / table->pack_size);
}

/* Crop `index` in the mapped pack. */
static clile_status find_packed(const clile_i_core *core, int64_t index, int32_t size,
                                int32_t margin, const uint8_t **stored)
{
    const clile_i_table *t = &core->table;
    if (size != t->pack_size)
        return clile_i_fail(
            CLILE_E_INVALID_ARGUMENT,
            "pack %s holds crops of %d pixels, %d were asked for: set image_size=%d, or pack again",
            t->root, t->pack_size, size, t->pack_size);
    CLILE_I_RETURN_IF(clile_i_pack_check_margin(t, margin));
    *stored = t->pack_crops + index * stored_bytes(size, margin);
    return CLILE_OK;
}

clile_status clile_i_crop_render(const clile_i_core *core, int64_t index, int32_t size,
                                 int32_t margin, uint8_t *dst)
{
    clile_status status = CLILE_OK;
    clile_i_image image = {0};
    clile_i_affine map = {0};
    const int32_t side = size + 2 * margin;

    if (core->holder != NULL)
        return clile_i_crop_render(core->holder[core->holder_of[index]], core->holder_index[index],
                                   size, margin, dst);
    if (core->table.pack != NULL) {
        const uint8_t *packed = NULL;
        CLILE_I_TRY(find_packed(core, index, size, margin, &packed));
        memcpy(dst, packed, (size_t)stored_bytes(size, margin));
        goto cleanup;
    }
    if (core->table.drawn_size > 0) {
        CLILE_I_TRY(draw_image(core, index, size, &image, &map));
    } else {
        CLILE_I_TRY(load_image(core, index, &image));
        CLILE_I_TRY(locate_crop(core, index, image.h, image.w, size, &map));
    }
    map.c -= (map.a + map.b) * margin;
    map.f -= (map.d + map.e) * margin;
    status = clile_i_image_warp(&image, &map, side, side, dst);
cleanup:
    clile_i_image_free(&image);
    return status;
}

clile_status clile_i_crop_source(const clile_i_core *core, int64_t index, clile_i_image *image)
{
    double points[2 * CLILE_SYNTH_LANDMARKS];
    if (core->holder != NULL)
        return clile_i_crop_source(core->holder[core->holder_of[index]], core->holder_index[index],
                                   image);
    if (core->table.pack != NULL)
        return clile_i_fail(CLILE_E_UNSUPPORTED, "image %s: pack %s has only its crop",
                            core->table.text + core->table.name[index], core->table.root);
    if (core->table.drawn_size > 0) return draw_face(core, index, image, points);
    return load_image(core, index, image);
}

/* Renders a crop for which the cache has no room. */
static clile_status render_uncached(const clile_i_core *core, int64_t index, int32_t size,
                                    int32_t margin, clile_i_crop_space *space)
{
    clile_status status = CLILE_OK;
    const int64_t bytes = stored_bytes(size, margin);
    if (space->size < bytes) { /* holders may keep different margins */
        clile_i_free(space->bytes);
        *space = (clile_i_crop_space){0};
        CLILE_I_ALLOC(space->bytes, bytes);
        space->size = bytes;
    }
    status = clile_i_crop_render(core, index, size, margin, space->bytes);
cleanup:
    return status;
}

clile_status clile_i_crop_get(clile_i_core *core, int64_t index, int32_t size,
                              clile_i_crop_space *space, clile_i_stored *stored)
{
    clile_status status = CLILE_OK;
    clile_i_crops *crops = NULL;
    uint8_t *fresh = NULL;

    if (core->holder != NULL)
        return clile_i_crop_get(core->holder[core->holder_of[index]], core->holder_index[index],
                                size, space, stored);
    const int32_t margin = clile_i_core_margin(core, size);
    const int64_t bytes = stored_bytes(size, margin);
    stored->margin = margin;
    if (core->table.pack != NULL) return find_packed(core, index, size, margin, &stored->rgb);
    CLILE_I_TRY(find_crops(core, size, &crops));
    stored->rgb = __atomic_load_n(&crops->crop[index], __ATOMIC_ACQUIRE);
    if (stored->rgb != NULL) return CLILE_OK;

    if (__atomic_add_fetch(&core->cache_used, bytes, __ATOMIC_RELAXED) > core->cache_limit) {
        __atomic_sub_fetch(&core->cache_used, bytes, __ATOMIC_RELAXED);
        CLILE_I_TRY(render_uncached(core, index, size, margin, space));
        stored->rgb = space->bytes;
        return CLILE_OK;
    }

    fresh = clile_i_calloc(bytes, 1);
    status = fresh == NULL ? CLILE_E_OUT_OF_MEMORY
                           : clile_i_crop_render(core, index, size, margin, fresh);
    uint8_t *other = NULL;
    if (status == CLILE_OK && __atomic_compare_exchange_n(&crops->crop[index], &other, fresh, 0,
                                                          __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        stored->rgb = fresh;
        fresh = NULL;
    } else { /* failed, or another thread was first with the same bytes */
        stored->rgb = other;
        __atomic_sub_fetch(&core->cache_used, bytes, __ATOMIC_RELAXED);
    }
cleanup:
    clile_i_free(fresh);
    return status;
}

void clile_i_crop_copy_middle(const clile_i_stored *stored, int32_t size, uint8_t *rgb)
{
    const size_t margin = (size_t)stored->margin, side = (size_t)size + 2 * margin,
                 row = 3 * (size_t)size;
    for (size_t y = 0; y < (size_t)size; ++y)
        memcpy(rgb + y * row, stored->rgb + 3 * ((margin + y) * side + margin), row);
}
