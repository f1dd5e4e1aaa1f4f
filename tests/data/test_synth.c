/* Drawn faces: the contract of pictures, labels, landmarks and the data set made from them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "data/data.h"
#include "scratch.h"
#include "synth/synth.h"

#include <math.h>

enum { SIZE = 96, PIXELS = SIZE * SIZE, BYTES = 3 * PIXELS, PEOPLE = 6 };

static void render(uint64_t seed, int64_t subject, int64_t frame, const float *intensity,
                   uint8_t *rgb, float *xy)
{
    if (clile_synth_render(seed, subject, frame, intensity, SIZE, rgb, xy) != CLILE_OK)
        fail_msg("%s", clile_last_error());
}

static void one_au(int au, float intensity, float *all)
{
    for (int k = 0; k < AUS; ++k) all[k] = k == au ? intensity : 0.0f;
}

/* ---- pictures ---- */

static void the_seed_is_the_picture(void **state)
{
    static uint8_t a[BYTES], b[BYTES];
    float xy[2 * LANDMARKS], again[2 * LANDMARKS];
    (void)state;
    render(5, 3, 7, NULL, a, xy);
    render(5, 3, 7, NULL, b, again);
    assert_memory_equal(a, b, BYTES);
    assert_memory_equal(xy, again, sizeof xy);
    render(5, 3, 7, NULL, b, NULL);
    assert_memory_equal(a, b, BYTES);
    const int64_t others[][3] = {{6, 3, 7}, {5, 4, 7}, {5, 3, 8}};
    for (int i = 0; i < 3; ++i) {
        render((uint64_t)others[i][0], others[i][1], others[i][2], NULL, b, NULL);
        assert_memory_not_equal(a, b, BYTES);
    }
    /* the intensities are those of clile_synth_labels */
    float drawn[AUS];
    assert_int_equal(clile_synth_labels(5, 3, 7, NULL, drawn), CLILE_OK);
    render(5, 3, 7, drawn, b, NULL);
    assert_memory_equal(a, b, BYTES);
}

static void a_picture_has_light_and_shade(void **state)
{
    static uint8_t rgb[BYTES];
    (void)state;
    for (int subject = 0; subject < PEOPLE; ++subject) {
        double sum = 0, squares = 0;
        render(1, subject, 0, NULL, rgb, NULL);
        for (int i = 0; i < BYTES; ++i) {
            sum += rgb[i];
            squares += (double)rgb[i] * rgb[i];
        }
        const double mean = sum / BYTES, deviation = sqrt(squares / BYTES - mean * mean);
        assert_true(mean > 25 && mean < 230);
        assert_true(deviation > 15);
    }
}

/* Where an AU shows: |x| below `side`, y between `top` and `bottom`, in face units as the eyes
 * give them. */
static const struct {
    float side, top, bottom;
} region[AUS] = {
    [AU1] = {0.70f, -1.10f, -0.05f}, [AU2] = {0.85f, -1.10f, -0.05f},
    [AU4] = {0.70f, -0.85f, 0.05f},  [AU6] = {0.90f, -0.45f, 0.60f},
    [AU7] = {0.70f, -0.50f, 0.10f},  [AU9] = {0.70f, -0.80f, 0.65f},
    [AU10] = {0.70f, -0.15f, 0.90f}, [AU12] = {0.90f, -0.10f, 1.05f},
    [AU14] = {0.80f, 0.20f, 1.00f},  [AU15] = {0.80f, 0.15f, 1.20f},
    [AU17] = {0.60f, 0.30f, 1.20f},  [AU20] = {0.90f, 0.15f, 1.15f},
    [AU23] = {0.70f, 0.15f, 1.10f},  [AU24] = {0.60f, 0.25f, 1.00f},
    [AU25] = {0.60f, 0.35f, 1.15f},  [AU26] = {0.90f, 0.30f, 1.60f},
};

/* From pixels to face units by the eyes' landmarks: their middle is (0, -0.20), they are 0.72
 * apart. */
