/* Folders of a data set that might be taken for each other. */
#ifndef CLILE_I_ROOTS_H
#define CLILE_I_ROOTS_H

#include "layout/sequences.h"

/* sequences->images: "" or the folder directly below the data set's in which most sequences have
 * images, the first by name among equals. Images of another such folder are counted as left out,
 * with a warning that names both. FORMAT: nowhere. */
clile_status clile_i_roots_find_images(clile_i_sequences *sequences);
/* Warns when `folders[taken]` below path was taken for labels and `folders[other]` has some, too.
 */
clile_status clile_i_roots_warn_labels(const char *path, const char *const *folders, int64_t taken,
                                       int64_t other, clile_i_table *table);
/* Files in landmarks and boxes that are no sequence's: a note, or a warning when they look like
 * a misspelled one or none is used; folders Landmarks and the like. */
clile_status clile_i_roots_check_faces(clile_i_sequences *sequences);

#endif
