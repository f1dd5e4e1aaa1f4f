/* Faces that take the resting shape and look of another subject, and the landmarks that this needs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "data/data.h"
#include "data/scratch.h"
#include "layout/table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SIDE = 112, PEOPLE = 2, FRAMES = 6 };

static void ok(clile_status status)
{
    if (status != CLILE_OK) fail_msg("%s: %s", clile_status_name(status), clile_last_error());
}

/* A face in Multi-PIE order, in sides of the crop; `brow` lifts the brows, `mouth` the corners. */
static void face(double brow, double mouth, double (*xy)[2])
{
    const double canonical[5][2] = CLILE_I_CANONICAL;
    for (int k = 0; k < 68; ++k) {
        const double a = k * 0.37;
        xy[k][0] = 0.5 + 0.3 * cos(a);
        xy[k][1] = 0.5 + 0.3 * sin(a);
    }
    for (int k = 17; k < 27; ++k) {
        xy[k][0] = 0.25 + 0.5 * (k - 17) / 9.0;
        xy[k][1] = 0.3 - brow;
    }
    for (int k = 36; k < 48; ++k) { /* around the eyes' centres */
        const double a = (k - 36) % 6 * 1.0471975512;
        xy[k][0] = canonical[k >= 42][0] + 0.03 * cos(a);
        xy[k][1] = canonical[k >= 42][1] + 0.02 * sin(a);
    }
    xy[30][0] = canonical[2][0];
    xy[30][1] = canonical[2][1];
    for (int k = 0; k < 2; ++k) {
        xy[48 + 6 * k][0] = canonical[3 + k][0];
        xy[48 + 6 * k][1] = canonical[3 + k][1];
    }
    xy[51][1] = 0.70 - mouth;
    xy[57][1] = 0.80 - mouth;
}

/* A pattern, in which every move shows. */
static void write_picture(const scratch *s, const char *name, int seed)
{
    static uint8_t grey[SIDE][SIDE];
    for (int y = 0; y < SIDE; ++y)
        for (int x = 0; x < SIDE; ++x)
            grey[y][x] = (uint8_t)(128 + 60 * sin(0.3 * x + seed) + 60 * cos(0.25 * y));
    scratch_folders(s, name);
    assert_int_equal(clile_i_image_write_png(scratch_path(s, name), SIDE, SIDE, 1, &grey[0][0]),
                     CLILE_OK);
}

/* Brows of the second person are 0.06 higher at rest; AU1 lifts anybody's by 0.04. Only some images
 * of a person show it, of the second fewer. `points`: 68, 5 or 0 of each row. */
static void write_manifest(const scratch *s, int points)
{
    enum { SIZE = 1 << 20 };
    char *text = malloc(SIZE), name[32];
    int at = snprintf(text, SIZE, "image,subject,AU1");
    double xy[68][2], five[5][2] = CLILE_I_CANONICAL;
    for (int k = 0; k < points; ++k)
        at += snprintf(text + at, (size_t)(SIZE - at), ",x%d,y%d", k, k);
    at += snprintf(text + at, (size_t)(SIZE - at), "\n");
    for (int p = 0; p < PEOPLE; ++p)
        for (int f = 0; f < FRAMES; ++f) {
            const int shown = p == 0 ? f < 3 : f < 1;
            snprintf(name, sizeof name, "img/%d_%d.png", p, f);
            write_picture(s, name, 40 + 10 * f + p);
            at += snprintf(text + at, (size_t)(SIZE - at), "%s,P%d,%d", name, p, shown);
            face(0.06 * p + 0.04 * shown, 0.0, xy);
            for (int k = 0; k < points; ++k)
                at += snprintf(text + at, (size_t)(SIZE - at), ",%.6f,%.6f",
                               SIDE * (points == 5 ? five[k][0] : xy[k][0]),
                               SIDE * (points == 5 ? five[k][1] : xy[k][1]));
            at += snprintf(text + at, (size_t)(SIZE - at), "\n");
        }
    scratch_text(s, "manifest.csv", text);
    free(text);
}

static clile_dataset *data_of(const scratch *s, int points)
{
    clile_dataset *data = NULL;
    write_manifest(s, points);
    ok(scratch_open(s->path, "layout=csv", &data));
    return data;
}

