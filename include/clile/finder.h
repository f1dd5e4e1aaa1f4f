/* clile/finder.h: finds the faces in a photograph.
 *
 *     clile_finder *finder = NULL;
 *     int64_t count = 0;
 *     if (clile_finder_create_default(NULL, &finder) != CLILE_OK)
 *         fprintf(stderr, "%s\n", clile_last_error()); // says what to install
 *     const clile_image image = {sizeof image, CLILE_PIXELS_RGB, h, w, 0, rgb};
 *     clile_finder_find(finder, &image, &count);
 *     for (int64_t k = 0; k < count; ++k) {
 *         clile_found_face face = {.struct_size = sizeof face};
 *         clile_finder_get(finder, k, &face);
 *     }
 *     clile_finder_destroy(finder);
 *
 * The library contains no detector. An installed one (clile-finder, docs/photo.md) is loaded when
 * needed. A detector of your own is a function:
 *
 *     static int32_t look(clile_finder *finder, const clile_image *image, void *user)
 *     {
 *         const float box[4] = {left, top, width, height};
 *         return clile_finder_add(finder, box, score, 0, NULL) != CLILE_OK;
 *     }
 *     clile_finder_create(look, NULL, NULL, &finder);
 *
 * To read action units as well, use clile/reader.h. Thread class: exclusive; create one per
 * thread. */
#ifndef CLILE_FINDER_H
#define CLILE_FINDER_H

#include <clile/image.h>

CLILE_BEGIN

typedef struct clile_finder clile_finder;

/* A face that was found; only grows at the end. */
typedef struct clile_found_face {
    uint32_t struct_size; /* sizeof(clile_found_face), set by the caller */
    float score;          /* larger means more certain; comparable within one finder only */
    float box[4];         /* left, top, width, height in pixels: from the forehead to the chin */
    int32_t points;       /* 5 or 68 (as in clile_face of predictor.h); 0: only the box */
    int32_t reserved;     /* 0 */
    float xy[136];        /* `points` pairs x, y in pixels */
} clile_found_face;

/* Searches an image, which is borrowed for the call, and reports each face by clile_finder_add.
 * If it returns anything but 0, the search fails. */
typedef int32_t (*clile_find_fn)(clile_finder *finder, const clile_image *image, void *user);

enum { CLILE_FINDER_MOST_FACES = 4096 }; /* per image */

/* Creates a finder that calls `find` with `user`. The caller owns `*out`. Options: none yet.
 * INVALID_ARGUMENT (a NULL argument other than user and options), OUT_OF_MEMORY. Shared. Since
 * 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_finder_create(clile_find_fn find, void *user,
                                                           const clile_options *options,
                                                           clile_finder **out);

/* Creates the finder of this installation. Options: smallest_face. UNSUPPORTED: none is
 * installed, or it belongs to another release; the text says where it was looked for and what to
 * install. OUT_OF_MEMORY. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_finder_create_default(const clile_options *options,
                                                                   clile_finder **out);

/* The same, by name: "dlib". INVALID_ARGUMENT: a NULL argument, or a name that is not 1 to 32 of
 * a-z, 0-9 and _. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_finder_create_by_name(const char *name,
                                                                   const clile_options *options,
                                                                   clile_finder **out);

/* "dlib", or "callback" for a finder of clile_finder_create; NULL for NULL. Lives as long as the
 * finder. Shared. Since 0.1. */
CLILE_API const char *clile_finder_get_name(const clile_finder *finder);

/* Finds the faces of an image, for get. The largest comes first, and each face is listed once: of
 * two on the same face, the more certain one stays. An installed finder sees faces of at least an
 * eighth of the image's longer side, of a quarter next to a face of half of it. If it sees none, or
 * none of a quarter, it looks again for faces half as large, but never below 20 pixels. The option
 * smallest_face changes this. Large images are shrunk first, so time and memory do not grow with
 * their size. *count is 0 if there is no face. The same image gives the same faces.
 * INVALID_ARGUMENT: an invalid image, an invalid face (clile_finder_add); CANCELLED: `find` failed;
 * STATE: called by `find`; BACKEND: the module failed; OUT_OF_MEMORY. After a failure there are no
 * faces. Exclusive. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_finder_find(clile_finder *finder,
                                                         const clile_image *image, int64_t *count);

/* Face `index` of the last search. INVALID_ARGUMENT: no such face, another struct_size, a NULL
 * argument. Exclusive. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_finder_get(const clile_finder *finder, int64_t index,
                                                        clile_found_face *face);

/* Only for use in `find`: adds a face with its box (left, top, width, height in pixels, at least 8
 * x 8, at least a quarter of it in the image) and score, and 5 or 68 landmarks xy [points,2], or
 * points 0 and NULL. INVALID_ARGUMENT: an invalid box, score or landmarks, or more than
 * CLILE_FINDER_MOST_FACES faces; the search then fails even if `find` returns 0. STATE: no search
 * is running. OUT_OF_MEMORY. Exclusive. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_finder_add(clile_finder *finder,
                                                        const float *box /*[4]*/, float score,
                                                        int32_t points, const float *xy);

/* NULL does nothing. Since 0.1. */
CLILE_API void clile_finder_destroy(clile_finder *finder);

CLILE_END

#endif
