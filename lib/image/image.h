/* image: pixels in and out, and everything between a photograph and a network's input. Training and
 * prediction use the same code. Uses base and stb_image (privately, in decode.c). Pixel origin: the
 * top left corner of the image, pixel centres at .5 */
#ifndef CLILE_I_IMAGE_H
#define CLILE_I_IMAGE_H

#include "base/base.h"

#include <clile/image.h>

typedef struct {
    int32_t h, w;
    int64_t row_stride; /* bytes, at least a row */
    const uint8_t *rgb; /* [h][w][3], or as `format` says */
    void *owned;        /* freed by clile_i_image_free; NULL when the pixels are borrowed */
    /* CLILE_PIXELS_...: decoding gives RGB, 0; warping reads any and gives RGB */
    int32_t format;
} clile_i_image;

/* What the extension of a file's name says (names.c): an image that is read (jpg, jpeg, jpe, jif,
 * jfif, png, bmp, webp, heic, heif, hif, avif), an image of another kind (tif, ...), or none. Case
 * does not matter; hidden files are none. */
typedef enum { CLILE_I_IMAGE_NONE, CLILE_I_IMAGE_READ, CLILE_I_IMAGE_OTHER } clile_i_image_kind;
clile_i_image_kind clile_i_image_kind_of_name(const char *path);

/* Decodes JPEG (also progressive and CMYK), PNG or BMP, by modules WebP and HEIF (codec.h), to
 * 8-bit RGB, upright by its EXIF data; 16 bits are reduced, grey is spread, alpha is dropped.
 * `name` is for messages. Any thread. IO: no such file; FORMAT: empty or not an image; CORRUPT:
 * truncated, a wrong PNG checksum, undecodable; INVALID_ARGUMENT: h * w > max_pixels (found before
 * decoding); UNSUPPORTED: a module is missing. */
clile_status clile_i_image_decode(const char *name, const uint8_t *bytes, size_t size,
                                  int64_t max_pixels, clile_i_image *out);
clile_status clile_i_image_read(const char *path, int64_t max_pixels, clile_i_image *out);
/* The size of the image once read, without decoding it. The same errors, except those that only
 * decoding finds. */
clile_status clile_i_image_size(const char *path, int64_t max_pixels, int32_t *h, int32_t *w);
void clile_i_image_free(clile_i_image *image);
/* Checks a caller's image, and converts it. INVALID_ARGUMENT: invalid, or NULL. */
clile_status clile_i_image_borrow(const clile_image *theirs, clile_i_image *out);
/* A grey picture [h,w] of the image, for any two sizes (grey.c). It averages areas where the image
 * shrinks and is bilinear where it grows. OUT_OF_MEMORY. */
clile_status clile_i_image_grey(const clile_i_image *image, int32_t h, int32_t w, uint8_t *grey);
/* Bytes of a pixel; 0 if not a CLILE_PIXELS_... */
int32_t clile_i_pixel_bytes(int32_t format);
/* 8-bit PNG (zlib), channels 1 or 3, rows tightly packed; atomic. */
clile_status clile_i_image_write_png(const char *path, int32_t h, int32_t w, int32_t channels,
                                     const uint8_t *pixels);
/* The same in memory; `what` is its name in messages. Free `*out` with clile_i_free. */
clile_status clile_i_image_encode_png(const char *what, int32_t h, int32_t w, int32_t channels,
                                      const uint8_t *pixels, uint8_t **out, size_t *size);

/* x_src = a x + b y + c, y_src = d x + e y + f: from crop pixels to source pixels. */
typedef struct {
    double a, b, c, d, e, f;
} clile_i_affine;

/* The canonical crop in units of the crop size: centre of the left-hand eye in the image, of the
 * right-hand eye, nose tip, mouth corners. Finds the least-squares similarity (Umeyama 1991) from 5
 * such points, or from 68 Multi-PIE points reduced to them (mean of 36..41, mean of 42..47, 30, 48,
 * 54). Every face then fills a [size,size] crop in the same way. INVALID_ARGUMENT: points not 5 or
 * 68, what clile_i_align_five_fault finds, or less than a quarter of the crop in the image
 * [h,w]. */
#define CLILE_I_CANONICAL                                                                          \
    {{0.35, 0.40}, {0.65, 0.40}, {0.50, 0.571}, {0.376, 0.747}, {0.624, 0.747}}
clile_status clile_i_align_landmarks(int32_t points, const double *xy /*[points,2]*/, int32_t h,
                                     int32_t w, int32_t size, clile_i_affine *out);
/* Whether five points, or a box, cannot belong to a face in any image: 1 and the reason in `why`.
 * Not finite; shares of the image instead of pixels; less than 8 pixels; points in another order,
 * mirrored, upside down (turned by more than 135 degrees), or too far from a face's shape (align.c
 * has the bounds and what they are based on). */
enum { CLILE_I_WHY_SIZE = 384 };
int clile_i_align_five_fault(const double *five /*[5,2]*/, char *why /*[CLILE_I_WHY_SIZE]*/);
int clile_i_align_box_fault(const double *box /*[4]*/, char *why);
/* Reduces 68 points (Multi-PIE order) or 5 to the five: two eye centres, nose tip, two mouth
 * corners. Reads only the points for which clile_i_align_uses returns 1. */