static void to_face(const float *xy, float px, float py, float *x, float *y)
{
    float eye[2][2] = {{0}};
    for (int s = 0; s < 2; ++s)
        for (int i = 0; i < 6; ++i)
            for (int k = 0; k < 2; ++k) eye[s][k] += xy[2 * (36 + 6 * s + i) + k] / 6.0f;
    const float dx = eye[1][0] - eye[0][0], dy = eye[1][1] - eye[0][1],
                scale = 0.72f / (dx * dx + dy * dy);
    const float ux = px - 0.5f * (eye[0][0] + eye[1][0]), uy = py - 0.5f * (eye[0][1] + eye[1][1]);
    *x = scale * (ux * dx + uy * dy);
    *y = scale * (uy * dx - ux * dy) - 0.20f;
}

static void every_au_shows_in_its_place_and_nowhere_else(void **state)
{
    static uint8_t rest[BYTES], moved[BYTES];
    (void)state;
    for (int subject = 0; subject < PEOPLE; ++subject) {
        float xy[2 * LANDMARKS], intensity[AUS];
        one_au(-1, 0.0f, intensity);
        render(1, subject, 0, intensity, rest, xy);
        for (int au = 0; au < AUS; ++au) {
            double inside = 0, outside = 0;
            one_au(au, 1.0f, intensity);
            render(1, subject, 0, intensity, moved, NULL);
            for (int i = 0; i < PIXELS; ++i) {
                float x, y;
                to_face(xy, (float)(i % SIZE) + 0.5f, (float)(i / SIZE) + 0.5f, &x, &y);
                const int in =
                    fabsf(x) < region[au].side && y > region[au].top && y < region[au].bottom;
                for (int k = 0; k < 3; ++k)
                    *(in ? &inside : &outside) += abs(rest[3 * i + k] - moved[3 * i + k]);
            }
            /* at least what 100 pixels that change by 20 in each channel add up to, with 97 % of
             * all change in the AU's region */
            if (inside < 6000 || outside > 0.03 * inside)
                fail_msg("AU %d of subject %d: %.0f inside its region, %.0f outside",
                         clile_i_synth_au_ids[au], subject, inside, outside);
        }
    }
}

static void more_intensity_shows_more(void **state)
{
    static uint8_t rest[BYTES], weak[BYTES], full[BYTES];
    (void)state;
    for (int au = 0; au < AUS; ++au) {
        float intensity[AUS];
        int64_t little = 0, much = 0;
        one_au(-1, 0.0f, intensity);
        render(1, 2, 0, intensity, rest, NULL);
        one_au(au, 0.3f, intensity);
        render(1, 2, 0, intensity, weak, NULL);
        one_au(au, 1.0f, intensity);
        render(1, 2, 0, intensity, full, NULL);
        for (int i = 0; i < BYTES; ++i) {
            little += abs(rest[i] - weak[i]);
            much += abs(rest[i] - full[i]);
        }
        assert_true(little > 0);
        assert_true(much > 3 * little / 2);
    }
}

static void faces_at_rest_differ_as_weak_aus_do(void **state)
{
    int with = 0;
    (void)state;
    for (int subject = 0; subject < 200; ++subject) {
        clile_i_person who;
        clile_i_synth_person(1, subject, &who);
        for (int k = 0; k < AUS; ++k) {
            with += who.rest[0][k] > 0.0f;
            assert_true(who.rest[0][k] <= 0.6f && who.rest[0][k] >= 0.0f);
            assert_true(who.gain[0][k] > 0.2f && who.gain[1][k] > 0.2f);
        }
    }
    assert_in_range(with, 200 * AUS * 25 / 100, 200 * AUS * 35 / 100); /* of 30 % */
}

/* ---- labels ---- */

