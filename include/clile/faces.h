/* clile/faces.h: files of face positions, as written by detectors and trackers.
 *
 *     clile_face_file *faces = NULL;
 *     clile_face_file_open("faces.csv", NULL, &faces);
 *     // makes a row that fits two images an error instead of a guess
 *     for (each image) clile_face_file_expect(faces, image);
 *     clile_face_file_find(faces, image, 0, &count);
 *     for (int64_t k = 0; k < count; ++k)
 *         // then clile_predictor_run_faces (predictor.h)
 *         clile_face_file_get(faces, k, &has_box, box, &points, xy);
 *     clile_face_file_destroy(faces);
 *
 * A CSV file with one row per face and coordinates in pixels. With a header, columns are
 * recognised by name, in any order (docs/data.md lists the names): the image (image, input, file,
 * filename, file_name, path) or the frame number (frame); a box (x,y,w,h; left,top,right,bottom;
 * ...); 5 or 68 landmarks (x0,y0,...). A header without known columns is an error. Without a
 * header: name or frame, then 4 numbers (x,y,w,h), 10 or 136. Thread class: exclusive. */
#ifndef CLILE_FACES_H
#define CLILE_FACES_H

#include <clile/options.h>

CLILE_BEGIN

typedef struct clile_face_file clile_face_file;

/* Opens and indexes a file. It stays mapped, so do not change it while it is open. Options:
 * max_label_mb. INVALID_ARGUMENT (a NULL argument, a file above max_label_mb), IO, FORMAT (no
 * rows, unknown columns in a header, separators other than commas), OUT_OF_MEMORY. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_face_file_open(const char *path,
                                                            const clile_options *options,
                                                            clile_face_file **out);

/* Announces an image that find will be called with; not needed if there is only one. Call it for
 * all images before the first find. INVALID_ARGUMENT. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_face_file_expect(clile_face_file *file,
                                                              const char *image);

/* Finds the faces of an image or, if image is NULL, of a frame, in the order of the file, for
 * get. A row's name fits an image if it is its path, the end of its path after a slash (with or
 * without extension), or its number (7 for img/0007.jpg). The longest name that fits wins. A
 * frame is identified by its number, or by an image with that number. *count is 0 if there is
 * none. INVALID_ARGUMENT; FORMAT: the rows fit several expected images, or rows of several
 * folders fit the frame. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_face_file_find(clile_face_file *file,
                                                            const char *image, int64_t frame,
                                                            int64_t *count);

/* Face `index` of the last find. *has_box is 1 and box has left, top, width, height, or it is 0.
 * *points is 5 or 68 and xy has as many pairs, or it is 0. INVALID_ARGUMENT; FORMAT (with file
 * and row): not a number, neither a box nor landmarks, a column `success` with 0. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_face_file_get(clile_face_file *file, int64_t index,
                                                           int32_t *has_box, float *box /*[4]*/,
                                                           int32_t *points, float *xy /*[68,2]*/);

/* NULL does nothing. Since 0.1. */
CLILE_API void clile_face_file_destroy(clile_face_file *file);

CLILE_END

#endif