/* The field takes one person's brows to the other's, by a share of 0.3 to 1.2, whatever AU1 did. */
static void a_face_takes_the_other_rest(void **state)
{
    (void)state;
    const scratch s = scratch_make();
    clile_dataset *data = data_of(&s, 68);
    clile_i_shapes *shapes = NULL;
    clile_i_exchange drawn, again;
    clile_i_augment augment = {.exchange_shapes = 0.75};
    int count = 0;
    ok(clile_i_shapes_create(data, &shapes));
    assert_int_equal(clile_i_shapes_people(shapes), PEOPLE);
    augment.shapes = shapes;
    for (int slot = 0; slot < 200; ++slot) {
        const int subject = slot % 2;
        float xy[3][2] = {{0.5f, 0.3f}, {0.35f, 0.4f}, {0.5f, 0.75f}};
        if (!clile_i_shapes_draw(&augment, subject, 3, 7, slot, &drawn)) continue;
        ++count;
        assert_int_equal(clile_i_shapes_draw(&augment, subject, 3, 7, slot, &again), 1);
        assert_memory_equal(&drawn, &again, sizeof drawn);
        assert_true(drawn.look == 0.0f);
        clile_i_field_move(&drawn.field, 3, &xy[0][0]);
        const double up = subject == 0 ? 0.3 - (double)xy[0][1] : (double)xy[0][1] - 0.3;
        assert_true(up > 0.3 * 0.06 * 0.5 && up < 1.2 * 0.06 * 1.5);
        assert_true(fabs((double)xy[2][1] - 0.75) < 0.01); /* mouths are alike */
    }
    /* 3/4, and in half of these the other person is drawn */
    assert_in_range(count, 50, 100);
    augment.exchange_shapes = 0.0;
    assert_int_equal(clile_i_shapes_draw(&augment, 0, 3, 7, 0, &drawn), 0);
    augment = (clile_i_augment){.exchange_shapes = 1.0};
    assert_int_equal(clile_i_shapes_draw(&augment, 0, 3, 7, 0, &drawn), 0);
    clile_i_shapes_destroy(shapes);
    clile_dataset_destroy(data);
    scratch_free(&s);
}

/* The mean of one channel of an image of a batch, in values of 0 to 255. */
static double mean_of(const float *channel, int channel_index)
{
    double sum = 0.0;
    for (int i = 0; i < SIDE * SIDE; ++i) sum += (double)channel[i];
    return 255.0 * (sum / (SIDE * SIDE) * (double)clile_i_input_deviation[channel_index] +
                    (double)clile_i_input_mean[channel_index]);
}

/* Grey faces of 90 and 150 at rest, darker by 40 when AU1 shows: a share of the 60 between them is
 * added or taken away, and the darkness of AU1 stays. Any number of threads gives the same. */
static void a_face_takes_the_other_look(void **state)
{
    (void)state;
    enum { N = PEOPLE * FRAMES };
    static float plain[N][3][SIDE * SIDE], to[2][N][3][SIDE * SIDE];
    const scratch s = scratch_make();
    clile_dataset *data = NULL;
    clile_i_shapes *shapes = NULL;
    clile_i_exchange drawn;
    clile_i_augment augment = {.exchange_shapes = 1.0, .exchange_looks = 0.5};
    int64_t index[N];
    int looks = 0, kept = 0;
    write_manifest(&s, 68);
    for (int i = 0; i < N; ++i) {
        static uint8_t grey[SIDE][SIDE];
        char name[32];
        const int p = i / FRAMES, f = i % FRAMES;
        index[i] = i;
        memset(grey, 90 + 60 * p - (f < (p == 0 ? 3 : 1) ? 40 : 0), sizeof grey);
        snprintf(name, sizeof name, "img/%d_%d.png", p, f);
        ok(clile_i_image_write_png(scratch_path(&s, name), SIDE, SIDE, 1, &grey[0][0]));
    }
    ok(scratch_open(s.path, "layout=csv", &data));
    ok(clile_i_batch_load(data, N, index, SIDE, NULL, 0, 0, plain[0][0]));
    ok(clile_i_shapes_create(data, &shapes));
    ok(clile_i_shapes_add_looks(shapes, data, SIDE));
    augment.shapes = shapes;
    for (int step = 0; step < 8; ++step) {
        for (int team = 0; team < 2; ++team) {
            const int32_t before = clile_i_threads_set(1 + team);
            ok(clile_i_batch_load(data, N, index, SIDE, &augment, 5, step, to[team][0][0]));
            clile_i_threads_set(before);
        }
        assert_memory_equal(to[0], to[1], sizeof to[0]);
        for (int i = 0; i < N; ++i) {
            const int subject = i / FRAMES;
            double wanted = 0.0;
            if (clile_i_shapes_draw(&augment, subject, 5, step, i, &drawn) && drawn.look > 0.0f) {
                assert_true(drawn.look >= 0.3f && drawn.look <= 1.2f);
                wanted = (subject == 0 ? 60.0 : -60.0) * (double)drawn.look;
                ++looks;
            } else {
                ++kept;
            }
            for (int k = 0; k < 3; ++k) {
                const double before = mean_of(plain[i][k], k), after = mean_of(to[0][i][k], k);
                assert_true(fabs(after - before - wanted) < 0.5);
            }
        }
    }
    assert_in_range(looks, N, 3 * N); /* of 8 N, a half with the other person, a half of these */
    assert_int_equal(looks + kept, 8 * N);
    clile_i_shapes_destroy(shapes);
    clile_dataset_destroy(data);
    scratch_free(&s);
}