static void labels_follow_the_intensities(void **state)
{
    int traces = 0;
    (void)state;
    for (int64_t frame = 0; frame < 500; ++frame) {
        int8_t labels[AUS], alone[AUS];
        float intensity[AUS];
        assert_int_equal(clile_synth_labels(1, frame % 7, frame, labels, intensity), CLILE_OK);
        assert_int_equal(clile_synth_labels(1, frame % 7, frame, alone, NULL), CLILE_OK);
        assert_memory_equal(labels, alone, sizeof labels);
        for (int k = 0; k < AUS; ++k) {
            assert_true(intensity[k] >= 0.0f && intensity[k] <= 1.0f);
            assert_int_equal(labels[k], intensity[k] >= 0.3f);
            assert_true(labels[k] || intensity[k] <= 0.2f);
            traces += !labels[k] && intensity[k] >= 0.06f;
        }
        assert_false(labels[AU24] && labels[AU25]);
        assert_true(labels[AU25] || !labels[AU26]);
    }
    assert_true(traces > 500);
}

enum { MANY = 500, EACH = 40 };

/* Counts of each pair of AUs, [AUS,AUS], over MANY people. */
static void count_pairs(int64_t (*pairs)[AUS])
{
    for (int64_t s = 0; s < MANY; ++s)
        for (int64_t f = 0; f < EACH; ++f) {
            int8_t labels[AUS];
            assert_int_equal(clile_synth_labels(3, s, f, labels, NULL), CLILE_OK);
            for (int a = 0; a < AUS; ++a)
                for (int b = 0; b < AUS; ++b) pairs[a][b] += labels[a] && labels[b];
        }
}

static double phi(int64_t (*pairs)[AUS], int a, int b)
{
    const double n = MANY * EACH, p = (double)pairs[a][a] / n, q = (double)pairs[b][b] / n;
    return ((double)pairs[a][b] / n - p * q) / sqrt(p * (1 - p) * q * (1 - q));
}

static void rates_and_correlations_are_those_of_the_page(void **state)
{
    /* docs/synth.md */
    static const double rate[AUS] = {0.211, 0.171, 0.202, 0.462, 0.548, 0.040, 0.594, 0.562,
                                     0.466, 0.168, 0.345, 0.020, 0.165, 0.151, 0.280, 0.090};
    static int64_t pairs[AUS][AUS];
    (void)state;
    count_pairs(pairs);
    for (int k = 0; k < AUS; ++k) {
        const double found = (double)pairs[k][k] / (MANY * EACH);
        if (fabs(found - rate[k]) > 0.025)
            fail_msg("AU %d: rate %.3f, expected %.3f", clile_i_synth_au_ids[k], found, rate[k]);
    }
    assert_true(phi(pairs, AU1, AU2) > 0.25);
    assert_true(phi(pairs, AU6, AU12) > 0.35);
    assert_true(phi(pairs, AU10, AU12) > 0.25);
    assert_true(phi(pairs, AU25, AU26) > 0.40);
    assert_true(phi(pairs, AU15, AU17) > 0.10);
    assert_true(phi(pairs, AU12, AU24) < 0.0);
    assert_true(fabs(phi(pairs, AU2, AU6)) < 0.05);
}

/* The variance of the subjects' rates is far above that of chance, p (1 - p) / frames. */
static void subjects_have_rates_of_their_own(void **state)
{
    enum { PEOPLE_HERE = 80, FRAMES = 60 };
    (void)state;
    for (int au = AU6; au <= AU7; ++au) {
        double sum = 0, squares = 0;
        for (int s = 0; s < PEOPLE_HERE; ++s) {
            int count = 0;
            for (int f = 0; f < FRAMES; ++f) {
                int8_t labels[AUS];
                assert_int_equal(clile_synth_labels(1, s, f, labels, NULL), CLILE_OK);
                count += labels[au];
            }
            sum += (double)count / FRAMES;
            squares += (double)count / FRAMES * count / FRAMES;
        }
        const double p = sum / PEOPLE_HERE, variance = squares / PEOPLE_HERE - p * p;
        assert_true(variance > 3.0 * p * (1 - p) / FRAMES);
    }
}

