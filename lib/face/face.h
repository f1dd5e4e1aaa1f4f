/* face: finds faces in a photograph and reads their action units: finder, points, reader. Uses
 * model and image. */
#ifndef CLILE_I_FACE_H
#define CLILE_I_FACE_H

#include "face/module.h"
#include "image/image.h"

#include <clile/predictor.h>
#include <clile/reader.h>

enum { CLILE_I_LOOKS = 2 };

/* ---- a module (load.c) ---- */

typedef struct {
    void *library; /* of dlopen */
    const clile_i_finder_module *table;
    void *states[CLILE_I_LOOKS]; /* one for each concurrent look */
} clile_i_module;
/* UNSUPPORTED: not installed, or from another release. */
clile_status clile_i_module_open(const char *name, clile_i_module *out);
void clile_i_module_close(clile_i_module *module);
/* The same for a given table, for tests: rejects another interface or release. */
clile_status clile_i_module_check(const clile_i_finder_module *table, const char *path);

/* ---- the search of a module (search.c) ---- */

/* A box that the module reported: square, in pixels of the image. */
typedef struct {
    double left, top, side, score;
} clile_i_box;
typedef clile_status (*clile_i_tell)(const clile_i_box *box, void *user);
/* Searches `image` with the module and calls `tell` for each box, perhaps several times for one
 * face. smallest: side in pixels of the smallest face to look for; 0: depends on the image. Uses
 * the team of the calling thread; `tell` is called only on that thread. */
clile_status clile_i_search(const clile_i_module *module, int64_t smallest,
                            const clile_i_image *image, clile_i_tell tell, void *user);

/* ---- the finder (finder.c) ---- */

/* Copies a face to the caller's, and checks its struct_size. */
clile_status clile_i_found_copy(const clile_found_face *from, clile_found_face *to,
                                const char *function);
/* Keeps the surest box of each face, and sorts the faces, the largest first. */
void clile_i_found_settle(clile_found_face *faces, int64_t *count);
void clile_i_finder_retain(clile_finder *finder);
/* ---- the last step before the alignment (points.c) ---- */

/* What locates the points of a face that is given by its box or by such points: xy [points,2] in
 * pixels of the image. locate NULL: nothing does. */
typedef struct {
    clile_status (*locate)(void *context, const clile_face *face, float *xy);
    void *context;
    int32_t points; /* 5 or 68 */
} clile_i_locator;
/* A model with points as a locator (locator.c). UNSUPPORTED: it has none; INVALID_ARGUMENT: it has
 * 1 to 4, or 6 to 67. */
clile_status clile_i_locator_create(const clile_model *model, const clile_options *options,
                                    clile_i_locator *out);
/* The one that the option points_model names; all zero if that is none, or the default and not
 * installed. */
clile_status clile_i_locator_create_by_options(const clile_options *options, clile_i_locator *out);
void clile_i_locator_free(clile_i_locator *locator); /* twice is fine */
/* From the box of a face to its points: writes points and xy of `face`, which has none yet, and
 * corrects its box. *is_face 0: there is no face in the box. */
clile_status clile_i_points_place(const clile_i_locator *locator, const clile_image *image,
                                  clile_found_face *face, int32_t *is_face);

/* ---- the two halves of a reader, for the tracker (reader.c) ---- */

/* The faces that the finder finds and the points do not deny, the reader's until its next call. */
clile_status clile_i_reader_find(clile_reader *reader, const clile_image *image,
                                 const clile_found_face **faces, int64_t *count);
/* clile_i_points_place with what the reader locates points by. */
clile_status clile_i_reader_place(const clile_reader *reader, const clile_image *image,
                                  clile_found_face *face, int32_t *is_face);
/* Predicts faces for clile_reader_get; they must not be those of find. */
clile_status clile_i_reader_answer(clile_reader *reader, const clile_image *image, int64_t count,
                                   const clile_found_face *faces);

/* ---- how a face looks (patch.c) ---- */

enum { CLILE_I_PATCH = 24 };
/* Grey, mean 0, length 1; all 0 where there is nothing but one shade. */
typedef struct {
    float value[CLILE_I_PATCH * CLILE_I_PATCH];
} clile_i_patch;
/* The memory that the two below work in, for clile_i_warp_space_free: they allocate nothing. */
clile_status clile_i_patch_space(clile_i_warp_space *space);
/* Of a box (left, top, width, height in pixels) that is enlarged around its centre. */
clile_status clile_i_patch_take(clile_i_warp_space *space, const clile_i_image *image,
                                const float *box, double enlarged, clile_i_patch *out);
/* Correlation of two, -1 to 1. */
double clile_i_patch_alike(const clile_i_patch *a, const clile_i_patch *b);
/* Moves the box, by up to half its size, and scales it, by up to 5 %, to where the image looks
 * most like the patch, which was taken with enlarged 1; *alike: how much it does. */
clile_status clile_i_patch_follow(clile_i_warp_space *space, const clile_i_image *image,
                                  const clile_i_patch *patch, float *box, double *alike);

#endif
