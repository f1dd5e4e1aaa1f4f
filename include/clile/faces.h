/* clile/faces.h: files that say where the faces in images are, as detectors and trackers write
 * them.
 *
 *     clile_face_file *faces = NULL;
 *     clile_face_file_open("faces.csv", NULL, &faces);
 *     // a row that fits two of them is an error then, not a guess
 *     for (each image) clile_face_file_expect(faces, image);
 *     clile_face_file_find(faces, image, 0, &count);
 *     for (int64_t k = 0; k < count; ++k)
 *         // then clile_predictor_run_faces (predictor.h)
 *         clile_face_file_get(faces, k, &has_box, box, &points, xy);
 *     clile_face_file_destroy(faces);
 *
 * A CSV file, a row for each face, coordinates in pixels. With a header the columns are known by
 * their names, in any order (docs/data.md has them): the image (image, input, file, filename,
 * file_name, path) or the number of the frame (frame); a box (x,y,w,h; left,top,right,bottom;
 * ...); 5 or 68 landmarks (x0,y0,...). A header without known columns is refused. Without a
 * header: name or frame, then 4 numbers (x,y,w,h), 10 or 136. Thread class: exclusive.
 */
#ifndef CLILE_FACES_H
#define CLILE_FACES_H

#include <clile/options.h>

CLILE_BEGIN

typedef struct clile_face_file clile_face_file;

/* Opens and indexes a file; it is mapped, so leave it as it is meanwhile. Options: max_label_mb.
 * INVALID_ARGUMENT (a NULL argument, a file above max_label_mb), IO, FORMAT (no rows, unknown
 * columns in a header, other separators than commas), OUT_OF_MEMORY. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_face_file_open(const char *path,
                                                            const clile_options *options,
                                                            clile_face_file **out);

/* Says that an image will be asked for; of no need when there is only one. Call it for all
 * images before the first find. INVALID_ARGUMENT. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_face_file_expect(clile_face_file *file,
                                                              const char *image);

/* Finds the faces of an image or, when image is NULL, of a frame, in the order of the file, for
 * get. A row's name fits an image when it is its path, the end of it from a slash on (with or
 * without the ending), or the number that the image is called by (7 for img/0007.jpg); the
 * longest name that fits is taken. A frame is meant by its number and by an image called by it.
 * *count: 0 when there is none. INVALID_ARGUMENT; FORMAT: the rows fit several images that were
 * expected, or rows of several folders fit the frame. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_face_file_find(clile_face_file *file,
                                                            const char *image, int64_t frame,
                                                            int64_t *count);

/* Face `index` of those found last. *has_box is 1 and box has left, top, width, height, or 0;
 * *points is 5 or 68 and xy has as many pairs, or 0. INVALID_ARGUMENT; FORMAT (with file and
 * row): a number that is none, neither a box nor landmarks, a column `success` that is 0. Since
 * 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_face_file_get(clile_face_file *file, int64_t index,
                                                           int32_t *has_box, float *box /*[4]*/,
                                                           int32_t *points, float *xy /*[68,2]*/);

/* NULL does nothing. Since 0.1. */
CLILE_API void clile_face_file_destroy(clile_face_file *file);

CLILE_END

#endif
