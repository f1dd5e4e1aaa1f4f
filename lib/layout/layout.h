/* The contract of a layout. Each layout is one file here. It knows how one kind of folder is
 * organised, and turns it into a table of samples (image, subject, labels, landmarks). The names
 * are in base/tables.h; docs/contributing.md shows how to add a layout. */
#ifndef CLILE_I_LAYOUT_H
#define CLILE_I_LAYOUT_H

#include "base/tables.h"
#include "layout/table.h"
#include "store/rows.h"

typedef struct {
    const char *path;         /* folder or file */
    const char *au_set;       /* value of the option */
    int32_t unknown_negative; /* treat labels that are not coded as absent */
    int32_t present_from;     /* DISFA: least intensity of a present AU */
    /* number of the first frame's image, 0 or 1; -1: whichever fits better */
    int32_t first_image;
    /* of one file of labels, landmarks or boxes, and of the header of a pack */
    int64_t max_label_bytes;
    int64_t max_pack_bytes;
} clile_i_layout_request;

typedef struct {
    const char *looked_for; /* what identifies it, for the error message if no layout fits */
    /* *fits: 1 if the folder looks like this layout. */
    clile_status (*recognise)(const char *path, int32_t *fits);
    /* Fills a zeroed table and finishes it. The caller frees it, even on failure. */
    clile_status (*open)(const clile_i_layout_request *request, clile_i_table *table);
} clile_i_layout;

#define CLILE_I_LAYOUT_DECLARATION(name, text) extern const clile_i_layout clile_i_layout_##name;
CLILE_I_LAYOUTS(CLILE_I_LAYOUT_DECLARATION)
#undef CLILE_I_LAYOUT_DECLARATION

/* Opens request->path as the named layout or, if the name is "auto", as the first layout that
 * recognises it. */
clile_status clile_i_layout_open(const char *name, const clile_i_layout_request *request,
                                 clile_i_table *table);

/* Reads the file `name` of the option targets ("": none), below the folder of `data` unless it is
 * absolute, into a finished table (target_file.c). UNSUPPORTED: the layout does not count rows;
 * errors of safetensors files and of clile_i_targets_get. */
clile_status clile_i_targets_open(const char *name, const char *data, clile_i_table *table);

/* ---- shared by several layouts
 * --------------------------------------------------------------- */

/* au_set.c: parses the option au_set. "auto" gives the layout's usual AUs. The caller frees
 * `*ids`. */
clile_status clile_i_au_set_parse(const char *text, int32_t usual_count, const int32_t *usual,
                                  int32_t *count, int32_t **ids);
extern const int32_t clile_i_au_set_bp4d[12];
extern const int32_t clile_i_au_set_disfa[8];

/* frames.c: the images of a folder by frame number (the digits at the end of the name). */
typedef struct {
    int64_t number;
    const char *name;
} clile_i_frame;
typedef struct {
    clile_i_names names;
    clile_i_frame *frames; /* [count], ascending */
    int64_t count;
} clile_i_frames;
int clile_i_frames_is_image(const char *name); /* by its extension: a supported format */
/* Returns 1 and the number if the name of an image (without folders) ends in digits: "0042.jpg",
 * "frame_42.PNG". */
int clile_i_frame_number(const char *name, int64_t *number);
/* A missing folder has no frames. Images of unsupported formats are counted in the table. FORMAT:
 * two images with the same number. */
clile_status clile_i_frames_list(const char *folder, clile_i_table *table, clile_i_frames *out);
void clile_i_frames_free(clile_i_frames *frames);
/* NULL if there is none. */
const clile_i_frame *clile_i_frames_find(const clile_i_frames *frames, int64_t number);

struct clile_i_place_columns; /* columns.h */
/* places.c: face positions by frame: landmarks (5 or 68 points, reduced to five) and boxes. */
typedef struct {
    int64_t frame, row; /* row in the file */
    clile_i_landmarks landmarks;
    float box[4]; /* left, top, width, height */
} clile_i_place;
typedef struct {
    clile_i_place *rows; /* [count], ascending */
    int64_t count, capacity;
} clile_i_places;
typedef struct {
    clile_i_places landmarks, boxes;
} clile_i_faces;
/* Reads one file, which must exist. `out` is empty on failure. IO; FORMAT: a bad row, or a frame
 * twice; INVALID_ARGUMENT: too large. */
clile_status clile_i_landmarks_read(const char *path, int64_t max_bytes, clile_i_places *out);
clile_status clile_i_boxes_read(const char *path, int64_t max_bytes, clile_i_places *out);
void clile_i_places_free(clile_i_places *places);
/* Reads PATH/landmarks/STEM.csv and PATH/boxes/STEM.csv. A missing file has no rows. */
clile_status clile_i_faces_read(const clile_i_layout_request *request, const char *stem,
                                clile_i_faces *out);
