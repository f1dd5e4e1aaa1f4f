/* Points and values learned beside the AUs. */
#include "train/internal.h"
#include "train/target_faces.h"

static const char whole[] = "targets_whole.safetensors", part[] = "targets_part.safetensors",
                  checkpoint[] = "targets_c.safetensors";

static void near(double found, double expected, double most)
{
    if (!(fabs(found - expected) <= most)) fail_msg("%g, expected %g", found, expected);
}

typedef struct {
    clile_dataset *data;
    clile_options *options;
    clile_model *model;
    clile_trainer *trainer;
} bench;

/* Without a trainer if that fails. */
static clile_status bench_make(const char *path, const char *targets, const char *settings,
                               bench *b)
{
    *b = (bench){.options = toy_options(settings)};
    require(clile_options_set(b->options, "targets", targets));
    require(clile_dataset_open(path, b->options, &b->data));
    b->model = toy_model(b->options);
    return clile_trainer_create(b->model, b->data, b->options, &b->trainer);
}

static void bench_free(bench *b)
{
    clile_trainer_destroy(b->trainer);
    clile_model_destroy(b->model);
    clile_options_destroy(b->options);
    clile_dataset_destroy(b->data);
}

/* ---- targets move with the crop ---- */

/* Where a channel of the network's input is bright, in sides of the crop. */
static void find_dot(const float *plane, int size, double *x, double *y)
{
    double sum = 0, mean = 0;
    *x = *y = 0;
    for (int i = 0; i < size * size; ++i) mean = fmin(mean, (double)plane[i]);
    for (int i = 0; i < size * size; ++i) {
        const double v = (double)plane[i] - mean;
        sum += v;
        *x += v * (i % size + 0.5) / size;
        *y += v * (i / size + 0.5) / size;
    }
    assert_true(sum > 1);
    *x /= sum;
    *y /= sum;
}

/* Images of a red and a blue dot, which are each other's mirrored partner. */
static void write_dots(const scratch *s, int n)
{
    enum { SIDE = 64 };
    static uint8_t rgb[SIDE * SIDE * 3];
    clile_i_text rows = {0};
    clile_i_st_writer *writer = NULL;
    float points[64 * 2 * 2], values[64 * 2];
    clile_i_rng rng = clile_i_rng_make(2, 9);
    char name[32];
    clile_i_text_append(&rows, "image,subject,AU1,AU4,AU12\n");
    for (int i = 0; i < n; ++i) {
        memset(rgb, 0, sizeof rgb);
        for (int k = 0; k < 2; ++k) {
            const int x = (k ? 36 : 16) + (int)clile_i_rng_below(&rng, 12),
                      y = 20 + (int)clile_i_rng_below(&rng, 24);
            for (int dy = -2; dy < 2; ++dy)
                for (int dx = -2; dx < 2; ++dx) rgb[3 * ((y + dy) * SIDE + x + dx) + 2 * k] = 255;
            points[4 * i + 2 * k] = (float)x;
            points[4 * i + 2 * k + 1] = (float)y;
            values[2 * i + k] = (float)(x + 100 * k);
        }
        snprintf(name, sizeof name, "%d.png", i);
        require(clile_i_image_write_png(scratch_path(s, name), SIDE, SIDE, 3, rgb));
        clile_i_text_append(&rows, "%s,s%d,%d,%d,%d\n", name, i % 3, i % 2, i % 3 == 0, i % 5 < 2);
    }
    scratch_text(s, "manifest.csv", rows.data);
    clile_i_text_free(&rows);
    const int64_t two = 2, mirror[2] = {1, 0}, shape[3] = {n, 2, 2};
    require(clile_i_st_writer_create(&writer));
    clile_i_st_writer_add(writer, "points", CLILE_I_ST_F32, 3, shape, points);
    clile_i_st_writer_add(writer, "values", CLILE_I_ST_F32, 2, shape, values);
    clile_i_st_writer_add(writer, "points_mirror", CLILE_I_ST_I64, 1, &two, mirror);
    clile_i_st_writer_add(writer, "values_mirror", CLILE_I_ST_I64, 1, &two, mirror);
    require(clile_i_st_writer_write(writer, scratch_path(s, "t.safetensors")));
    clile_i_st_writer_destroy(writer);
}

