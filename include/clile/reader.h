/* clile/reader.h: a photograph in, action units out.
 *
 *     clile_reader *reader = NULL;
 *     int64_t count = 0;
 *     clile_reader_create(model, NULL, NULL, &reader); // the finder of this installation
 *     clile_reader_read(reader, "photo.jpg", &count);
 *     for (int64_t k = 0; k < count; ++k) {
 *         clile_found_face face = {.struct_size = sizeof face};
 *         float probability[c];
 *         clile_reader_get(reader, k, &face, probability, NULL, NULL);
 *     }
 *     clile_reader_destroy(reader);
 *
 * A finder (clile/finder.h) and a predictor (clile/predictor.h), in one: find, place the points,
 * align, predict. `clile predict photo.jpg` is this code and gives these bits. Thread class:
 * exclusive; make one for each thread.
 */
#ifndef CLILE_READER_H
#define CLILE_READER_H

#include <clile/finder.h>
#include <clile/model.h>

CLILE_BEGIN

typedef struct clile_reader clile_reader;

/* A reader with a model, which is copied as by clile_predictor_create, and a finder, which it
 * keeps alive and uses alone from now on; NULL: the default one. Options: those of
 * clile_predictor_create and clile_finder_create_default, and max_pixels. `*out` is owned by the
 * caller. UNSUPPORTED: no finder is installed; STATE: the model was never trained, or is being
 * trained; OUT_OF_MEMORY, BACKEND. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_reader_create(const clile_model *model,
                                                           clile_finder *finder,
                                                           const clile_options *options,
                                                           clile_reader **out);

/* Reads an image file (clile_image_read) and answers for each face in it, the largest first, for
 * get. *count 0: no face was found, which is no failure. The errors of clile_image_read, of
 * clile_finder_find and of clile_predictor_run_faces; nothing is there for get then. Exclusive.
 * Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_reader_read(clile_reader *reader, const char *path,
                                                         int64_t *count);

/* The same of an image in memory, which is borrowed for the call. Exclusive. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_reader_read_image(clile_reader *reader,
                                                               const clile_image *image,
                                                               int64_t *count);

/* Answer `index` of the image read last: where the face is, and what clile_predictor_run gives
 * for it; outputs may be NULL. INVALID_ARGUMENT: none of this number, a NULL reader, another
 * struct_size. Exclusive. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_reader_get(const clile_reader *reader, int64_t index,
                                                        clile_found_face *face,
                                                        float *probability /*[c]*/,
                                                        int8_t *present /*[c]*/,
                                                        float *embedding /*[d]*/);

/* NULL does nothing. Since 0.1. */
CLILE_API void clile_reader_destroy(clile_reader *reader);

CLILE_END

#endif
