/* The limits of clile/dataset.h and clile/synth.h: the smallest data sets, every index and count
 * just out of range, protocols that are almost right, drawn faces at both ends of every number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "scratch.h"

#include <clile/synth.h>

#include <math.h>

enum { N = 7, C = 3, SIZE = 8 };

/* Subjects 5 9 5 9 5 9 5: two people. */
static clile_dataset *small(void)
{
    static uint8_t rgb[N][SIZE][SIZE][3];
    static const int32_t au_ids[C] = {1, 999, 12};
    static const int8_t labels[N][C] = {{1, 0, -1},  {0, 1, -1},  {1, 1, -1}, {0, 0, -1},
                                        {-1, 0, -1}, {1, -1, -1}, {0, 1, -1}};
    int32_t subject[N];
    clile_dataset *dataset = NULL;
    for (int i = 0; i < N; ++i) {
        subject[i] = i % 2 ? INT32_MAX : 5;
        memset(rgb[i], 30 * i, sizeof rgb[i]);
    }
    assert_int_equal(clile_dataset_from_arrays(N, SIZE, SIZE, &rgb[0][0][0][0], C, au_ids,
                                               &labels[0][0], subject, &dataset),
                     CLILE_OK);
    return dataset;
}

static void one_pixel_of_one_person(void **state)
{
    const uint8_t rgb[3] = {1, 2, 3};
    const int32_t au = 1, subject = 0;
    const int8_t label = -1;
    uint8_t crop[3];
    float weight = -1;
    clile_dataset *dataset = NULL, *train = NULL, *test = NULL;
    int32_t folds = -1;
    (void)state;
    assert_int_equal(clile_dataset_from_arrays(1, 1, 1, rgb, 1, &au, &label, &subject, &dataset),
                     CLILE_OK);
    assert_int_equal(clile_dataset_size(dataset), 1);
    assert_string_equal(clile_dataset_get_subject_name(dataset, 0), "0");
    assert_int_equal(clile_dataset_copy_crop(dataset, 0, 1, crop), CLILE_OK);
    assert_memory_equal(crop, rgb, 3);
    static uint8_t large[4096 * 4096 * 3];
    assert_int_equal(clile_dataset_copy_crop(dataset, 0, 4096, large), CLILE_OK);
    assert_memory_equal(large + sizeof large - 3, rgb, 3);
    assert_int_equal(clile_dataset_copy_au_weights(dataset, &weight), CLILE_OK);
    assert_true(weight == 0); /* an AU that never occurs */
    /* one person leaves nobody for the other part */
    assert_failed(clile_dataset_fold(dataset, "loso", 1, &train, &test), CLILE_E_INVALID_ARGUMENT,
                  "no subject for the training part");
    assert_int_equal(clile_dataset_fold(dataset, "loso", 1, NULL, &test), CLILE_OK);
    assert_int_equal(clile_dataset_size(test), 1);
    assert_int_equal(clile_dataset_fold_count(dataset, "loso", &folds), CLILE_OK);
    assert_int_equal(folds, 1);
    assert_failed(clile_dataset_fold_count(dataset, "kfold:2", &folds), CLILE_E_INVALID_ARGUMENT,
                  "K from 2 to 1");
    assert_int_equal(clile_dataset_fold(dataset, "all", INT32_MIN, &train, NULL), CLILE_OK);
    clile_dataset_destroy(train);
    clile_dataset_destroy(test);
    clile_dataset_destroy(dataset);
}

/* A thin strip is an image like any other. */
static void strips(void **state)
{
    enum { LONG = 100000 };
    static uint8_t rgb[3 * LONG];
    const int32_t au = 1, subject = 3;
    const int8_t label = 1;
    uint8_t crop[32 * 32 * 3];
    (void)state;
    memset(rgb, 200, sizeof rgb);
    for (int upright = 0; upright < 2; ++upright) {
        clile_dataset *dataset = NULL;
        assert_int_equal(clile_dataset_from_arrays(1, upright ? LONG : 1, upright ? 1 : LONG, rgb,
                                                   1, &au, &label, &subject, &dataset),
                         CLILE_OK);
        memset(crop, 0, sizeof crop);
        assert_int_equal(clile_dataset_copy_crop(dataset, 0, 32, crop), CLILE_OK);
        for (size_t i = 0; i < sizeof crop; ++i) assert_int_equal(crop[i], 200);
        clile_dataset_destroy(dataset);
    }
}