/* What lies on one mean face and not on the other appears where the picture shows that place. */
static void looks_move_with_the_face(void **state)
{
    (void)state;
    enum { LOOK = 64 };
    static float face[2][LOOK][LOOK][4], to[3][SIDE][SIDE];
    static uint8_t from[SIDE][SIDE][3];
    static clile_i_field field;
    static clile_i_look look = {.from = &face[0][0][0][0], .to = &face[1][0][0][0], .side = LOOK};
    clile_i_jitter jitter = CLILE_I_JITTER_NONE;
    look.share = 0.5f;
    face[1][20][40][1] = 200.0f;
    for (int node = 0; node < CLILE_I_FIELD_SIDE * CLILE_I_FIELD_SIDE; ++node) {
        look.place.move[node][0] = 0.04f;
        look.place.move[node][1] = -0.06f;
    }
    jitter.field = &field;
    jitter.look = &look;
    clile_i_crop_to_input(&from[0][0][0], 0, SIDE, &jitter, 0, &to[0][0][0]);
    double sum = 0, mx = 0, my = 0;
    for (int y = 0; y < SIDE; ++y)
        for (int x = 0; x < SIDE; ++x) {
            const double value = (double)to[1][y][x] - (double)to[1][0][0];
            sum += value;
            mx += value * (x + 0.5);
            my += value * (y + 0.5);
            assert_true(to[0][y][x] == to[0][0][0]); /* red stays */
        }
    const double area = (double)SIDE * SIDE / (LOOK * LOOK);
    assert_true(fabs(sum * 255.0 * (double)clile_i_input_deviation[1] - 100.0 * area) < 5.0);
    assert_true(fabs(mx / sum - SIDE * (40.5 / LOOK + 0.04)) < 0.3);
    assert_true(fabs(my / sum - SIDE * (20.5 / LOOK - 0.06)) < 0.3);
}

/* A dot of the picture goes where clile_i_field_move says; without a move nothing changes. */
static void pixels_move_as_points_do(void **state)
{
    (void)state;
    enum { MARGIN = 7, WIDE = SIDE + 2 * MARGIN };
    static uint8_t from[WIDE][WIDE][3];
    static float to[3][SIDE][SIDE], plain[3][SIDE][SIDE];
    static clile_i_field field;
    clile_i_jitter jitter = CLILE_I_JITTER_NONE;
    for (int y = 60; y < 63; ++y)
        for (int x = 40; x < 43; ++x) from[y][x][1] = 255;
    clile_i_crop_to_input(&from[0][0][0], MARGIN, SIDE, &jitter, 0, &plain[0][0][0]);
    jitter.field = &field;
    clile_i_crop_to_input(&from[0][0][0], MARGIN, SIDE, &jitter, 0, &to[0][0][0]);
    assert_memory_equal(plain, to, sizeof to);
    for (int node = 0; node < CLILE_I_FIELD_SIDE * CLILE_I_FIELD_SIDE; ++node) {
        field.move[node][0] = 0.03f;
        field.move[node][1] = -0.05f * (float)(node / CLILE_I_FIELD_SIDE) / 23.0f;
    }
    clile_i_crop_to_input(&from[0][0][0], MARGIN, SIDE, &jitter, 0, &to[0][0][0]);
    double sum = 0, mx = 0, my = 0;
    for (int y = 0; y < SIDE; ++y)
        for (int x = 0; x < SIDE; ++x) {
            const double value = (double)to[1][y][x] - (double)plain[1][0][0];
            sum += value;
            mx += value * (x + 0.5);
            my += value * (y + 0.5);
        }
    float xy[2] = {(41.5f - MARGIN) / SIDE, (61.5f - MARGIN) / SIDE};
    clile_i_field_move(&field, 1, xy);
    assert_true(fabs(mx / sum - SIDE * (double)xy[0]) < 0.3);
    assert_true(fabs(my / sum - SIDE * (double)xy[1]) < 0.3);
}