/* ---- landmarks ---- */

/* Mean movement over some people of landmark `index` from rest to full intensity of an AU, in
 * face units of the face at rest. */
static void movement(int au, int index, float *dx, float *dy)
{
    static uint8_t rgb[BYTES];
    *dx = *dy = 0.0f;
    for (int subject = 0; subject < PEOPLE; ++subject) {
        float rest[2 * LANDMARKS], moved[2 * LANDMARKS], intensity[AUS], x0, y0, x1, y1;
        one_au(-1, 0.0f, intensity);
        render(1, subject, 0, intensity, rgb, rest);
        one_au(au, 1.0f, intensity);
        render(1, subject, 0, intensity, rgb, moved);
        to_face(rest, rest[2 * index], rest[2 * index + 1], &x0, &y0);
        to_face(rest, moved[2 * index], moved[2 * index + 1], &x1, &y1);
        *dx += (x1 - x0) / PEOPLE;
        *dy += (y1 - y0) / PEOPLE;
    }
}

static void landmarks_move_as_the_au_says(void **state)
{
    /* landmark, and the least movement to each side (0: may be anything): left of the image and
     * up are negative */
    static const struct {
        int au, index;
        float dx, dy;
    } moves[] = {
        {AU1, 21, 0.0f, -0.05f},    {AU1, 22, 0.0f, -0.05f},   {AU2, 18, 0.0f, -0.05f},
        {AU2, 25, 0.0f, -0.05f},    {AU4, 21, 0.02f, 0.04f},   {AU4, 22, -0.02f, 0.04f},
        {AU6, 41, 0.0f, -0.01f},    {AU6, 46, 0.0f, -0.01f},   {AU7, 37, 0.0f, 0.015f},
        {AU7, 41, 0.0f, -0.02f},    {AU9, 33, 0.0f, -0.005f},  {AU10, 50, 0.0f, -0.03f},
        {AU12, 48, -0.04f, -0.06f}, {AU12, 54, 0.04f, -0.06f}, {AU14, 48, -0.01f, 0.0f},
        {AU14, 54, 0.01f, 0.0f},    {AU15, 48, 0.0f, 0.05f},   {AU15, 54, 0.0f, 0.05f},
        {AU17, 57, 0.0f, -0.02f},   {AU17, 66, 0.0f, -0.03f},  {AU20, 48, -0.05f, 0.0f},
        {AU20, 54, 0.05f, 0.0f},    {AU23, 48, 0.03f, 0.0f},   {AU23, 54, -0.03f, 0.0f},
        {AU24, 51, 0.0f, 0.02f},    {AU24, 57, 0.0f, -0.02f},  {AU25, 66, 0.0f, 0.03f},
        {AU25, 57, 0.0f, 0.03f},    {AU26, 8, 0.0f, 0.10f},    {AU26, 66, 0.0f, 0.05f},
    };
    (void)state;
    for (size_t i = 0; i < sizeof moves / sizeof moves[0]; ++i) {
        float dx, dy;
        movement(moves[i].au, moves[i].index, &dx, &dy);
        const float x = moves[i].dx, y = moves[i].dy;
        if ((x > 0 && dx < x) || (x < 0 && dx > x) || (y > 0 && dy < y) || (y < 0 && dy > y))
            fail_msg("AU %d moves landmark %d by (%.3f, %.3f), expected at least (%.3f, %.3f)",
                     clile_i_synth_au_ids[moves[i].au], moves[i].index, (double)dx, (double)dy,
                     (double)x, (double)y);
    }
    /* AU 1 lifts the inner ends more than the outer ones, AU 2 the other way round */
    float dx, inner, outer;
    movement(AU1, 21, &dx, &inner);
    movement(AU1, 18, &dx, &outer);
    assert_true(inner < outer - 0.03f);
    movement(AU2, 21, &dx, &inner);
    movement(AU2, 18, &dx, &outer);
    assert_true(outer < inner - 0.03f);
}