static void sizes_that_cannot_be(void **state)
{
    const uint8_t rgb[3] = {0};
    const int32_t au = 1, zero = 0, thousand = 1000, subject = 0, negative = -1;
    const int8_t label = 0, low = -2, high = 2;
    clile_dataset *out = (clile_dataset *)(uintptr_t)1;
    const struct {
        int64_t n;
        int32_t h, w, c;
        const int32_t *au, *subject;
        const int8_t *label;
        const char *text;
    } cases[] = {
        {0, 1, 1, 1, &au, &subject, &label, "n 0"},
        {INT64_MIN, 1, 1, 1, &au, &subject, &label, "n -9223372036854775808"},
        {1, 0, 1, 1, &au, &subject, &label, "h 0"},
        {1, 1, INT32_MIN, 1, &au, &subject, &label, "w -2147483648"},
        {1, 1, 1, 0, &au, &subject, &label, "c 0"},
        {INT64_MAX, 1, 1, 1, &au, &subject, &label, "does not fit in 64 bits"},
        {(int64_t)1 << 40, INT32_MAX, INT32_MAX, 1, &au, &subject, &label,
         "does not fit in 64 bits"},
        {1, 1, 1, 1, &zero, &subject, &label, "au_ids[0] is 0, expected 1 to 999"},
        {1, 1, 1, 1, &thousand, &subject, &label, "au_ids[0] is 1000"},
        {1, 1, 1, 1, &au, &negative, &label, "subject[0] is -1"},
        {1, 1, 1, 1, &au, &subject, &low, "labels[0,0] is -2"},
        {1, 1, 1, 1, &au, &subject, &high, "labels[0,0] is 2"},
    };
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; ++k) {
        assert_failed(clile_dataset_from_arrays(cases[k].n, cases[k].h, cases[k].w, rgb, cases[k].c,
                                                cases[k].au, cases[k].label, cases[k].subject,
                                                &out),
                      CLILE_E_INVALID_ARGUMENT, cases[k].text);
        assert_null(out);
    }
}

static void ranges_of_images(void **state)
{
    clile_dataset *dataset = small();
    int8_t labels[N * C + 1];
    int32_t subject[N + 1];
    uint8_t crop[SIZE * SIZE * 3];
    static const struct {
        int64_t first, count;
        int fits;
    } ranges[] = {
        {0, N, 1},         {0, 0, 1},         {N, 0, 1},         {N - 1, 1, 1},
        {N, 1, 0},         {0, N + 1, 0},     {-1, 1, 0},        {-1, 0, 0},
        {0, -1, 0},        {INT64_MAX, 1, 0}, {1, INT64_MAX, 0}, {INT64_MAX, INT64_MAX, 0},
        {INT64_MIN, 0, 0}, {N + 1, 0, 0},     {2, INT64_MIN, 0}, {INT64_MIN, INT64_MIN, 0}};
    (void)state;
    for (size_t k = 0; k < sizeof ranges / sizeof *ranges; ++k) {
        const int64_t first = ranges[k].first, count = ranges[k].count;
        memset(labels, 77, sizeof labels);
        for (int i = 0; i <= N; ++i) subject[i] = 77;
        const clile_status of_labels = clile_dataset_copy_labels(dataset, first, count, labels);
        const clile_status of_subjects =
            clile_dataset_copy_subjects(dataset, first, count, subject);
        const clile_status expected = ranges[k].fits ? CLILE_OK : CLILE_E_INVALID_ARGUMENT;
        if (of_labels != expected || of_subjects != expected)
            fail_msg("%lld + %lld: %s, %s", (long long)first, (long long)count,
                     clile_status_name(of_labels), clile_status_name(of_subjects));
        const int64_t written = ranges[k].fits ? count : 0; /* and not one more */
        assert_int_equal(labels[written * C], 77);
        assert_int_equal(subject[written], 77);
    }
    const int64_t outside[] = {-1, N, INT64_MAX, INT64_MIN};
    for (size_t k = 0; k < sizeof outside / sizeof *outside; ++k) {
        assert_null(clile_dataset_get_image_name(dataset, outside[k]));
        assert_null(clile_dataset_get_left_out(dataset, CLILE_LEFT_OUT_IMAGES, outside[k]));
        assert_failed(clile_dataset_copy_crop(dataset, outside[k], SIZE, crop),
                      CLILE_E_INVALID_ARGUMENT, "images ");
    }
    const int32_t nobody[] = {-1, 2, INT32_MAX, INT32_MIN};
    for (size_t k = 0; k < sizeof nobody / sizeof *nobody; ++k)
        assert_null(clile_dataset_get_subject_name(dataset, nobody[k]));
    assert_string_equal(clile_dataset_get_subject_name(dataset, 1), "2147483647");
    const int32_t kinds[] = {-1, 2, INT32_MIN, INT32_MAX};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; ++k)
        assert_null(clile_dataset_get_left_out(dataset, kinds[k], 0));
    const int32_t sides[] = {0, -1, 4097, INT32_MAX, INT32_MIN};
    for (size_t k = 0; k < sizeof sides / sizeof *sides; ++k)
        assert_failed(clile_dataset_copy_crop(dataset, 0, sides[k], crop), CLILE_E_INVALID_ARGUMENT,
                      "1 to 4096");
    clile_dataset_destroy(dataset);
}

