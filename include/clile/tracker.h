/* clile/tracker.h: follows people through a video and reads their action units. Each person keeps a
 * number.
 *
 *     clile_video *video = NULL;
 *     clile_tracker *tracker = NULL;
 *     clile_frame frame = {.struct_size = sizeof frame};
 *     int32_t more = 0;
 *     int64_t count = 0, person = 0;
 *     clile_video_open("film.mp4", NULL, &video);
 *     clile_tracker_create(model, NULL, NULL, &tracker); // the finder of this installation
 *     while (clile_video_next(video, &frame, &more) == CLILE_OK && more) {
 *         clile_tracker_read(tracker, &frame.image, &count);
 *         for (int64_t k = 0; k < count; ++k)
 *             clile_tracker_get(tracker, k, &person, NULL, NULL, probability, NULL, NULL);
 *     }
 *     clile_tracker_destroy(tracker);
 *     clile_video_destroy(video);
 *
 * Frames may come from any source; pass them in order. `clile predict film.mp4` is this code and
 * gives the same bits. Memory does not grow with the length of a video. Thread class: exclusive;
 * create one per thread and video. */
#ifndef CLILE_TRACKER_H
#define CLILE_TRACKER_H

#include <clile/reader.h>

CLILE_BEGIN

typedef struct clile_tracker clile_tracker;

/* Creates a tracker. The finder searches the first frame, then every find_every-th frame, and any
 * frame in which a face is lost. In between, each face is followed from frame to frame. A person
 * who is lost and found at the same place within keep_lost frames keeps the number. A person who
 * comes back elsewhere gets a new one. Options: those of clile_reader_create, find_every and
 * keep_lost. Arguments and errors are those of clile_reader_create. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_tracker_create(const clile_model *model,
                                                            clile_finder *finder,
                                                            const clile_options *options,
                                                            clile_tracker **out);

/* Reads the next frame, which is borrowed for the call. *count is the number of faces in it, for
 * get, ordered by person; 0 is not an error. The size of frames may change. The same frames give
 * the same answers. Errors of clile_reader_read_image. After an error get has no faces, and
 * tracking goes on as if the frame did not exist. Exclusive. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_tracker_read(clile_tracker *tracker,
                                                          const clile_image *image, int64_t *count);

/* Face `index` of the last frame: the number of its person (from 1, never reused); found: 1 if the
 * finder saw the face in this frame, 0 if it was followed from the last frame. The rest is as from
 * clile_reader_get; the score dates from the last time the face was found. Outputs may be NULL.
 * INVALID_ARGUMENT: no such face, a NULL tracker, another struct_size. Exclusive. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_tracker_get(const clile_tracker *tracker,
                                                         int64_t index, int64_t *person,
                                                         int32_t *found, clile_found_face *face,
                                                         float *probability /*[c]*/,
                                                         int8_t *present /*[c]*/,
                                                         float *embedding /*[d]*/);

/* The tracker's copy of its model, borrowed until the tracker is destroyed; NULL for NULL. Shared.
 * Since 0.1. */
CLILE_API const clile_model *clile_tracker_get_model(const clile_tracker *tracker);

/* NULL does nothing. Exclusive. Since 0.1. */
CLILE_API void clile_tracker_destroy(clile_tracker *tracker);

CLILE_END

#endif