static void landmarks_lie_in_the_picture_in_order(void **state)
{
    static uint8_t rgb[BYTES];
    (void)state;
    for (int64_t i = 0; i < 60; ++i) {
        float xy[2 * LANDMARKS];
        render(2, i, i, NULL, rgb, xy);
        for (int k = 0; k < LANDMARKS; ++k) {
            assert_true(xy[2 * k] > 0.0f && xy[2 * k] < SIZE);
            /* a dropped chin may leave below */
            assert_true(xy[2 * k + 1] > 0.0f && xy[2 * k + 1] < 1.03f * SIZE);
        }
        /* left of the image before right, brows over eyes over mouth over chin */
        assert_true(xy[2 * 0] < xy[2 * 36] && xy[2 * 36] < xy[2 * 39] && xy[2 * 39] < xy[2 * 42] &&
                    xy[2 * 45] < xy[2 * 16]);
        assert_true(xy[2 * 48] < xy[2 * 51] && xy[2 * 51] < xy[2 * 54]);
        assert_true(xy[2 * 19 + 1] < xy[2 * 37 + 1] && xy[2 * 37 + 1] < xy[2 * 30 + 1] &&
                    xy[2 * 30 + 1] < xy[2 * 51 + 1]);
        assert_true(xy[2 * 51 + 1] < xy[2 * 57 + 1] && xy[2 * 57 + 1] < xy[2 * 8 + 1]);
    }
}

/* ---- arguments ---- */

static void wrong_arguments_are_named(void **state)
{
    static uint8_t rgb[BYTES];
    float intensity[AUS] = {0};
    char name[32];
    clile_dataset *dataset = NULL;
    (void)state;
    assert_failed(clile_synth_copy_au_ids(NULL), CLILE_E_INVALID_ARGUMENT,
                  "clile_synth_copy_au_ids: au_ids is NULL");
    assert_failed(clile_synth_labels(1, -1, 0, NULL, NULL), CLILE_E_INVALID_ARGUMENT,
                  "subject -1, frame 0");
    assert_failed(clile_synth_render(1, 0, -2, NULL, SIZE, rgb, NULL), CLILE_E_INVALID_ARGUMENT,
                  "subject 0, frame -2");
    assert_failed(clile_synth_render(1, 0, 0, NULL, 31, rgb, NULL), CLILE_E_INVALID_ARGUMENT,
                  "size is 31, expected 32 to 1024");
    assert_failed(clile_synth_render(1, 0, 0, NULL, 1025, rgb, NULL), CLILE_E_INVALID_ARGUMENT,
                  "size is 1025");
    assert_failed(clile_synth_render(1, 0, 0, NULL, SIZE, NULL, NULL), CLILE_E_INVALID_ARGUMENT,
                  "rgb is NULL");
    intensity[AU9] = 1.5f;
    assert_failed(clile_synth_render(1, 0, 0, intensity, SIZE, rgb, NULL), CLILE_E_INVALID_ARGUMENT,
                  "the intensity of AU 9 is 1.5, expected 0 to 1");
    intensity[AU9] = NAN;
    assert_failed(clile_synth_render(1, 0, 0, intensity, SIZE, rgb, NULL), CLILE_E_INVALID_ARGUMENT,
                  "the intensity of AU 9");
    assert_failed(clile_synth_subject_name("list", 0, name, sizeof name), CLILE_E_INVALID_ARGUMENT,
                  "layout \"list\"");
    assert_failed(clile_synth_subject_name("bp4d", -1, name, sizeof name), CLILE_E_INVALID_ARGUMENT,
                  "subject -1");
    assert_failed(clile_synth_subject_name("bp4d", 0, name, 4), CLILE_E_INVALID_ARGUMENT,
                  "in 4 bytes");
    assert_failed(clile_dataset_from_synth(1, 0, 1, 1, SIZE, &dataset), CLILE_E_INVALID_ARGUMENT,
                  "0 subjects");
    assert_failed(clile_dataset_from_synth(1, 3000, 3000, 3000, SIZE, &dataset),
                  CLILE_E_INVALID_ARGUMENT, "at most 10000000 images");
    assert_failed(clile_dataset_from_synth(1, INT32_MAX, INT32_MAX, INT32_MAX, SIZE, &dataset),
                  CLILE_E_INVALID_ARGUMENT, "at most");
    assert_failed(clile_dataset_from_synth(1, 1, 1, 1, 8, &dataset), CLILE_E_INVALID_ARGUMENT,
                  "size is 8");
    assert_failed(clile_dataset_from_synth(1, 1, 1, 1, SIZE, NULL), CLILE_E_INVALID_ARGUMENT,
                  "out is NULL");
    assert_null(dataset);
    assert_int_equal(clile_synth_render(UINT64_MAX, INT64_MAX, INT64_MAX, NULL, SIZE, rgb, NULL),
                     CLILE_OK);
}

