/* Prepares a picture for a module: grey, and resized so that the smallest face to look for is the
 * smallest that the module can see. So the time does not depend on the size of the picture.
 *
 * There are four looks. The first finds a sure face of half the picture's longer side, a portrait,
 * in a tiny picture. If there is one, only faces of at least a quarter are looked for, without a
 * border. Otherwise the close look finds faces of at least a quarter. Its picture is small, so it
 * can afford a border of repeated edge pixels (portraits are often cropped close to the face), and
 * a low threshold, since false alarms of that size are rare. The plain one goes down to an eighth,
 * at the same time on another thread. The far one goes down to a sixteenth, takes four times as
 * long, and is skipped if a face is close. Results and costs: docs/photo.md. */
#include "face/face.h"

#include <math.h>

/* Shares of the picture's longer side. */
static const double HALF = 1.0 / 2.0, CLOSE = 1.0 / 4.0, PLAIN = 1.0 / 8.0, FAR = 1.0 / 16.0,
                    BORDER = 1.0 / 4.0;
static const double SURE_THRESHOLD = 0.2, CLOSE_THRESHOLD = -0.2, THRESHOLD = 0.0,
                    FAR_THRESHOLD = 0.3;
static const double LEAST_FACE = 20.0;  /* pixels: enlarging smaller faces shows nothing */
static const double MOST_SIDE = 4096.0; /* of the picture that the module sees */

typedef struct {
    const clile_i_module *module;
    const clile_i_image *image;
    void *state;
    double scale; /* of the grey picture */
    double border, threshold;
    double least; /* pixels of the image: smaller ones are not told */
    clile_status status;
    char message[256]; /* from the module; "": the error text is on the look's thread */
    int64_t count;
    clile_i_box found[CLILE_FINDER_MOST_FACES];
} look;

static int32_t add(void *user, double left, double top, double side, double score)
{
    look *l = user;
    if (l->count == CLILE_FINDER_MOST_FACES) return 1;
    l->found[l->count++] = (clile_i_box){left, top, side, score};
    return 0;
}

/* The picture of a look, with `border` pixels of its edge repeated all around. */
static uint8_t *grey_picture(const clile_i_image *image, int32_t h, int32_t w, int32_t border)
{
    const int64_t full_w = w + 2 * (int64_t)border, full_h = h + 2 * (int64_t)border;
    uint8_t *inner = clile_i_alloc_untouched((int64_t)h * w), *full = NULL;
    if (inner != NULL && clile_i_image_grey(image, h, w, inner) == CLILE_OK) {
        if (border == 0) return inner;
        full = clile_i_alloc_untouched(full_h * full_w);
    }
    for (int64_t y = 0; full != NULL && y < full_h; ++y) {
        const int64_t from = y < border ? 0 : y - border >= h ? h - 1 : y - border;
        uint8_t *row = full + y * full_w;
        memset(row, inner[from * w], (size_t)border);
        memcpy(row + border, inner + from * w, (size_t)w);
        memset(row + border + w, inner[from * w + w - 1], (size_t)border);
    }
    clile_i_free(inner);
    return full;
}

static void run_look(look *l)
{
    const int32_t h = (int32_t)fmax(floor(l->image->h * l->scale + 0.5), 1.0),
                  w = (int32_t)fmax(floor(l->image->w * l->scale + 0.5), 1.0),
                  border = (int32_t)(l->border * fmax(h, w));
    uint8_t *grey = grey_picture(l->image, h, w, border);
    l->count = 0;
    l->status = CLILE_E_OUT_OF_MEMORY;
    if (grey != NULL) {
        const int32_t code =
            l->module->table->find(l->state, h + 2 * border, w + 2 * border, grey, l->threshold,
                                   add, l, l->message, sizeof l->message);
        l->status = code == 0 || l->count == CLILE_FINDER_MOST_FACES ? CLILE_OK : CLILE_E_BACKEND;
    }
    for (int64_t k = 0; k < l->count; ++k) {
        clile_i_box *b = &l->found[k];
        b->left = (b->left - border) / l->scale;
        b->top = (b->top - border) / l->scale;
        b->side /= l->scale;
    }
    clile_i_free(grey);
}

