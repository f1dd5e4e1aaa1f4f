/* The contract of a layout: one file of this room knows how one kind of folder is laid out and
 * turns it into a table of samples (image, subject, labels, landmarks). To add a layout, write
 * its file and name it in layout.c. */
#ifndef CLILE_I_LAYOUT_H
#define CLILE_I_LAYOUT_H

#include "layout/table.h"
#include "store/rows.h"

typedef struct {
    const char *path;         /* folder or file */
    const char *au_set;       /* option text */
    int32_t unknown_negative; /* labels that are not coded count as absent */
    int32_t present_from;     /* DISFA: least intensity of a present AU */
    /* number of the image of the first frame, 0 or 1; -1: what fits better */
    int32_t first_image;
    /* of one file of labels, landmarks or boxes, and of the header of a pack */
    int64_t max_label_bytes;
    int64_t max_pack_bytes;
} clile_i_layout_request;

typedef struct {
    const char *name;       /* value of the option `layout` */
    const char *looked_for; /* what recognises it, for the message when nothing fits */
    /* *fits: 1 when the folder looks like this layout. */
    clile_status (*recognise)(const char *path, int32_t *fits);
    /* Fills a zeroed table and finishes it; the caller frees it also on failure. */
    clile_status (*open)(const clile_i_layout_request *request, clile_i_table *table);
} clile_i_layout;

extern const clile_i_layout clile_i_layout_bp4d;
extern const clile_i_layout clile_i_layout_disfa;
extern const clile_i_layout clile_i_layout_disfa_plus;
extern const clile_i_layout clile_i_layout_csv;
extern const clile_i_layout clile_i_layout_list;
extern const clile_i_layout clile_i_layout_jsonl;
extern const clile_i_layout clile_i_layout_pack;

/* Opens request->path as the layout of this name, or as the first that recognises it when the
 * name is "auto". */
clile_status clile_i_layout_open(const char *name, const clile_i_layout_request *request,
                                 clile_i_table *table);

/* ---- what several layouts need --------------------------------------------------------------- */

/* au_set.c: the option au_set as numbers. "auto" gives the layout's usual ones. `*ids` is the
 * caller's. */
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
int clile_i_frames_is_image(const char *name); /* by its ending: one that is read */
/* 1 and the number for an image whose name (without folders) ends in digits: "0042.jpg",
 * "frame_42.PNG". */
int clile_i_frame_number(const char *name, int64_t *number);
/* A folder that does not exist has no frames. Images of kinds that are not read are counted in
 * the table. FORMAT: two images of one number. */
clile_status clile_i_frames_list(const char *folder, clile_i_table *table, clile_i_frames *out);
void clile_i_frames_free(clile_i_frames *frames);
/* NULL: none */
const clile_i_frame *clile_i_frames_find(const clile_i_frames *frames, int64_t number);

struct clile_i_place_columns; /* columns.h */
/* places.c: where the face is in an image, by frame: landmarks (5 or 68 points, reduced to
 * five), boxes. */
typedef struct {
    int64_t frame, row; /* row of the file */
    float value[10];    /* landmarks: [5,2] image pixels; boxes: left, top, width, height */
} clile_i_place;
typedef struct {
    clile_i_place *rows; /* [count], ascending */
    int64_t count, capacity;
} clile_i_places;
typedef struct {
    clile_i_places landmarks, boxes;
} clile_i_faces;
/* One file, which must be there. `out` is empty on failure. IO; FORMAT: a row, a frame twice;
 * INVALID_ARGUMENT: too large. */
clile_status clile_i_landmarks_read(const char *path, int64_t max_bytes, clile_i_places *out);
clile_status clile_i_boxes_read(const char *path, int64_t max_bytes, clile_i_places *out);
void clile_i_places_free(clile_i_places *places);
/* PATH/landmarks/STEM.csv and PATH/boxes/STEM.csv; a file that does not exist has no rows. */
clile_status clile_i_faces_read(const clile_i_layout_request *request, const char *stem,
                                clile_i_faces *out);