static void names_are_the_protocols_and_go_on(void **state)
{
    static const struct {
        const char *layout;
        int64_t subject;
        const char *name;
    } names[] = {{"bp4d", 0, "F001"},    {"bp4d", 40, "M005"},  {"bp4d", 41, "F024"},
                 {"bp4d", 42, "M019"},   {"bp4d", 43, "F025"},  {"disfa", 0, "SN002"},
                 {"disfa", 26, "SN004"}, {"disfa", 27, "SN033"}};
    char name[24];
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; ++i) {
        assert_int_equal(
            clile_synth_subject_name(names[i].layout, names[i].subject, name, sizeof name),
            CLILE_OK);
        assert_string_equal(name, names[i].name);
    }
    assert_int_equal(clile_synth_subject_name("bp4d", INT64_MAX, name, sizeof name), CLILE_OK);
}

/* ---- the data set ---- */

static void a_data_set_of_drawn_faces(void **state)
{
    enum { SUBJECTS = 7, TASKS = 2, FRAMES = 3, CROP = 64 };
    static uint8_t crop[3 * CROP * CROP], again[3 * CROP * CROP];
    clile_dataset *all = NULL, *train = NULL, *test = NULL;
    int32_t ids[AUS];
    (void)state;
    assert_int_equal(clile_dataset_from_synth(9, SUBJECTS, TASKS, FRAMES, SIZE, &all), CLILE_OK);
    assert_int_equal(clile_dataset_size(all), SUBJECTS * TASKS * FRAMES);
    assert_int_equal(clile_dataset_subject_count(all), SUBJECTS);
    assert_counts(all, SUBJECTS * TASKS * FRAMES, 0, 0, 0);
    assert_int_equal(clile_dataset_copy_au_ids(all, ids), CLILE_OK);
    assert_memory_equal(ids, clile_i_synth_au_ids, sizeof ids);
    /* subject 1 is M011: its task 2, frame 3 is its frame 5 */
    assert_string_equal(clile_dataset_get_image_name(all, 11), "M011/T2/0003.png");
    int8_t expected[AUS];
    assert_int_equal(clile_synth_labels(9, 1, 5, expected, NULL), CLILE_OK);
    assert_labels(all, 11, AUS, expected);
    int32_t subject = -1;
    assert_int_equal(clile_dataset_copy_subjects(all, 11, 1, &subject), CLILE_OK);
    assert_string_equal(clile_dataset_get_subject_name(all, subject), "M011");
    /* the folds of BP4D; a part draws the same crops */
    assert_int_equal(clile_dataset_fold(all, "bp4d", 2, &train, &test), CLILE_OK);
    assert_int_equal(clile_dataset_size(test), 2 * TASKS * FRAMES); /* M011, F003 */
    int64_t at = 0;
    while (strcmp(clile_dataset_get_image_name(test, at), "M011/T2/0003.png") != 0) ++at;
    assert_int_equal(clile_dataset_copy_crop(all, 11, CROP, crop), CLILE_OK);
    assert_int_equal(clile_dataset_copy_crop(test, at, CROP, again), CLILE_OK);
    assert_memory_equal(crop, again, sizeof crop);
    clile_dataset_destroy(train);
    clile_dataset_destroy(test);
    clile_dataset_destroy(all);
}

