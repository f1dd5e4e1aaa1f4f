/* The points that methods read: augmentation moves them with the image, and left stays left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "data/scratch.h"
#include "train/internal.h"

#include <math.h>

enum { SIDE = 64, IMAGES = 8, FIVE = 5, STEPS = 12, RADIUS = 4 };
/* a face that is not like its mirror image, in shares of the image */
static const double place[FIVE][2] = {
    {0.33, 0.40}, {0.65, 0.42}, {0.55, 0.571}, {0.376, 0.78}, {0.624, 0.72}};

/* Dark, with a bright spot at each point. */
static void write_folder(const scratch *s)
{
    static uint8_t rgb[SIDE][SIDE][3];
    clile_i_text rows = {0};
    char name[16];
    memset(rgb, 20, sizeof rgb);
    for (int k = 0; k < FIVE; ++k)
        for (int y = 0; y < SIDE; ++y)
            for (int x = 0; x < SIDE; ++x) {
                const double dx = x + 0.5 - place[k][0] * SIDE, dy = y + 0.5 - place[k][1] * SIDE;
                if (dx * dx + dy * dy <= RADIUS * RADIUS) memset(rgb[y][x], 240, 3);
            }
    clile_i_text_append(&rows, "image,subject,AU1,AU12,x0,y0,x1,y1,x2,y2,x3,y3,x4,y4\n");
    for (int i = 0; i < IMAGES; ++i) {
        snprintf(name, sizeof name, "%d.png", i);
        assert_int_equal(
            clile_i_image_write_png(scratch_path(s, name), SIDE, SIDE, 3, &rgb[0][0][0]), CLILE_OK);
        clile_i_text_append(&rows, "%s,%d,%d,%d", name, i / 2, i % 2, i / 2 % 2);
        for (int k = 0; k < 2 * FIVE; ++k)
            clile_i_text_append(&rows, ",%.6f", place[k / 2][k % 2] * SIDE);
        clile_i_text_append(&rows, "\n");
    }
    assert_int_equal(rows.status, CLILE_OK);
    scratch_text(s, "manifest.csv", rows.data);
    clile_i_text_free(&rows);
}

typedef struct {
    clile_trainer *trainer;
    int checked, moved;
} check;

/* Each point of the step's crops is in a bright spot. */
static int32_t look(const clile_progress *progress, void *user)
{
    check *c = user;
    const clile_trainer *t = c->trainer;
    for (int k = 0; k < t->batch; ++k) {
        const float *five = t->faces.batch_five + 2 * FIVE * k,
                    *image = t->images->src + (int64_t)k * 3 * SIDE * SIDE;
        double mean = 0;
        for (int i = 0; i < SIDE * SIDE; ++i) mean += (double)image[i] / (SIDE * SIDE);
        for (int p = 0; p < FIVE; ++p) {
            const int x = (int)(five[2 * p] * SIDE), y = (int)(five[2 * p + 1] * SIDE);
            if (x < 0 || x >= SIDE || y < 0 || y >= SIDE) continue; /* moved out of the crop */
            if (!((double)image[y * SIDE + x] > mean + 1.0))
                fail_msg("step %d, image %d, point %d at %d, %d: %g, mean %g", (int)progress->step,
                         k, p, x, y, (double)image[y * SIDE + x], mean);
            ++c->checked;
        }
        assert_true(five[0] < five[2] && five[6] < five[8]); /* left is left in the crop */
        c->moved += fabs((double)five[4] - place[2][0]) > 0.02;
        /* the net reads the same points */
        if (clile_i_exec_point_count(t->exec) > 0)
            assert_memory_equal(clile_i_exec_points(t->exec) + 2 * FIVE * k, five,
                                2 * FIVE * sizeof *five);
    }
    return progress->step == STEPS;
}

static void test_points_move(void **state)
{
    static const char *const names[] = {"augcn", "srerl", "lpnet"};
    const scratch s = scratch_make();
    (void)state;
    write_folder(&s);
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
        clile_options *options = NULL;
        clile_dataset *data = NULL;
        clile_model *model = NULL;
        check c = {0};
        static const int32_t aus[2] = {1, 12};
        static const char *const settings[][2] = {
            {"image_size", "64"},     {"width", "0.0625"},      {"embedding", "12"},
            {"batch", "4"},           {"epochs", "10"},         {"threads", "1"},
            {"augment_flip", "1"},    {"augment_scale", "0.1"}, {"augment_shift", "0.08"},
            {"augment_contrast", "0"}};
        assert_int_equal(clile_options_create(&options), CLILE_OK);
        assert_int_equal(clile_options_set(options, "method", names[i]), CLILE_OK);
        for (size_t k = 0; k < sizeof settings / sizeof *settings; ++k)
            if (clile_options_set(options, settings[k][0], settings[k][1]) != CLILE_OK)
                fail_msg("%s", clile_last_error());
        assert_int_equal(clile_dataset_open(s.path, options, &data), CLILE_OK);
        assert_int_equal(clile_model_create(options, 2, aus, &model), CLILE_OK);
        if (clile_trainer_create(model, data, options, &c.trainer) != CLILE_OK)
            fail_msg("%s", clile_last_error());
        assert_int_equal(clile_trainer_run(c.trainer, 2, look, &c), CLILE_E_CANCELLED);
        assert_true(c.checked > STEPS * 4 * FIVE * 3 / 4 && c.moved > STEPS);
        clile_trainer_destroy(c.trainer);
        clile_model_destroy(model);
        clile_dataset_destroy(data);
        clile_options_destroy(options);
    }
    scratch_free(&s);
}

/* A folder without points: the refusal says where to get them. */
static void test_no_points(void **state)
{
    (void)state;
    static const int32_t aus[2] = {1, 12};
    const scratch s = scratch_make();
    clile_dataset *data = NULL;
    clile_options *options = NULL;
    clile_model *model = NULL;
    clile_trainer *trainer = NULL;
    scratch_image(&s, "a.png", 90);
    scratch_image(&s, "b.png", 120);
    scratch_text(&s, "manifest.csv", "image,subject,AU1,AU12\na.png,1,1,1\nb.png,2,0,1\n");
    assert_int_equal(clile_dataset_open(s.path, NULL, &data), CLILE_OK);
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    assert_int_equal(clile_options_set(options, "method", "lpnet"), CLILE_OK);
    assert_int_equal(clile_options_set(options, "image_size", "32"), CLILE_OK);
    assert_int_equal(clile_model_create(options, 2, aus, &model), CLILE_OK);
    assert_int_equal(clile_trainer_create(model, data, options, &trainer),
                     CLILE_E_INVALID_ARGUMENT);
    if (strstr(clile_last_error(),
               "method=lpnet needs the landmarks of every face: image a.png has "
               "no landmarks; clile data --points finds them, for the option "
               "faces") == NULL)
        fail_msg("%s", clile_last_error());
    clile_model_destroy(model);
    clile_options_destroy(options);
    clile_dataset_destroy(data);
    scratch_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_points_move),
                                       cmocka_unit_test(test_no_points)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