void clile_i_faces_free(clile_i_faces *faces);
/* NULL: none */
const clile_i_place *clile_i_places_find(const clile_i_places *places, int64_t frame);
/* Five of 5 or 68 points in image pixels and, of 68, all. */
void clile_i_landmarks_set(int32_t points, const double *xy, clile_i_landmarks *out);
/* Reads the points from the header's columns. */
clile_status clile_i_places_parse_points(const clile_i_rows *rows,
                                         const struct clile_i_place_columns *columns,
                                         clile_i_landmarks *out);
/* Reads a box as left, top, width, height. */
clile_status clile_i_places_parse_box(const clile_i_rows *rows,
                                      const struct clile_i_place_columns *columns, float *box);
/* FORMAT: not a number, or larger than any image. */
clile_status clile_i_places_parse_coordinate(const clile_i_rows *rows, int64_t field, float *out);

/* face_file.c: what the file of the option faces says of an image. */
typedef struct {
    int32_t has_points, has_box;
    int32_t faceless; /* the row has success 0 */
    clile_i_landmarks landmarks;
    float box[4];
} clile_i_face_row;
/* The image's first row; all zeros if it has none. FORMAT: a bad row, or one that fits other images
 * too. */
clile_status clile_i_face_file_look_up(struct clile_face_file *file, const char *image,
                                       clile_i_face_row *out);
/* Notes how many rows belong to images of the table. FORMAT: none does. */
clile_status clile_i_face_file_note(struct clile_face_file *file, clile_i_table *table);

/* sample.c: clile_i_table_add that also counts images_without_landmarks and images_by_box.
 * landmarks and box [4] may be NULL. Leaves out an image whose landmarks (or box) cannot be a
 * face's, see clile_i_table_finish. */
clile_status clile_i_places_add(clile_i_table *table, const char *folder, const char *file,
                                int32_t subject, const int8_t *labels,
                                const clile_i_landmarks *landmarks, const float *box);

/* paths.c: image paths in lists. */
enum { CLILE_I_PATH_SIZE = 4096 };
/* Looks for images in `folder`, in its img, in each folder in it, and then likewise in the parent
 * folder. *root (the caller frees it) is the first of these folders with one of the images, or
 * NULL. `image` returns images one by one, then 0; the first hundred are tried. Warns if another of
 * these folders has the image too. */
typedef int (*clile_i_next_image)(void *context, char *image /*[CLILE_I_PATH_SIZE]*/);
clile_status clile_i_paths_root(const char *folder, clile_i_next_image next, void *context,
                                clile_i_table *table, char **root);
int clile_i_paths_exists(const char *root, const char *image);
/* The subject that a path names, at most 255 characters; 0: none. It is a folder named like a
 * subject of BP4D or DISFA (F001, M012, SN003) or like a video of one (F001_T1, 2F01_T1,
 * LeftVideoSN003), otherwise the first folder of a relative path. */
int clile_i_paths_subject(const char *path, char *subject /*[256]*/);
/* The folder of a file ("." if its path has none), and its name. The caller frees the folder;
 * NULL when out of memory. */
char *clile_i_paths_folder(const char *path);
const char *clile_i_paths_name(const char *path);
/* The file `name` below a data set's folder, or the folder of its file, unless it is absolute. The
 * caller frees it; NULL when out of memory. */
char *clile_i_paths_below(const char *data, const char *name);
/* Removes "./" and double slashes: each image then has one name. Keeps "..", because the part
 * before it may be a link. */
void clile_i_paths_clean(char *path);

/* A set of image names, to find duplicates and images that are not named. */
typedef struct {
    const clile_i_table *table; /* whose names the set refers to */
    int64_t *slot;              /* [capacity] sample + 1; 0: free */
    int64_t capacity, count;
} clile_i_image_set;
/* *earlier: a sample that already has this name, or -1. If it is -1, add sample `table->n`
 * next. */
clile_status clile_i_image_set_add(clile_i_image_set *set, const clile_i_table *table,
                                   const char *image, int64_t *earlier);
/* Adds to images_without_labels the images below root that are not named, in folders that hold a
 * named one. */
clile_status clile_i_image_set_count_others(const clile_i_image_set *set, const char *root,
                                            clile_i_table *table);
void clile_i_image_set_free(clile_i_image_set *set);

/* first_image.c: label frame f belongs to image f - origin + first; first is 0 or 1. */
typedef struct {
    const clile_i_frames *images;
    int64_t n;
    const int64_t *frame; /* [n] of the label file */
} clile_i_numbering;
/* 1 if row k belongs to image k in order of names: a program that reads a folder of images numbers
 * them itself and ignores their names. Frames are origin, origin + 1, ..., as many as images. */
int clile_i_numbering_counts(const clile_i_numbering *sequence, int64_t origin, int64_t images);
/* 1 if all rows and images match with this first image. */
int clile_i_numbering_is_exact(const clile_i_numbering *sequence, int64_t origin, int32_t first);
/* The wanted one (0 or 1). If that is -1, the one that leaves fewer labels and images unmatched; on
 * a tie, 0 if there is an image 0. Adds a note to the table. */
clile_status clile_i_first_image(int32_t wanted, int64_t count, const clile_i_numbering *sequences,
                                 int64_t origin, clile_i_table *table, int32_t *first);

#endif