/* An AU that is never coded, beside others: weight 0, and the others' mean is 1. */
static void weights_of_what_never_occurs(void **state)
{
    clile_dataset *dataset = small();
    float weights[C];
    (void)state;
    assert_int_equal(clile_dataset_copy_au_weights(dataset, weights), CLILE_OK);
    assert_true(weights[2] == 0 && fabsf(weights[0] + weights[1] - 2) < 1e-6f && weights[0] > 0 &&
                weights[1] > 0);
    clile_dataset_destroy(dataset);
}

static void counts_by_size(void **state)
{
    struct {
        clile_dataset_counts counts;
        uint8_t more[16];
    } later;
    clile_dataset *dataset = small();
    (void)state;
    const uint32_t wrong[] = {0, 3, 16, sizeof later.counts - 1, 4097, UINT32_MAX};
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; ++k) {
        memset(&later, 0x5a, sizeof later);
        later.counts.struct_size = wrong[k];
        assert_failed(clile_dataset_copy_counts(dataset, &later.counts), CLILE_E_INVALID_ARGUMENT,
                      "struct_size is ");
        assert_int_equal(later.more[0], 0x5a);
    }
    memset(&later, 0x5a, sizeof later);
    later.counts.struct_size = sizeof later;
    assert_int_equal(clile_dataset_copy_counts(dataset, &later.counts), CLILE_OK);
    assert_int_equal(later.counts.struct_size, sizeof later);
    for (size_t i = 0; i < sizeof later.more; ++i) assert_int_equal(later.more[i], 0);
    clile_dataset_destroy(dataset);
}

static void protocols_that_are_nearly_right(void **state)
{
    static const char *const unknown[] = {"",      " ",      "BP4D",  "bp4d ",   " all",
                                          "all\n", "loso:1", "kfold", "kfold",   "bp4d-",
                                          "parts", "\xff",   "fil",   "bp4d\x01"};
    static const char *const kfold[] = {"kfold:",
                                        "kfold:0",
                                        "kfold:1",
                                        "kfold:3",
                                        "kfold:-2",
                                        "kfold: 2",
                                        "kfold:2 ",
                                        "kfold:2:",
                                        "kfold:2:-1",
                                        "kfold:2:1:1",
                                        "kfold:2.0",
                                        "kfold:2e0",
                                        "kfold:2:1e1",
                                        "kfold:99999999999999999999",
                                        "kfold:2:99999999999999999999"};
    static const int32_t outside[] = {0, -1, 3, INT32_MAX, INT32_MIN};
    clile_dataset *dataset = small(), *train = NULL, *test = NULL;
    int32_t folds = -1;
    char protocol[64];
    (void)state;
    for (size_t k = 0; k < sizeof unknown / sizeof *unknown; ++k) {
        assert_failed(clile_dataset_fold(dataset, unknown[k], 1, &train, &test),
                      CLILE_E_INVALID_ARGUMENT, "is unknown");
        assert_failed(clile_dataset_fold_count(dataset, unknown[k], &folds),
                      CLILE_E_INVALID_ARGUMENT, "is unknown");
    }
    for (size_t k = 0; k < sizeof kfold / sizeof *kfold; ++k) {
        assert_failed(clile_dataset_fold(dataset, kfold[k], 1, &train, &test),
                      CLILE_E_INVALID_ARGUMENT, kfold[k]);
        assert_failed(clile_dataset_fold_count(dataset, kfold[k], &folds), CLILE_E_INVALID_ARGUMENT,
                      kfold[k]);
    }
    for (size_t k = 0; k < sizeof outside / sizeof *outside; ++k) {
        assert_failed(clile_dataset_fold(dataset, "kfold:2", outside[k], &train, &test),
                      CLILE_E_INVALID_ARGUMENT, "there are folds 1 to 2");
        assert_failed(clile_dataset_fold(dataset, "loso", outside[k], &train, &test),
                      CLILE_E_INVALID_ARGUMENT, "there are folds 1 to 2");
    }
    assert_null(train);
    assert_null(test);
    snprintf(protocol, sizeof protocol, "kfold:2:%lld", (long long)INT64_MAX);
    for (int32_t fold = 1; fold <= 2; ++fold) {
        assert_int_equal(clile_dataset_fold(dataset, protocol, fold, &train, &test), CLILE_OK);
        assert_int_equal(clile_dataset_size(train) + clile_dataset_size(test), N);
        clile_dataset_destroy(train);
        clile_dataset_destroy(test);
    }
    /* a check of the arguments */
    assert_int_equal(clile_dataset_fold(dataset, "kfold:2", 1, NULL, NULL), CLILE_OK);
    static char name[5000];
    memset(name, 'k', sizeof name - 1);
    assert_failed(clile_dataset_fold(dataset, name, 1, &train, &test), CLILE_E_INVALID_ARGUMENT,
                  "there are bp4d");
    memcpy(name, "file:", 5);
    assert_failed(clile_dataset_fold(dataset, name, 1, &train, &test), CLILE_E_IO,
                  "File name too long");
    assert_failed(clile_dataset_fold(dataset, "file:", 1, &train, &test), CLILE_E_IO,
                  "the name of the file to read is empty");
    clile_dataset_destroy(dataset);
}