/* The crop is the picture's, aligned by its landmarks: the same as from files. */
static void crops_are_aligned_pictures(void **state)
{
    enum { CROP = 64 };
    static uint8_t picture[BYTES], crop[3 * CROP * CROP], expected[3 * CROP * CROP];
    float xy[2 * LANDMARKS];
    double points[2 * LANDMARKS];
    clile_i_affine map;
    clile_dataset *all = NULL;
    (void)state;
    render(9, 0, 1, NULL, picture, xy);
    for (int i = 0; i < 2 * LANDMARKS; ++i) points[i] = (double)xy[i];
    const clile_i_image image = {.h = SIZE, .w = SIZE, .row_stride = 3 * SIZE, .rgb = picture};
    assert_int_equal(clile_i_align_landmarks(LANDMARKS, points, SIZE, SIZE, CROP, &map), CLILE_OK);
    const double margin = (clile_i_crop_stored(CROP) - CROP) / 2;
    const int32_t stored = clile_i_crop_stored(CROP);
    uint8_t *whole = malloc((size_t)(3 * stored * stored));
    map.c -= (map.a + map.b) * margin;
    map.f -= (map.d + map.e) * margin;
    assert_int_equal(clile_i_image_warp(&image, &map, stored, stored, whole), CLILE_OK);
    for (int y = 0; y < CROP; ++y)
        memcpy(expected + 3 * CROP * y, whole + 3 * ((y + (int)margin) * stored + (int)margin),
               3 * CROP);
    free(whole);
    assert_int_equal(clile_dataset_from_synth(9, 1, 1, 2, SIZE, &all), CLILE_OK);
    assert_int_equal(clile_dataset_copy_crop(all, 1, CROP, crop), CLILE_OK);
    assert_memory_equal(crop, expected, sizeof crop);
    clile_dataset_destroy(all);
}

static void running_out_of_memory_is_a_status(void **state)
{
    static uint8_t rgb[BYTES];
    (void)state;
    for (int64_t k = 1;; ++k) {
        clile_dataset *all = NULL;
        clile_i_alloc_fail_at(k);
        clile_status status = clile_dataset_from_synth(9, 2, 1, 2, SIZE, &all);
        if (status == CLILE_OK) status = clile_synth_render(9, 0, 0, NULL, SIZE, rgb, NULL);
        clile_i_alloc_fail_at(0);
        clile_dataset_destroy(all);
        if (status == CLILE_OK) {
            assert_true(k > 10);
            break;
        }
        assert_int_equal(status, CLILE_E_OUT_OF_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_seed_is_the_picture),
        cmocka_unit_test(a_picture_has_light_and_shade),
        cmocka_unit_test(every_au_shows_in_its_place_and_nowhere_else),
        cmocka_unit_test(more_intensity_shows_more),
        cmocka_unit_test(faces_at_rest_differ_as_weak_aus_do),
        cmocka_unit_test(labels_follow_the_intensities),
        cmocka_unit_test(rates_and_correlations_are_those_of_the_page),
        cmocka_unit_test(subjects_have_rates_of_their_own),
        cmocka_unit_test(landmarks_move_as_the_au_says),
        cmocka_unit_test(landmarks_lie_in_the_picture_in_order),
        cmocka_unit_test(wrong_arguments_are_named),
        cmocka_unit_test(names_are_the_protocols_and_go_on),
        cmocka_unit_test(a_data_set_of_drawn_faces),
        cmocka_unit_test(crops_are_aligned_pictures),
        cmocka_unit_test(running_out_of_memory_is_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
