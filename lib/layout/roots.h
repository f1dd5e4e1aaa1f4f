/* Folders of a data set that could be mistaken for each other. */
#ifndef CLILE_I_ROOTS_H
#define CLILE_I_ROOTS_H

#include "layout/sequences.h"

/* Sets sequences->images to "" or to the folder directly in the data set's folder with images for
 * the most sequences; on a tie, the first by name. Counts images of other such folders as left out,
 * with a warning that names both. FORMAT: no images. */
clile_status clile_i_roots_find_images(clile_i_sequences *sequences);
/* Warns if `folders[taken]` in path was used for labels and `folders[other]` has some too. */
clile_status clile_i_roots_warn_labels(const char *path, const char *const *folders, int64_t taken,
                                       int64_t other, clile_i_table *table);
/* Files in landmarks and boxes that belong to no sequence: adds a note, or a warning if one looks
 * misspelled or if no file is used. Also warns of folders called Landmarks and the like. */
clile_status clile_i_roots_check_faces(clile_i_sequences *sequences);

#endif