static void test_targets_move_with_the_crop(void **state)
{
    enum { N = 32, SIZE = 32 };
    const scratch s = scratch_make();
    bench b;
    int flipped = 0, mixed = 0, plain = 0;
    (void)state;
    write_dots(&s, N);
    require(bench_make(s.path, "t.safetensors",
                       "elimination=none init_from_stage1=0 exchange_halves=0.3 augment_flip=1 "
                       "augment_rotate=12 augment_scale=0.1 augment_shift=0.05 crop_margin=0.3 "
                       "augment_brightness=0 augment_contrast=0 augment_saturation=0",
                       &b));
    clile_trainer *t = b.trainer;
    require(clile_i_trainer_begin_stage(t, 2));
    const clile_i_train_targets *g = &t->targets;
    assert_int_equal(g->p, 2);
    assert_int_equal(g->v, 2);
    for (t->step = 0; t->step < 4; ++t->step) {
        require(clile_i_feed_get(t->feed, t->step, &t->images));
        clile_i_trainer_next_targets(t);
        for (int k = 0; k < t->batch; ++k) {
            const float *points = g->batch_points + 4 * k, *values = g->batch_values + 2 * k;
            if (t->images->partner[k] >= 0) {
                for (int i = 0; i < 4; ++i) assert_true(isnan(points[i]));
                assert_true(isnan(values[0]) && isnan(values[1]));
                ++mixed;
                continue;
            }
            const int flip = clile_i_feed_jitter(t->feed, t->step, k).flip;
            flipped += flip;
            plain += !flip;
            for (int i = 0; i < 2; ++i) {
                const int channel = 2 * (flip ? 1 - i : i);
                double x, y;
                find_dot(t->images->src + (3 * k + channel) * SIZE * SIZE, SIZE, &x, &y);
                near((double)points[2 * i] * 0.05 + g->point_mean[2 * i], x, 0.01);
                near((double)points[2 * i + 1] * 0.05 + g->point_mean[2 * i + 1], y, 0.01);
                const double v = (double)values[i] / g->value_scale[i] + g->value_mean[i];
                assert_true((flip ? 1 - i : i) == (v > 90));
            }
        }
    }
    assert_true(flipped > 8 && mixed > 8 && plain > 8);
    bench_free(&b);
    scratch_free(&s);
}

/* ---- standardised over the training images ---- */

static void test_standardised(void **state)
{
    const scratch s = scratch_make();
    bench b;
    (void)state;
    faces_write(&s, &(faces_request){12, 4, 1, 0.2f});
    require(bench_make(s.path, "t.safetensors", "method=bce validation=0.25", &b));
    const clile_i_train_targets *g = &b.trainer->targets;
    assert_int_equal(b.trainer->n, 36);
    assert_int_equal(g->p, FACE_POINTS);
    assert_int_equal(g->v, FACE_VALUES - 1); /* the constant one is left out */
    assert_int_equal(g->column[2], 2);
    double sum = 0, squares = 0;
    int known = 0;
    for (int64_t i = 0; i < b.trainer->n; ++i) {
        const double v = ((double)g->values[i * g->all + 2] - g->value_mean[2]) * g->value_scale[2];
        if (isnan(v)) continue;
        sum += v;
        squares += v * v;
        ++known;
    }
    assert_true(known < b.trainer->n);
    near(sum / known, 0, 1e-4);
    near(squares / known, 1, 1e-4);
    bench_free(&b);
    scratch_free(&s);
}

/* ---- learning ---- */

typedef struct {
    double first[2], last[2], total, parts;
    int steps;
} seen;

static int32_t watch(const clile_progress *p, void *user)
{
    seen *s = user;
    if (p->stage != 2) return 0;
    const double now[2] = {p->loss_points, p->loss_values};
    for (int k = 0; k < 2; ++k) {
        if (p->epoch == 1) s->first[k] += now[k];
        if (p->epoch == p->epochs) s->last[k] += now[k];
    }
    s->total = p->loss;
    s->parts = p->loss_bce + 0.5 * p->loss_points + 0.3 * p->loss_values;
    s->steps += 1;
    return 0;
}

/* The file says by which options it was trained, and its card too; these differ here. */
static void forget_options(clile_model *model)
{
    require(clile_model_set_metadata(model, "training_options", ""));
    require(clile_model_set_metadata(model, "card", ""));
}

static void test_losses_fall(void **state)
{
    const scratch s = scratch_make();
    bench b;
    seen with = {0}, without = {0};
    (void)state;
    faces_write(&s, &(faces_request){24, 4, 1, 0.1f});
    static const char settings[] =
        "method=bce epochs=40 warmup=1 weight_decay=0 learning_rate=0.01";
    require(bench_make(s.path, "t.safetensors", settings, &b));
    require(clile_trainer_run(b.trainer, 2, watch, &with));
    for (int k = 0; k < 2; ++k) {
        assert_true(with.first[k] > 0);
        if (!(with.last[k] < 0.5 * with.first[k]))
            fail_msg("loss %d falls from %g to %g only", k, with.first[k], with.last[k]);
    }
    near(with.total, with.parts, 1e-6);
    bench_free(&b);
    /* no targets, or weights of 0: as if they were not there */
    require(bench_make(s.path, "", settings, &b));
    require(clile_trainer_run(b.trainer, 2, watch, &without));
    assert_true(without.first[0] == 0 && without.last[1] == 0);
    forget_options(b.model);
    require(clile_model_save(b.model, whole));
    bench_free(&b);
    char text[256];
    snprintf(text, sizeof text, "%s lambda_points=0 lambda_values=0", settings);
    require(bench_make(s.path, "t.safetensors", text, &b));
    require(clile_trainer_run(b.trainer, 2, NULL, NULL));
    forget_options(b.model);
    require(clile_model_save(b.model, part));
    bench_free(&b);
    assert_same_file(whole, part);
    scratch_free(&s);
}