void clile_i_align_reduce(int32_t points, const double *xy /*[points,2]*/, double *five /*[5,2]*/);
int32_t clile_i_align_uses(int32_t points, int32_t index);
/* Without landmarks: the whole image [h,w] becomes the crop [size,size]. */
void clile_i_align_whole(int32_t h, int32_t w, int32_t size, clile_i_affine *out);
/* The crop [size,size] grows by `scale` about its centre. */
void clile_i_align_scale(double scale, int32_t size, clile_i_affine *crop_to_src);

/* For a face with only a box (left, top, width, height): the square around its centre with side
 * (1 + margin) max(width, height). INVALID_ARGUMENT: what clile_i_align_box_fault finds, less
 * than a quarter of the box in the image [h,w], margin outside -0.5..4. */
clile_status clile_i_align_box(const double *box /*[4]*/, double margin, int32_t h, int32_t w,
                               int32_t size, clile_i_affine *out);

/* Samples src through the affine map into dst [h,w,3] uint8: bilinear. If the source shrinks, it is
 * first averaged in k x k boxes (k = source pixels per crop pixel, rounded), so there is no
 * aliasing. Edge pixels repeat outside. A whole shift at scale 1 copies exactly. INVALID_ARGUMENT:
 * an empty size, a map that is not finite; OUT_OF_MEMORY. */
clile_status clile_i_image_warp(const clile_i_image *src, const clile_i_affine *crop_to_src,
                                int32_t h, int32_t w, uint8_t *dst);

/* The same in memory made beforehand for crops of at most `size` pixels. It is enough for every map
 * that turns, shifts and scales, and nothing is allocated. A map that shears more allocates. */
typedef struct {
    uint32_t *sums;
    uint8_t *reduced;
    int64_t side; /* pixels of the largest square source that fits */
} clile_i_warp_space;
/* free it even on failure */
clile_status clile_i_warp_space_init(clile_i_warp_space *space, int32_t size);
void clile_i_warp_space_free(clile_i_warp_space *space);
clile_status clile_i_image_warp_in(const clile_i_image *src, const clile_i_affine *crop_to_src,
                                   int32_t h, int32_t w, clile_i_warp_space *space, uint8_t *dst);

enum { CLILE_I_CROP_LARGEST = 4096 }; /* pixels of a crop's side */
/* Crops are stored with a margin: shifted, scaled and turned training crops then see real pixels.
 * The middle of such a stored crop is the canonical one; the margin is the same on every side. */
int32_t clile_i_crop_margin(int32_t size, double share); /* round(share size), halves up */
#define CLILE_I_CROP_MARGIN_USUAL 0.0625
/* side of a crop with that margin: size + 2 round(size / 16) */
int32_t clile_i_crop_stored(int32_t size);

/* field.c: where each place of a crop moves to. */
enum { CLILE_I_FIELD_SIDE = 24 };
typedef struct {
    /* in sides of the crop, at nodes from -0.1 to 1.1, row by row */
    float move[CLILE_I_FIELD_SIDE * CLILE_I_FIELD_SIDE][2];
} clile_i_field;
double clile_i_field_node(int32_t index); /* where a column or row of nodes is */
/* How far the place (x, y), in sides of the crop, moves. */
void clile_i_field_at(const clile_i_field *field, double x, double y, float move[2]);
/* The same in two steps, for n places: the nodes around x or y, then how far each moves. */
typedef struct {
    int32_t before; /* the node before it */
    float weight;   /* of the next one */
} clile_i_field_tap;
clile_i_field_tap clile_i_field_tap_at(double at);
void clile_i_field_taps(const clile_i_field *field, int32_t n, const clile_i_field_tap *across,
                        const clile_i_field_tap *down, float move[][2]);
/* Moves points [n,2], in sides of the crop; NaN stays. */
void clile_i_field_move(const clile_i_field *field, int64_t n, float *xy);

/* look.c: the difference between two people's mean faces, laid on a picture. A mean face is
 * [side,side,4], values in [0,255], the fourth 0; a picture shows its place (x, y), in sides of the
 * crop, at (x, y) moved by the picture's field. */
typedef struct {
    clile_i_field place;    /* of the picture that results */
    const float *from, *to; /* mean faces; borrowed */
    int32_t side;
    float share; /* of the difference */
} clile_i_look;
/* Adds the crop rgb [size,size,3], seen from the mean face, to sum [side,side,4]. */
void clile_i_look_add(const uint8_t *rgb, int32_t size, const clile_i_field *place, int32_t side,
                      float *sum);
typedef struct {
    double x, y; /* in sides of the crop */
} clile_i_spot;
/* What changes at n places of the picture, which look->place moves by `move`, by channel. */
void clile_i_look_at(const clile_i_look *look, int32_t n, const clile_i_spot *at, float move[][2],
                     float change[][4]);

