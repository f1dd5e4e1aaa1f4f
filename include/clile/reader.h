/* clile/reader.h: reads action units from a photograph.
 *
 *     clile_reader *reader = NULL;
 *     int64_t count = 0;
 *     // the model and the finder of this installation
 *     clile_reader_create_default(NULL, &reader);
 *     clile_reader_read(reader, "photo.jpg", &count);
 *     for (int64_t k = 0; k < count; ++k) {
 *         clile_found_face face = {.struct_size = sizeof face};
 *         float probability[64]; // of the AUs of clile_reader_get_model
 *         clile_reader_get(reader, k, &face, probability, NULL, NULL);
 *     }
 *     clile_reader_destroy(reader);
 *
 * Combines a finder (clile/finder.h) and a predictor (clile/predictor.h): finds faces and
 * landmarks, aligns, predicts. `clile predict photo.jpg` is this code and gives the same bits.
 * Thread class: exclusive; create one per thread. */
#ifndef CLILE_READER_H
#define CLILE_READER_H

#include <clile/finder.h>
#include <clile/model.h>

CLILE_BEGIN

typedef struct clile_reader clile_reader;

/* Creates a reader. It copies the model as clile_predictor_create does. It keeps the finder alive
 * and is its only user from now on; NULL: the default finder. Options: those of
 * clile_predictor_create and clile_finder_create_default, max_pixels and points_model (the model
 * that finds the points of each found face, as for clile_reader_set_points_model). The caller owns
 * `*out`. UNSUPPORTED: no finder is installed; STATE: the model was never trained, or is being
 * trained; OUT_OF_MEMORY, BACKEND. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_reader_create(const clile_model *model,
                                                           clile_finder *finder,
                                                           const clile_options *options,
                                                           clile_reader **out);

/* The same with the model of clile_model_load_default and the default finder. Also returns the
 * errors of clile_model_load_default. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_reader_create_default(const clile_options *options,
                                                                   clile_reader **out);

/* Sets the model that finds the points of each face from its box (clile_predictor_run_points): 5
 * points, or 68 in Multi-PIE order; more may follow. The points correct the box, and align the face
 * if the reader's model was trained on faces aligned by points. A face whose points cannot belong
 * to a face is dropped. If the finder gives points, they are kept. A new reader uses the model
 * points.safetensors that comes with the library, if it is installed. model is copied; NULL: none,
 * faces are aligned by their boxes. Options: threads, mirror. UNSUPPORTED: the model has no points;
 * INVALID_ARGUMENT: another number of points, a NULL reader; STATE: it was never trained, or is
 * being trained; OUT_OF_MEMORY, BACKEND. After a failure the reader is unchanged. Exclusive. Since
 * 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_reader_set_points_model(clile_reader *reader,
                                                                     const clile_model *model,
                                                                     const clile_options *options);

/* Reads an image file (clile_image_read) and predicts each face in it, the largest first, for
 * get. *count is 0 if no face was found, which is not an error. Errors of clile_image_read,
 * clile_finder_find and clile_predictor_run_faces; get then has no faces. Exclusive. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_reader_read(clile_reader *reader, const char *path,
                                                         int64_t *count);

/* The same for an image in memory, which is borrowed for the call. Exclusive. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_reader_read_image(clile_reader *reader,
                                                               const clile_image *image,
                                                               int64_t *count);

/* Face `index` of the last image: its place, and its answers as from clile_predictor_run. Outputs
 * may be NULL. INVALID_ARGUMENT: no such face, a NULL reader, another struct_size. Exclusive. Since
 * 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_reader_get(const clile_reader *reader, int64_t index,
                                                        clile_found_face *face,
                                                        float *probability /*[c]*/,
                                                        int8_t *present /*[c]*/,
                                                        float *embedding /*[d]*/);

/* The reader's copy of its model, borrowed until the reader is destroyed; NULL for NULL. Shared.
 * Since 0.1. */
CLILE_API const clile_model *clile_reader_get_model(const clile_reader *reader);

/* NULL does nothing. Since 0.1. */
CLILE_API void clile_reader_destroy(clile_reader *reader);

CLILE_END

#endif