static void run_part(int64_t begin, int64_t end, void *context)
{
    look *const *looks = context;
    for (int64_t k = begin; k < end; ++k) run_look(looks[k]);
}

/* At least half of a box at the edge, or in the border, must be in the image. */
static int is_inside(const clile_i_image *image, const clile_i_box *b)
{
    const double w = fmin(b->left + b->side, image->w) - fmax(b->left, 0.0),
                 h = fmin(b->top + b->side, image->h) - fmax(b->top, 0.0);
    return b->side >= 8.0 && w > 0.0 && h > 0.0 && w * h >= 0.5 * b->side * b->side;
}

/* *largest: side of the largest face so far. */
static clile_status run_looks(int64_t count, look **looks, clile_i_tell tell, void *user,
                              double *largest)
{
    clile_i_parallel_for(count, 1, run_part, looks);
    for (int64_t k = 0; k < count; ++k) {
        const look *l = looks[k];
        if (l->status == CLILE_E_OUT_OF_MEMORY) return clile_i_fail(l->status, "out of memory");
        if (l->status != CLILE_OK)
            return clile_i_fail(l->status, "the finder %s: %s", l->module->table->name, l->message);
        for (int64_t i = 0; i < l->count; ++i) {
            const clile_i_box *b = &l->found[i];
            if (b->side < l->least || !is_inside(l->image, b)) continue;
            *largest = fmax(*largest, b->side);
            CLILE_I_RETURN_IF(tell(b, user));
        }
    }
    return CLILE_OK;
}

clile_status clile_i_search(const clile_i_module *module, int64_t smallest,
                            const clile_i_image *image, clile_i_tell tell, void *user)
{
    clile_status status = CLILE_OK;
    double largest = 0.0;
    look *looks[CLILE_I_LOOKS] = {NULL};
    const double longer = image->h > image->w ? image->h : image->w,
                 least = module->table->smallest, most = MOST_SIDE / longer;
    for (int k = 0; k < CLILE_I_LOOKS; ++k) {
        CLILE_I_ALLOC(looks[k], 1);
        looks[k]->module = module;
        looks[k]->image = image;
        looks[k]->state = module->states[k];
    }
    look *plain = looks[0], *close = looks[1]; /* start the longer one first */
    close->scale = fmin(least / fmax(longer * CLOSE, LEAST_FACE), most / (1.0 + 2.0 * BORDER));
    plain->scale = fmin(least / fmax(longer * HALF, LEAST_FACE), most / (1.0 + 2.0 * BORDER));
    plain->border = BORDER;
    plain->threshold = SURE_THRESHOLD;
    plain->least = longer * HALF;
    if (smallest == 0) CLILE_I_TRY(run_looks(1, &plain, tell, user, &largest));
    if (largest > 0.0) {
        close->threshold = THRESHOLD;
        CLILE_I_TRY(run_looks(1, &close, tell, user, &largest));
        goto cleanup;
    }
    plain->border = plain->least = 0.0;
    close->border = BORDER;
    close->threshold = CLOSE_THRESHOLD;
    plain->scale = fmin(least / fmax(longer * PLAIN, LEAST_FACE), most);
    plain->threshold = THRESHOLD;
    if (smallest > 0) plain->scale = fmin(least / (double)smallest, most);
    CLILE_I_TRY(run_looks(CLILE_I_LOOKS, looks, tell, user, &largest));
    const double before = plain->scale;
    plain->threshold = FAR_THRESHOLD;
    plain->scale = fmin(least / fmax(longer * FAR, LEAST_FACE), most);
    if (smallest == 0 && plain->scale > before && largest < longer * CLOSE)
        CLILE_I_TRY(run_looks(1, looks, tell, user, &largest));
cleanup:
    for (int k = 0; k < CLILE_I_LOOKS; ++k) clile_i_free(looks[k]);
    return status;
}