/* What augmentation does to one crop; all zero / one: nothing. */
typedef struct {
    int32_t flip; /* mirror left and right */
    /* side of the sampled square in units of `size` (1: none) */
    double scale;
    double shift_x, shift_y; /* of its centre, in units of `size` */
    /* factors, 1: none; torchvision's ColorJitter formulas, in this order */
    double brightness, contrast, saturation;
    int32_t grey; /* 1: every channel becomes torchvision's grey */
    /* standard deviation of a Gaussian in pixels of the crop; 0: none */
    double blur;
    /* degrees by which the sampled square turns about its centre, clockwise as the image is seen;
     * the face turns the other way */
    double rotate;
    /* The rest is 0 for none; the functions below give the formulas. Order: edge before the colour,
     * gamma and tint before brightness, shade after grey, resolution before blur, noise and jpeg
     * after it. */
    double resolution; /* of clile_i_coarsen */
    double noise;      /* standard deviation, of values in [0,1] */
    uint64_t noise_seed;
    double gamma, tint[3];      /* of clile_i_tone */
    double shade_x, shade_y;    /* of clile_i_shade */
    int32_t jpeg;               /* quality, 1..100 */
    double edge[4];             /* of clile_i_edge */
    const clile_i_field *field; /* places move before all else; NULL: none do */
    const clile_i_look *look;   /* then the look changes, if places move; NULL: it does not */
} clile_i_jitter;
#define CLILE_I_JITTER_NONE {.scale = 1.0, .brightness = 1.0, .contrast = 1.0, .saturation = 1.0}

/* Stored crop uint8 [size + 2 margin, size + 2 margin, 3] -> network input float [3,size,size] =
 * (value / 255 - mean) / std with ImageNet's mean and std, through the jitter (bilinear; the
 * identity jitter reads the middle exactly; beyond the margin edge pixels repeat). With
 * `standardize`, clile_i_standardize_planes comes before the mean and std. */
void clile_i_crop_to_input(const uint8_t *stored, int32_t margin, int32_t size,
                           const clile_i_jitter *jitter, int32_t standardize, float *dst);

/* Brings a crop to the mean and spread that all crops have (standard.c). Planes [3,size,size] of
 * values in [0,255] are first rounded to whole numbers, and then give the same values as the pixels
 * of the same crop. */
void clile_i_standardize_planes(int32_t size, float *planes);
/* From rows row_stride bytes apart to dst [size,size,3]. */
void clile_i_standardize_pixels(const uint8_t *rgb, int64_t row_stride, int32_t size, uint8_t *dst);

/* Where the jitter moves points of the canonical crop. (0,0) is the top left corner and (1,1) the
 * bottom right one, both in the crop and in the network input. A point may be outside. With a flip,
 * the caller exchanges left and right points. xy and dst may be the same. */
void clile_i_jitter_points(const clile_i_jitter *jitter, int64_t n, const float *xy /*[n,2]*/,
                           float *dst /*[n,2]*/);

/* Gaussian blur of three planes in place (blur.c); 0 < deviation <= CLILE_I_BLUR_MOST, in
 * pixels. */
#define CLILE_I_BLUR_MOST 10.0
void clile_i_blur(int32_t size, double deviation, float *planes /*[3,size,size]*/);

/* Damage, in place on planes [3,size,size] of values in [0,255], results limited to that (damage.c,
 * jpeg.c).
 * tone: v <- e^tint 255 (v / 255)^(e^gamma), tint by channel. */
void clile_i_tone(int32_t size, double gamma, const double tint[3], float *planes);
/* v <- v (1 + x (u - 1/2) + y (w - 1/2)) at (u, w) in units of the side: x and y are how much more
 * light there is at the right and lower edge than at the left and upper one; |x| + |y| <= 2. */
void clile_i_shade(int32_t size, double x, double y, float *planes);
/* A picture that ends inside: the first share[0] of the columns, share[1] of the rows, the last
 * share[2] of the columns, share[3] of the rows (each rounded, at most 0.4) become copies of the
 * next one inside. */
void clile_i_edge(int32_t size, const double share[4], float *planes);
/* A smaller picture, enlarged: averages over squares of 1 / share pixels, round(share size) of them
 * a side, then bilinear sampling with repeated edges. 0 < share < 1. */
void clile_i_coarsen(int32_t size, double share, float *planes);
/* Adds Gaussian noise with a standard deviation of 255 deviation, in 1024 levels of equal
 * probability; the bits depend on the seed alone. */
void clile_i_noise(int32_t size, double deviation, uint64_t seed, float *planes);
/* Baseline JPEG with libjpeg's tables of that quality (1..100) and halved chroma. */
void clile_i_jpeg(int32_t size, int32_t quality, float *planes);

/* Like clile_i_crop_to_input without jitter, for a crop whose [size,size] pixels are all used
 * unchanged. Rows are row_stride bytes apart. */
void clile_i_pixels_to_input(const uint8_t *rgb, int64_t row_stride, int32_t size, float *dst);

/* ImageNet's channel means and standard deviations, of values in [0, 1]. */
extern const float clile_i_input_mean[3], clile_i_input_deviation[3];
/* 128, 56 and 8 of the formula in standard.c. */
extern const double clile_i_standard[3];

#endif