/* Names of people that only look as if they were in a published part. */
static void subjects_between_the_names_of_a_protocol(void **state)
{
    static const char *const people[] = {"F001 M007", " F001", "F001 ", " ", "F00", "001"};
    const scratch s = scratch_make();
    char csv[256];
    (void)state;
    scratch_image(&s, "a.png", 20);
    for (size_t k = 0; k < sizeof people / sizeof *people; ++k) {
        clile_dataset *dataset = NULL, *train = NULL;
        const int size =
            snprintf(csv, sizeof csv, "image,subject,AU1\na.png,\"%s\",1\n", people[k]);
        scratch_write(&s, "manifest.csv", csv, (size_t)size);
        const clile_status status =
            scratch_open(scratch_path(&s, "manifest.csv"), "layout=csv", &dataset);
        if (status == CLILE_OK && strcmp(clile_dataset_get_subject_name(dataset, 0), "F001") != 0)
            assert_failed(clile_dataset_fold(dataset, "bp4d", 1, &train, NULL),
                          CLILE_E_INVALID_ARGUMENT, "is not in the protocol bp4d");
        clile_dataset_destroy(dataset);
    }
    scratch_free(&s);
}

/* ---- drawn faces ---- */

enum { SIDE = 32, BYTES = SIDE * SIDE * 3 };

/* Numbers from 2^32 up are like any other: each has a face and a scene of its own. */
static void drawn_numbers_do_not_wrap(void **state)
{
    static const int64_t numbers[] = {0,
                                      1,
                                      ((int64_t)1 << 32) - 2,
                                      ((int64_t)1 << 32) - 1,
                                      (int64_t)1 << 32,
                                      ((int64_t)1 << 32) + 1,
                                      (int64_t)2 << 32,
                                      INT64_MAX - 1,
                                      INT64_MAX};
    enum { NUMBERS = sizeof numbers / sizeof *numbers, PICTURES = NUMBERS * NUMBERS };
    static uint8_t rgb[PICTURES][BYTES];
    const float rest[CLILE_SYNTH_AUS] = {0};
    (void)state;
    for (int i = 0; i < PICTURES; ++i)
        assert_int_equal(clile_synth_render(UINT64_MAX, numbers[i / NUMBERS], numbers[i % NUMBERS],
                                            rest, SIDE, rgb[i], NULL),
                         CLILE_OK);
    for (int i = 0; i < PICTURES; ++i)
        for (int k = 0; k < i; ++k)
            if (memcmp(rgb[i], rgb[k], BYTES) == 0)
                fail_msg("subject %lld, frame %lld is subject %lld, frame %lld",
                         (long long)numbers[i / NUMBERS], (long long)numbers[i % NUMBERS],
                         (long long)numbers[k / NUMBERS], (long long)numbers[k % NUMBERS]);
}

