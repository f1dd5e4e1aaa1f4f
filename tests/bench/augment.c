/* Augmented crops to look at, and what augmentation costs: the first images of a data set, each
 * with its own draw, as a PNG of eight columns; prints milliseconds per image on one thread.
 *     augment DATA OUT.png [KEY=VALUE ...]      such as augment_rotate=20 crop_margin=0.3 */
#define _XOPEN_SOURCE 700
#include "data/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { COLUMNS = 8, ROWS = 4, COUNT = COLUMNS * ROWS, REPEATS = 50 };

static void need(clile_status status)
{
    if (status == CLILE_OK) return;
    fprintf(stderr, "augment: %s\n", clile_last_error());
    exit(1);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint8_t to_byte(float value, int32_t k)
{
    const double v =
        255 * ((double)value * (double)clile_i_input_deviation[k] + (double)clile_i_input_mean[k]);
    return (uint8_t)(v < 0 ? 0 : v > 254.5 ? 255 : v + 0.5);
}

static void write_sheet(const char *path, int32_t size, const float *src)
{
    const int64_t plane = (int64_t)size * size, width = (int64_t)COLUMNS * size;
    uint8_t *rgb = malloc((size_t)(3 * COUNT * plane));
    if (rgb == NULL) exit(1);
    for (int64_t i = 0; i < COUNT * plane; ++i)
        for (int32_t k = 0; k < 3; ++k) {
            const int64_t image = i / plane, y = i % plane / size, x = i % size,
                          row = image / COLUMNS * size + y, column = image % COLUMNS * size + x;
            rgb[3 * (row * width + column) + k] =
                to_byte(src[(3 * image + k) * plane + y * size + x], k);
        }
    need(clile_i_image_write_png(path, ROWS * size, COLUMNS * size, 3, rgb));
    free(rgb);
}

int main(int argc, char **argv)
{
    clile_options *options = NULL;
    clile_dataset *dataset = NULL;
    clile_i_augment augment;
    clile_i_shapes *shapes = NULL;
    int64_t indices[COUNT], size = 0;
    if (argc < 3) {
        fprintf(stderr, "usage: augment DATA OUT.png [KEY=VALUE ...]\n");
        return 2;
    }
    need(clile_options_create(&options));
    for (int i = 3; i < argc; ++i) {
        char *equals = strchr(argv[i], '=');
        if (equals != NULL) *equals = '\0';
        need(clile_options_set(options, argv[i], equals != NULL ? equals + 1 : ""));
    }
    need(clile_options_get_i64(options, CLILE_OPT_IMAGE_SIZE, &size));
    need(clile_i_augment_from_options(options, &augment));
    need(clile_dataset_open(argv[1], options, &dataset));
    if (augment.exchange_shapes > 0) need(clile_i_shapes_create(dataset, &shapes));
    if (shapes != NULL && augment.exchange_looks > 0)
        need(clile_i_shapes_add_looks(shapes, dataset, (int32_t)size));
    augment.shapes = shapes;
    for (int64_t i = 0; i < COUNT; ++i) indices[i] = i * (clile_dataset_size(dataset) - 1) / COUNT;
    float *dst = malloc((size_t)(COUNT * 3 * size * size) * sizeof *dst);
    if (dst == NULL) return 1;
    clile_i_threads_set(1);
    double least = 1e9;
    for (int64_t step = -1; step < REPEATS; ++step) { /* the first decodes */
        const double began = now();
        need(clile_i_batch_load(dataset, COUNT, indices, (int32_t)size, &augment, 1,
                                step < 0 ? 0 : step, dst));
        const double each = 1e3 * (now() - began) / COUNT;
        if (step >= 0 && each < least) least = each;
        if (step <= 0) write_sheet(argv[2], (int32_t)size, dst);
    }
    printf("%.3f ms per image of %d pixels\n", least, (int)size);
    free(dst);
    clile_i_shapes_destroy(shapes);
    clile_dataset_destroy(dataset);
    clile_options_destroy(options);
    return 0;
}