void clile_i_faces_free(clile_i_faces *faces);
const float *clile_i_places_find(const clile_i_places *places, int64_t frame); /* NULL: none */
/* Points from the columns that a header has. */
clile_status clile_i_places_parse_points(const clile_i_rows *rows,
                                         const struct clile_i_place_columns *columns, float *five);
/* A box to left, top, width, height. */
clile_status clile_i_places_parse_box(const clile_i_rows *rows,
                                      const struct clile_i_place_columns *columns, float *box);
/* FORMAT: no number, or further from the origin than images are. */
clile_status clile_i_places_parse_coordinate(const clile_i_rows *rows, int64_t field, float *out);
/* clile_i_table_add, with images_without_landmarks and images_by_box counted. five [5,2] and box
 * [4] may be NULL. An image whose landmarks (or box) cannot be those of a face is left out, see
 * clile_i_table_finish. */
clile_status clile_i_places_add(clile_i_table *table, const char *folder, const char *file,
                                int32_t subject, const int8_t *labels, const float *five,
                                const float *box);

/* paths.c: image paths of lists. */
enum { CLILE_I_PATH_SIZE = 4096 };
/* Images are looked for below `folder`, its img, each folder in it, and below the folder above
 * in the same way. *root (the caller's) is the first of these below which one of the images is,
 * NULL when there is none; `image` gives images one by one, 0 at the end; a hundred are tried.
 * Warns when the image that is found is in another of these, too. */
typedef int (*clile_i_next_image)(void *context, char *image /*[CLILE_I_PATH_SIZE]*/);
clile_status clile_i_paths_root(const char *folder, clile_i_next_image next, void *context,
                                clile_i_table *table, char **root);
int clile_i_paths_exists(const char *root, const char *image);
/* The subject that a path names, at most 255 characters; 0: none. A folder that is called as a
 * subject of BP4D or DISFA is (F001, M012, SN003), or as a video of one is (F001_T1, 2F01_T1,
 * LeftVideoSN003); otherwise the first folder of a relative path. */
int clile_i_paths_subject(const char *path, char *subject /*[256]*/);
/* The folder of a file ("." when its path has none), and its name. The folder is the caller's,
 * NULL: memory is out. */
char *clile_i_paths_folder(const char *path);
const char *clile_i_paths_name(const char *path);
/* Takes "./" and doubled slashes out, so that one image has one name. ".." stays: what precedes
 * it may be a link. */
void clile_i_paths_clean(char *path);

/* A set of image names, to find one that comes twice and those that do not come. */
typedef struct {
    const clile_i_table *table; /* whose names the set holds */
    int64_t *slot;              /* [capacity] sample + 1, 0: free */
    int64_t capacity, count;
} clile_i_image_set;
/* *earlier: a sample that has this name already, -1 when it is new. Sample `table->n` must be
 * added next when new. */
clile_status clile_i_image_set_add(clile_i_image_set *set, const clile_i_table *table,
                                   const char *image, int64_t *earlier);
/* Images below root, in folders that hold a named image, that are not named: counted into
 * images_without_labels. */
clile_status clile_i_image_set_count_others(const clile_i_image_set *set, const char *root,
                                            clile_i_table *table);
void clile_i_image_set_free(clile_i_image_set *set);

/* first_image.c: label frame f belongs to image f - origin + first, first being 0 or 1. */
typedef struct {
    const clile_i_frames *images;
    int64_t n;
    const int64_t *frame; /* [n] of the label file */
} clile_i_numbering;
/* 1: row k is of image k, when `images` are in the order of their names: a program that reads a
 * folder of images counts them, whatever their numbers. Frames are origin, origin + 1, ..., as
 * many as images. */
int clile_i_numbering_counts(const clile_i_numbering *sequence, int64_t origin, int64_t images);
/* 1: with this first image no row and no image is left out. */
int clile_i_numbering_is_exact(const clile_i_numbering *sequence, int64_t origin, int32_t first);
/* The wanted one (0 or 1), or with -1 that with fewer labels without image and images without
 * label, on a tie 0 when there is an image 0. Says so in the table's notes. */
clile_status clile_i_first_image(int32_t wanted, int64_t count, const clile_i_numbering *sequences,
                                 int64_t origin, clile_i_table *table, int32_t *first);

#endif