/* ---- resume ---- */

static int32_t stop_in_the_middle(const clile_progress *p, void *user)
{
    (void)user;
    return p->stage == 2 && p->step == 4;
}

static void run_all(bench *b)
{
    for (int32_t stage; (stage = clile_trainer_next_stage(b->trainer)) != 0;)
        require(clile_trainer_run(b->trainer, stage, NULL, NULL));
}

static void test_a_resumed_run_is_a_whole_one(void **state)
{
    const scratch s = scratch_make();
    static const char *const settings[] = {"", "method=bce ema=0.9", "elimination=orthogonal"};
    bench b;
    (void)state;
    faces_write(&s, &(faces_request){12, 4, 1, 0.1f});
    for (size_t k = 0; k < sizeof settings / sizeof settings[0]; ++k) {
        require(bench_make(s.path, "t.safetensors", settings[k], &b));
        run_all(&b);
        require(clile_trainer_save(b.trainer, whole));
        bench_free(&b);
        require(bench_make(s.path, "t.safetensors", settings[k], &b));
        if (clile_trainer_needs_stage1(b.trainer))
            require(clile_trainer_run(b.trainer, 1, NULL, NULL));
        assert_int_equal(clile_trainer_run(b.trainer, 2, stop_in_the_middle, NULL),
                         CLILE_E_CANCELLED);
        require(clile_trainer_save(b.trainer, checkpoint));
        bench_free(&b);
        require(bench_make(s.path, "t.safetensors", settings[k], &b));
        require(clile_trainer_resume(b.trainer, checkpoint));
        run_all(&b);
        require(clile_trainer_save(b.trainer, part));
        bench_free(&b);
        clile_i_file x, y;
        require(clile_i_file_open(whole, &x));
        require(clile_i_file_open(part, &y));
        assert_int_equal(x.size, y.size);
        assert_memory_equal(x.data, y.data, x.size);
        clile_i_file_close(&x);
        clile_i_file_close(&y);
    }
    /* the checkpoint belongs to a data set with these targets */
    require(bench_make(s.path, "", settings[2], &b));
    assert_failed(
        clile_trainer_resume(b.trainer, checkpoint), CLILE_E_INVALID_ARGUMENT,
        "made with targets of 7 points and 3 values, but the data set here gives 0 and 0");
    bench_free(&b);
    clile_i_file file;
    require(clile_i_file_open(scratch_path(&s, "t.safetensors"), &file));
    clile_i_st *st = NULL;
    uint8_t *bytes = calloc(file.size, 1);
    assert_non_null(bytes);
    memcpy(bytes, file.data, file.size);
    require(clile_i_st_open_memory(bytes, file.size, &st));
    const size_t at = (size_t)(clile_i_st_find(st, "values")->data - bytes);
    clile_i_st_close(st);
    bytes[at] ^= 1;
    char *crc = NULL; /* the data's checksum: ignored when it is called something else */
    for (size_t i = 0; i + 11 < file.size && crc == NULL; ++i)
        if (memcmp(bytes + i, "clile_crc32", 11) == 0) crc = (char *)bytes + i;
    assert_non_null(crc);
    crc[0] = 'x';
    scratch_write(&s, "u.safetensors", bytes, file.size);
    free(bytes);
    clile_i_file_close(&file);
    require(bench_make(s.path, "u.safetensors", settings[2], &b));
    assert_failed(clile_trainer_resume(b.trainer, checkpoint), CLILE_E_INVALID_ARGUMENT,
                  "(labels and targets CRC");
    bench_free(&b);
    scratch_free(&s);
}

/* ---- what is refused ---- */

static void test_what_is_refused(void **state)
{
    const scratch s = scratch_make();
    bench b;
    (void)state;
    faces_write(&s, &(faces_request){12, 4, 0, 0});
    assert_failed(bench_make(s.path, "t.safetensors", "", &b), CLILE_E_INVALID_ARGUMENT,
                  "targets of the data set have no points_mirror; add it or set augment_flip=0");
    bench_free(&b);
    assert_failed(bench_make(s.path, "t.safetensors", "lambda_points=0", &b),
                  CLILE_E_INVALID_ARGUMENT, "have no values_mirror");
    bench_free(&b);
    require(bench_make(s.path, "t.safetensors", "augment_flip=0", &b));
    bench_free(&b);
    faces_write(&s, &(faces_request){12, 4, 1, 1});
    assert_failed(bench_make(s.path, "t.safetensors", "", &b), CLILE_E_INVALID_ARGUMENT,
                  "point 0 of the targets is known in none of the 48 training images");
    bench_free(&b);
    scratch_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_targets_move_with_the_crop),
        cmocka_unit_test(test_standardised),
        cmocka_unit_test(test_losses_fall),
        cmocka_unit_test(test_a_resumed_run_is_a_whole_one),
        cmocka_unit_test(test_what_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
