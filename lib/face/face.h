/* face: a face in a photograph: finder, points, and the reader that makes action units of a
 * picture. Uses model and image. */
#ifndef CLILE_I_FACE_H
#define CLILE_I_FACE_H

#include "face/module.h"
#include "image/image.h"

#include <clile/finder.h>

enum { CLILE_I_LOOKS = 2 };

/* ---- a module (load.c) ---- */

typedef struct {
    void *library; /* of dlopen */
    const clile_i_finder_module *table;
    void *states[CLILE_I_LOOKS]; /* one for each look that goes on at the same time */
} clile_i_module;
/* UNSUPPORTED: not installed, or of another release. */
clile_status clile_i_module_open(const char *name, clile_i_module *out);
void clile_i_module_close(clile_i_module *module);
/* The same for a given table, for tests: rejects another interface or release. */
clile_status clile_i_module_check(const clile_i_finder_module *table, const char *path);

/* ---- the search of a module (search.c) ---- */

/* A box that was seen, square, in pixels of the image. */
typedef struct {
    double left, top, side, score;
} clile_i_box;
typedef clile_status (*clile_i_tell)(const clile_i_box *box, void *user);
/* Looks at `image` through the module and tells what it sees, a face more than once perhaps.
 * smallest: pixels of the smallest face looked for; 0: chosen by the picture. In the team of the
 * calling thread, which alone calls `tell`. */
clile_status clile_i_search(const clile_i_module *module, int64_t smallest,
                            const clile_i_image *image, clile_i_tell tell, void *user);

/* ---- the finder (finder.c) ---- */

/* Copies a face to one of the caller's, whose struct_size is checked. */
clile_status clile_i_found_copy(const clile_found_face *from, clile_found_face *to,
                                const char *function);
void clile_i_finder_retain(clile_finder *finder);
/* ---- the last step before the alignment (points.c) ---- */

/* From the box of a face to its 68 points: writes points and xy of `face`, which has none yet,
 * and may correct its box. *is_face 0: there is no face in the box. */
clile_status clile_i_points_place(const clile_image *image, clile_found_face *face,
                                  int32_t *is_face);

#endif