/* A pack keeps the landmarks, and gives the same batch; five points or none are no shape. */
static void packs_keep_landmarks(void **state)
{
    (void)state;
    enum { SIZE = 48, N = PEOPLE * FRAMES };
    static float batch[3][N * 3 * SIZE * SIZE];
    const scratch s = scratch_make();
    clile_dataset *data = data_of(&s, 68), *packed = NULL;
    clile_options *options = NULL;
    clile_i_shapes *shapes[2] = {NULL, NULL}, *none = NULL;
    clile_i_augment augment = {.exchange_shapes = 0.75, .exchange_looks = 0.5};
    int64_t index[N];
    float a[CLILE_I_LANDMARKS], b[CLILE_I_LANDMARKS];
    char pack[1024];
    for (int i = 0; i < N; ++i) index[i] = i;
    ok(clile_options_create(&options));
    ok(clile_options_set_i64(options, CLILE_OPT_IMAGE_SIZE, SIZE));
    snprintf(pack, sizeof pack, "%s", scratch_path(&s, "p.safetensors"));
    ok(clile_dataset_pack(data, pack, options, NULL, NULL));
    ok(clile_dataset_open(pack, NULL, &packed));
    for (int i = 0; i < N; ++i) {
        ok(clile_i_dataset_copy_landmarks(data, i, a));
        ok(clile_i_dataset_copy_landmarks(packed, i, b));
        assert_memory_equal(a, b, sizeof a);
        assert_true(fabs((double)a[2 * 36] - 0.38) < 1e-3);
    }
    ok(clile_i_shapes_create(data, &shapes[0]));
    ok(clile_i_shapes_add_looks(shapes[0], data, SIZE));
    ok(clile_i_shapes_create(packed, &shapes[1]));
    ok(clile_i_shapes_add_looks(shapes[1], packed, SIZE));
    augment.shapes = shapes[0];
    ok(clile_i_batch_load(data, N, index, SIZE, &augment, 5, 9, batch[0]));
    augment.shapes = shapes[1];
    ok(clile_i_batch_load(packed, N, index, SIZE, &augment, 5, 9, batch[1]));
    assert_memory_equal(batch[0], batch[1], sizeof batch[0]);
    augment.exchange_shapes = 0.0;
    ok(clile_i_batch_load(packed, N, index, SIZE, &augment, 5, 9, batch[2]));
    assert_memory_not_equal(batch[1], batch[2], sizeof batch[1]);
    clile_dataset_destroy(data);
    for (int points = 0; points <= 5; points += 5) {
        data = data_of(&s, points);
        ok(clile_i_dataset_copy_landmarks(data, 0, a));
        assert_true(clile_i_is_nan((double)a[0]));
        ok(clile_i_shapes_create(data, &none));
        ok(clile_i_shapes_add_looks(none, data, SIZE));
        assert_int_equal(clile_i_shapes_people(none), 0);
        augment = (clile_i_augment){.exchange_shapes = 0.75, .shapes = none};
        ok(clile_i_batch_load(data, N, index, SIZE, &augment, 5, 9, batch[0]));
        clile_i_shapes_destroy(none);
        clile_dataset_destroy(data);
    }
    for (int k = 0; k < 2; ++k) clile_i_shapes_destroy(shapes[k]);
    clile_options_destroy(options);
    clile_dataset_destroy(packed);
    scratch_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_face_takes_the_other_rest),
        cmocka_unit_test(a_face_takes_the_other_look),
        cmocka_unit_test(looks_move_with_the_face),
        cmocka_unit_test(pixels_move_as_points_do),
        cmocka_unit_test(packs_keep_landmarks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