static void names_of_the_last_subjects(void **state)
{
    char name[24], before[24];
    (void)state;
    assert_int_equal(clile_synth_subject_name("disfa", INT64_MAX, name, sizeof name), CLILE_OK);
    assert_string_equal(name, "SN9223372036854775813");
    assert_int_equal(clile_synth_subject_name("bp4d", INT64_MAX, name, sizeof name), CLILE_OK);
    assert_int_equal(clile_synth_subject_name("bp4d", INT64_MAX - 1, before, sizeof before),
                     CLILE_OK);
    assert_string_not_equal(name, before);
    assert_failed(clile_synth_subject_name("bp4d", INT64_MIN, name, sizeof name),
                  CLILE_E_INVALID_ARGUMENT, "subject -");
    assert_failed(clile_synth_subject_name("bp4d", 0, name, 23), CLILE_E_INVALID_ARGUMENT,
                  "23 bytes");
    assert_failed(clile_synth_subject_name("bp4d", 0, name, 0), CLILE_E_INVALID_ARGUMENT,
                  "0 bytes");
    assert_failed(clile_synth_subject_name("", 0, name, sizeof name), CLILE_E_INVALID_ARGUMENT,
                  "layout \"\"");
}

static void intensities_at_their_ends(void **state)
{
    static uint8_t large[1024 * 1024 * 3], rgb[BYTES];
    float intensity[CLILE_SYNTH_AUS], xy[2 * CLILE_SYNTH_LANDMARKS];
    (void)state;
    for (int end = 0; end < 2; ++end) {
        for (int c = 0; c < CLILE_SYNTH_AUS; ++c) intensity[c] = (float)end;
        assert_int_equal(clile_synth_render(0, 0, 0, intensity, SIDE, rgb, xy), CLILE_OK);
        for (int i = 0; i < 2 * CLILE_SYNTH_LANDMARKS; ++i)
            assert_true(xy[i] >= 0 && xy[i] <= SIDE);
    }
    assert_int_equal(clile_synth_render(0, 0, 0, NULL, 1024, large, xy), CLILE_OK);
    for (int i = 0; i < 2 * CLILE_SYNTH_LANDMARKS; ++i) assert_true(xy[i] >= 0 && xy[i] <= 1024);
    const float outside[] = {-1e-6f, 1.0001f, -INFINITY, INFINITY, NAN};
    for (size_t k = 0; k < sizeof outside / sizeof *outside; ++k) {
        for (int c = 0; c < CLILE_SYNTH_AUS; ++c)
            intensity[c] = c == CLILE_SYNTH_AUS - 1 ? outside[k] : 0.5f;
        assert_failed(clile_synth_render(0, 0, 0, intensity, SIDE, rgb, NULL),
                      CLILE_E_INVALID_ARGUMENT, "the intensity of AU 26");
    }
    const int32_t sizes[] = {31, 1025, 0, -1, INT32_MIN, INT32_MAX};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; ++k)
        assert_failed(clile_synth_render(0, 0, 0, NULL, sizes[k], rgb, NULL),
                      CLILE_E_INVALID_ARGUMENT, "size is ");
}

static void data_sets_of_the_least_and_of_too_many(void **state)
{
    clile_dataset *dataset = NULL;
    uint8_t crop[BYTES];
    (void)state;
    assert_int_equal(clile_dataset_from_synth(UINT64_MAX, 1, 1, 1, 32, &dataset), CLILE_OK);
    assert_int_equal(clile_dataset_size(dataset), 1);
    assert_int_equal(clile_dataset_copy_crop(dataset, 0, 32, crop), CLILE_OK);
    clile_dataset_destroy(dataset);
    const int32_t wrong[][4] = {{0, 1, 1, 32},       {1, 0, 1, 32},         {1, 1, 0, 32},
                                {-1, -1, 1, 32},     {INT32_MIN, 1, 1, 32}, {1, 1, 1, 31},
                                {1, 1, 1, 1025},     {10000001, 1, 1, 32},  {1, 1, 10000001, 32},
                                {1, 3163, 3163, 32}, {46341, 46341, 1, 32}};
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; ++k) {
        assert_failed(clile_dataset_from_synth(1, wrong[k][0], wrong[k][1], wrong[k][2],
                                               wrong[k][3], &dataset),
                      CLILE_E_INVALID_ARGUMENT, "clile_dataset_from_synth: ");
        assert_null(dataset);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_pixel_of_one_person),
        cmocka_unit_test(strips),
        cmocka_unit_test(sizes_that_cannot_be),
        cmocka_unit_test(ranges_of_images),
        cmocka_unit_test(weights_of_what_never_occurs),
        cmocka_unit_test(counts_by_size),
        cmocka_unit_test(protocols_that_are_nearly_right),
        cmocka_unit_test(subjects_between_the_names_of_a_protocol),
        cmocka_unit_test(drawn_numbers_do_not_wrap),
        cmocka_unit_test(names_of_the_last_subjects),
        cmocka_unit_test(intensities_at_their_ends),
        cmocka_unit_test(data_sets_of_the_least_and_of_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
