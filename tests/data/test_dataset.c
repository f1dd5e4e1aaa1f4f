/* Arrays, parts, folds, weights, order, batches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "data/data.h"
#include "data/scratch.h"

#include <math.h>
#include <pthread.h>

enum { N = 12, SIDE = 32, AUS = 3 };

static uint8_t pixels[N * SIDE * SIDE * 3];
static int8_t labels[N * AUS];
static int32_t subject[N];
static const int32_t au_ids[AUS] = {1, 4, 12};

static int fill(void **state)
{
    clile_i_rng rng = clile_i_rng_make(5, 6);
    (void)state;
    for (size_t i = 0; i < sizeof pixels; ++i) pixels[i] = (uint8_t)clile_i_rng_u32(&rng);
    for (int i = 0; i < N; ++i) {
        subject[i] = 100 - 33 * (i % 4); /* 100 67 34 1 */
        for (int a = 0; a < AUS; ++a) labels[i * AUS + a] = (int8_t)((i * 5 + a * 7) % 3 - 1);
    }
    return 0;
}

static clile_dataset *make(void)
{
    clile_dataset *dataset = NULL;
    assert_int_equal(
        clile_dataset_from_arrays(N, SIDE, SIDE, pixels, AUS, au_ids, labels, subject, &dataset),
        CLILE_OK);
    return dataset;
}

/* Manifest of subjects, one image row each, with labels all 1. */
static clile_dataset *with_subjects(const scratch *s, const char *names)
{
    clile_i_text text = {0};
    char copy[1024];
    clile_dataset *dataset = NULL;
    clile_i_text_append(&text, "image,subject,AU1\n");
    snprintf(copy, sizeof copy, "%s", names);
    for (char *rest = copy, *word; (word = strtok_r(rest, " ", &rest)) != NULL;)
        clile_i_text_append(&text, "%s.png,%s,1\n", word, word);
    scratch_text(s, "manifest.csv", text.data);
    clile_i_text_free(&text);
    assert_int_equal(scratch_open(s->path, "layout=csv", &dataset), CLILE_OK);
    return dataset;
}

static void arrays_are_copied_exactly(void **state)
{
    (void)state;
    clile_dataset *dataset = make();
    uint8_t crop[SIDE * SIDE * 3];
    int8_t copy[N * AUS];
    int32_t who[N];
    assert_int_equal(clile_dataset_size(dataset), N);
    assert_int_equal(clile_dataset_subject_count(dataset), 4);
    /* natural order: 1 34 67 100 */
    assert_string_equal(clile_dataset_get_subject_name(dataset, 0), "1");
    assert_string_equal(clile_dataset_get_subject_name(dataset, 3), "100");
    assert_string_equal(clile_dataset_get_image_name(dataset, 11), "11");
    assert_int_equal(clile_dataset_copy_labels(dataset, 0, N, copy), CLILE_OK);
    assert_memory_equal(copy, labels, sizeof copy);
    assert_int_equal(clile_dataset_copy_subjects(dataset, 0, N, who), CLILE_OK);
    for (int i = 0; i < N; ++i) {
        assert_int_equal(who[i], 3 - i % 4);
        assert_int_equal(clile_dataset_copy_crop(dataset, i, SIDE, crop), CLILE_OK);
        assert_memory_equal(crop, pixels + i * SIDE * SIDE * 3, sizeof crop);
    }
    for (int32_t threads = 0; threads <= 3; ++threads) {
        /* many at once, in any order; NULL: all from the first on */
        const int64_t indices[5] = {7, 0, 7, N - 1, 3};
        static uint8_t crops[N * sizeof crop];
        assert_int_equal(clile_dataset_copy_crops(dataset, 5, indices, SIDE, threads, crops),
                         CLILE_OK);
        for (int k = 0; k < 5; ++k)
            assert_memory_equal(crops + (size_t)k * sizeof crop,
                                pixels + (size_t)indices[k] * sizeof crop, sizeof crop);
        assert_int_equal(clile_dataset_copy_crops(dataset, N, NULL, SIDE, threads, crops),
                         CLILE_OK);
        assert_memory_equal(crops, pixels, sizeof crops);
        assert_int_equal(clile_dataset_copy_crops(dataset, 0, NULL, SIDE, threads, crops),
                         CLILE_OK);
    }
    const int64_t beyond[2] = {0, N};
    assert_failed(clile_dataset_copy_crops(dataset, 2, beyond, SIDE, 0, crop),
                  CLILE_E_INVALID_ARGUMENT, "indices[1] is 12, the data set has 12 images");
    assert_failed(clile_dataset_copy_crops(dataset, N + 1, NULL, SIDE, 0, crop),
                  CLILE_E_INVALID_ARGUMENT, "13 images, the data set has 12");
    assert_failed(clile_dataset_copy_crops(dataset, -1, NULL, SIDE, 0, crop),
                  CLILE_E_INVALID_ARGUMENT, "n is -1");
    assert_failed(clile_dataset_copy_crops(dataset, 1, NULL, 4097, 0, crop),
                  CLILE_E_INVALID_ARGUMENT, "size 4097");
    assert_failed(clile_dataset_copy_crops(dataset, 1, NULL, SIDE, -1, crop),
                  CLILE_E_INVALID_ARGUMENT, "threads is -1");
    assert_failed(clile_dataset_copy_crops(dataset, 1, NULL, SIDE, 1025, crop),
                  CLILE_E_INVALID_ARGUMENT, "threads is 1025");
    assert_int_equal(clile_dataset_copy_crop(dataset, 0, SIDE / 2, crop), CLILE_OK);
    const int box = pixels[0] + pixels[3] + pixels[3 * SIDE] + pixels[3 * SIDE + 3];
    assert_int_equal(crop[0], (box + 2) / 4);
    assert_failed(clile_dataset_copy_crop(dataset, 0, 0, crop), CLILE_E_INVALID_ARGUMENT,
                  "size 0, 1 to 4096 is possible");
    assert_failed(clile_dataset_copy_crop(dataset, N, SIDE, crop), CLILE_E_INVALID_ARGUMENT,
                  "images 12 + 1, the data set has 12");
    assert_failed(clile_dataset_copy_labels(dataset, 5, 8, copy), CLILE_E_INVALID_ARGUMENT,
                  "clile_dataset_copy_labels: images 5 + 8");
    assert_failed(clile_dataset_copy_subjects(dataset, -1, 1, who), CLILE_E_INVALID_ARGUMENT,
                  "images -1 + 1");
    clile_dataset_destroy(dataset);
}

static void wrong_arrays_are_refused(void **state)
{
    clile_dataset *dataset = NULL;
    const int32_t twice[3] = {1, 4, 1}, zero[3] = {0, 4, 1};
    int8_t bad_labels[N * AUS];
    int32_t bad_subject[N];
    (void)state;
    memcpy(bad_labels, labels, sizeof labels);
    memcpy(bad_subject, subject, sizeof subject);
    bad_labels[4] = 2;
    bad_subject[3] = -1;
#define TRY(n, c, ids, l, s)                                                                       \
    clile_dataset_from_arrays(n, SIDE, SIDE, pixels, c, ids, l, s, &dataset)
    assert_failed(TRY(0, AUS, au_ids, labels, subject), CLILE_E_INVALID_ARGUMENT, "n 0");
    assert_failed(TRY(N, 0, au_ids, labels, subject), CLILE_E_INVALID_ARGUMENT, "c 0");
    assert_failed(TRY(INT64_MAX / 2, AUS, au_ids, labels, subject), CLILE_E_INVALID_ARGUMENT, "");
    assert_failed(TRY(N, AUS, twice, labels, subject), CLILE_E_INVALID_ARGUMENT, "AU 1 twice");
    assert_failed(TRY(N, AUS, zero, labels, subject), CLILE_E_INVALID_ARGUMENT, "au_ids[0] is 0");
    assert_failed(TRY(N, AUS, au_ids, bad_labels, subject), CLILE_E_INVALID_ARGUMENT,
                  "labels[1,1] is 2, expected 1, 0 or -1");
    assert_failed(TRY(N, AUS, au_ids, labels, bad_subject), CLILE_E_INVALID_ARGUMENT,
                  "subject[3] is -1");
    assert_failed(TRY(N, AUS, NULL, labels, subject), CLILE_E_INVALID_ARGUMENT, "au_ids is NULL");
#undef TRY
    assert_null(dataset);
}

static void null_is_harmless(void **state)
{
    (void)state;
    clile_dataset_destroy(NULL);
    assert_int_equal(clile_dataset_size(NULL), 0);
    assert_int_equal(clile_dataset_au_count(NULL), 0);
    assert_int_equal(clile_dataset_subject_count(NULL), 0);
    assert_null(clile_dataset_get_subject_name(NULL, 0));
    assert_null(clile_dataset_get_image_name(NULL, 0));
    assert_failed(clile_dataset_copy_au_weights(NULL, NULL), CLILE_E_INVALID_ARGUMENT,
                  "dataset is NULL");
    assert_failed(clile_dataset_fold(NULL, "all", 1, NULL, NULL), CLILE_E_INVALID_ARGUMENT,
                  "dataset is NULL");
    clile_dataset *dataset = make();
    clile_dataset_counts counts = {.struct_size = 0};
    assert_failed(clile_dataset_copy_counts(dataset, &counts), CLILE_E_INVALID_ARGUMENT,
                  "struct_size is 0");
    clile_dataset_destroy(dataset);
}

/* Every order of destroying whole, part, rest and a part of a part; run under AddressSanitizer
 * too. */
static void parts_live_on_in_any_order(void **state)
{
    (void)state;
    for (int order = 0; order < 24; ++order) {
        clile_dataset *sets[4] = {make(), NULL, NULL, NULL};
        uint8_t crop[SIDE * SIDE * 3];
        const int32_t two[2] = {3, 1};
        const int32_t last = 1;
        assert_int_equal(clile_i_dataset_split(sets[0], 2, two, &sets[1], &sets[2]), CLILE_OK);
        assert_int_equal(clile_i_dataset_split(sets[1], 1, &last, &sets[3], NULL), CLILE_OK);
        int left[4] = {0, 1, 2, 3};
        for (int k = 4, code = order; k > 0; --k) {
            const int pick = code % k;
            code /= k;
            clile_dataset_destroy(sets[left[pick]]);
            sets[left[pick]] = NULL;
            left[pick] = left[k - 1];
            for (int j = 0; j < k - 1; ++j) {
                clile_dataset *alive = sets[left[j]];
                assert_int_equal(clile_dataset_copy_crop(alive, 0, SIDE, crop), CLILE_OK);
                const long index = strtol(clile_dataset_get_image_name(alive, 0), NULL, 10);
                assert_memory_equal(crop, pixels + index * SIDE * SIDE * 3, sizeof crop);
            }
        }
    }
}

static void a_split_renumbers_subjects(void **state)
{
    clile_dataset *dataset = make(), *part = NULL, *rest = NULL, *again = NULL;
    const int32_t chosen[2] = {3, 1}, bad = 4;
    int32_t who[6];
    (void)state;
    assert_int_equal(clile_i_dataset_split(dataset, 2, chosen, &part, &rest), CLILE_OK);
    assert_int_equal(clile_dataset_size(part), 6);
    assert_int_equal(clile_dataset_subject_count(part), 2);
    assert_string_equal(clile_dataset_get_subject_name(part, 0), "34");
    assert_string_equal(clile_dataset_get_subject_name(part, 1), "100");
    assert_string_equal(clile_dataset_get_subject_name(rest, 0), "1");
    assert_string_equal(clile_dataset_get_subject_name(rest, 1), "67");
    assert_int_equal(clile_dataset_copy_subjects(part, 0, 6, who), CLILE_OK);
    for (int k = 0; k < 6; ++k) {
        assert_int_equal(who[k], k % 2 == 0); /* images 0 2 4 ...: subjects 100 34 100 ... */
        assert_int_equal(strtol(clile_dataset_get_image_name(part, k), NULL, 10), 2 * k);
        assert_memory_equal(clile_i_dataset_labels(part, k), labels + 2 * k * AUS, AUS);
    }
    assert_failed(clile_i_dataset_split(part, 1, &bad, NULL, &again), CLILE_E_INVALID_ARGUMENT,
                  "subject 4, the data set has 0 to 1");
    assert_int_equal(clile_i_dataset_retain(part, &again), CLILE_OK);
    clile_dataset_destroy(part);
    assert_int_equal(clile_dataset_size(again), 6);
    clile_dataset_destroy(again);
    clile_dataset_destroy(rest);
    clile_dataset_destroy(dataset);
}

static const char *const bp4d_parts[3] = {
    "F001 M007 F018 F008 F002 M004 F010 F009 M012 M001 F016 M014 F023 M008",
    "M011 F003 M010 M002 F005 F022 M018 M017 F013 M016 F020 F011 M013 M005",
    "F007 F015 F006 F019 M006 M009 F012 M003 F004 F021 F017 M015 F014"};
static const char *const disfa_parts[3] = {"SN002 SN010 SN001 SN026 SN027 SN032 SN030 SN009 SN016",
                                           "SN013 SN018 SN011 SN028 SN012 SN006 SN031 SN021 SN024",
                                           "SN003 SN029 SN023 SN025 SN008 SN005 SN007 SN017 SN004"};

static void published_folds_are_as_published(void **state)
{
    (void)state;
    for (int protocol = 0; protocol < 2; ++protocol) {
        const char *const *parts = protocol == 0 ? bp4d_parts : disfa_parts;
        const char *name = protocol == 0 ? "bp4d" : "disfa";
        const scratch s = scratch_make();
        char all[1024];
        snprintf(all, sizeof all, "%s %s %s", parts[0], parts[1], parts[2]);
        clile_dataset *dataset = with_subjects(&s, all);
        assert_int_equal(clile_dataset_size(dataset), protocol == 0 ? 41 : 27);
        for (int fold = 1; fold <= 3; ++fold) {
            clile_dataset *train = NULL, *test = NULL;
            assert_int_equal(clile_dataset_fold(dataset, name, fold, &train, &test), CLILE_OK);
            assert_int_equal(clile_dataset_size(train) + clile_dataset_size(test),
                             clile_dataset_size(dataset));
            assert_int_equal(clile_dataset_size(test), protocol == 1 ? 9 : fold == 1 ? 13 : 14);
            for (int32_t k = 0; k < clile_dataset_subject_count(test); ++k)
                assert_non_null(strstr(parts[3 - fold], clile_dataset_get_subject_name(test, k)));
            for (int32_t k = 0; k < clile_dataset_subject_count(train); ++k)
                assert_null(strstr(parts[3 - fold], clile_dataset_get_subject_name(train, k)));
            clile_dataset_destroy(dataset); /* the parts keep it alive */
            clile_dataset *whole = NULL;
            assert_int_equal(clile_dataset_size(train) > 0, 1);
            clile_dataset_destroy(train);
            clile_dataset_destroy(test);
            whole = with_subjects(&s, all);
            dataset = whole;
        }
        clile_dataset_destroy(dataset);
        scratch_free(&s);
    }
}

static void folds_refuse_what_does_not_fit(void **state)
{
    const scratch s = scratch_make();
    clile_dataset *dataset = with_subjects(&s, "F001 F003 M011"), *train = NULL, *test = NULL;
    (void)state;
    assert_int_equal(clile_dataset_fold(dataset, "bp4d", 3, &train, &test),
                     CLILE_OK); /* most subjects are missing: fine */
    assert_int_equal(clile_dataset_size(train), 2);
    assert_int_equal(clile_dataset_size(test), 1);
    clile_dataset_destroy(train);
    clile_dataset_destroy(test);
    assert_failed(clile_dataset_fold(dataset, "bp4d", 1, &train, &test), CLILE_E_INVALID_ARGUMENT,
                  "fold 1 of protocol bp4d: the data set has no subject for the test part");
    assert_null(train);
    assert_null(test);
    assert_int_equal(clile_dataset_fold(dataset, "bp4d", 1, &train, NULL), CLILE_OK);
    clile_dataset_destroy(train);
    assert_failed(clile_dataset_fold(dataset, "bp4d", 0, &train, &test), CLILE_E_INVALID_ARGUMENT,
                  "fold 0 of protocol bp4d: there are folds 1 to 3");
    assert_failed(clile_dataset_fold(dataset, "bp4d", 4, &train, &test), CLILE_E_INVALID_ARGUMENT,
                  "fold 4");
    assert_failed(clile_dataset_fold(dataset, "disfa", 1, &train, &test), CLILE_E_INVALID_ARGUMENT,
                  "subject F001 of the data set is not in the protocol disfa");
    assert_failed(clile_dataset_fold(dataset, "loso", 4, &train, &test), CLILE_E_INVALID_ARGUMENT,
                  "there are folds 1 to 3");
    assert_failed(clile_dataset_fold(dataset, "kfold:4", 1, &train, &test),
                  CLILE_E_INVALID_ARGUMENT,
                  "protocol kfold:4: expected kfold:K or kfold:K:SEED with K from 2 to 3");
    assert_failed(clile_dataset_fold(dataset, "kfold:", 1, &train, &test), CLILE_E_INVALID_ARGUMENT,
                  "expected kfold:K");
    assert_failed(clile_dataset_fold(dataset, "kfold:2", 3, &train, &test),
                  CLILE_E_INVALID_ARGUMENT, "there are folds 1 to 2");
    assert_failed(
        clile_dataset_fold(dataset, "BP4D", 1, &train, &test), CLILE_E_INVALID_ARGUMENT,
        "protocol \"BP4D\" is unknown; there are bp4d, disfa, bp4d-parts, disfa-parts, kfold:K");
    clile_dataset_destroy(dataset);
    /* a name that only begins like one of the protocol's */
    dataset = with_subjects(&s, "F001 F00 M011");
    assert_failed(clile_dataset_fold(dataset, "bp4d", 3, &train, &test), CLILE_E_INVALID_ARGUMENT,
                  "subject F00 of the data set");
    clile_dataset_destroy(dataset);
    scratch_free(&s);
}

static void other_folds_cover_each_subject_once(void **state)
{
    static const struct {
        const char *name;
        int32_t folds, largest;
    } cases[] = {{"kfold:2", 2, 4}, {"kfold:3", 3, 3}, {"kfold:7", 7, 1}, {"loso", 7, 1}};
    const scratch s = scratch_make();
    clile_dataset *dataset = with_subjects(&s, "a b c d e f g");
    (void)state;
    for (size_t k = 0; k < 4; ++k) {
        int tested[7] = {0};
        for (int32_t fold = 1; fold <= cases[k].folds; ++fold) {
            clile_dataset *train = NULL, *test = NULL;
            assert_int_equal(clile_dataset_fold(dataset, cases[k].name, fold, &train, &test),
                             CLILE_OK);
            const int32_t n = clile_dataset_subject_count(test);
            assert_true(n >= cases[k].largest - 1 && n >= 1 && n <= cases[k].largest);
            assert_int_equal(n + clile_dataset_subject_count(train), 7);
            for (int32_t i = 0; i < n; ++i)
                tested[clile_dataset_get_subject_name(test, i)[0] - 'a']++;
            if (strcmp(cases[k].name, "loso") == 0)
                assert_int_equal(clile_dataset_get_subject_name(test, 0)[0], 'a' + fold - 1);
            clile_dataset_destroy(test);
            clile_dataset_destroy(train);
        }
        for (int i = 0; i < 7; ++i) assert_int_equal(tested[i], 1);
    }
    clile_dataset *train = NULL, *test = NULL;
    assert_int_equal(clile_dataset_fold(dataset, "all", 99, &train, &test), CLILE_OK);
    clile_dataset_destroy(dataset);
    assert_int_equal(clile_dataset_size(train), 7);
    clile_dataset_destroy(train);
    assert_int_equal(clile_dataset_size(test), 7);
    clile_dataset_destroy(test);
    scratch_free(&s);
}

static void weights_follow_the_rates(void **state)
{
    /* AU 1: 1 of 2 coded, AU 2: 1 of 4, AU 3: never, AU 4: not coded at all; w = (1/r) C / sum
     * with C = 2: 2/3, 4/3 */
    static const int8_t l[4 * 4] = {1, 1, 0, -1, 0, 0, 0, -1, -1, 0, 0, -1, -1, 0, -1, -1};
    static const int32_t ids[4] = {1, 2, 3, 4}, who[4] = {0, 0, 1, 1};
    clile_dataset *dataset = NULL;
    float w[4];
    (void)state;
    assert_int_equal(clile_dataset_from_arrays(4, SIDE, SIDE, pixels, 4, ids, l, who, &dataset),
                     CLILE_OK);
    assert_int_equal(clile_dataset_copy_au_weights(dataset, w), CLILE_OK);
    assert_true(fabsf(w[0] - 2.0f / 3.0f) < 1e-6f);
    assert_true(fabsf(w[1] - 4.0f / 3.0f) < 1e-6f);
    assert_true(w[2] == 0.0f && w[3] == 0.0f);
    /* the second subject's images show no AU */
    clile_dataset *test = NULL;
    assert_int_equal(clile_dataset_fold(dataset, "loso", 2, NULL, &test), CLILE_OK);
    assert_int_equal(clile_dataset_copy_au_weights(test, w), CLILE_OK);
    for (int a = 0; a < 4; ++a) assert_true(w[a] == 0.0f);
    clile_dataset_destroy(test);
    clile_dataset_destroy(dataset);
}

static void order_depends_on_seed_and_epoch_only(void **state)
{
    enum { M = 1000 };
    static int64_t a[M], b[M], seen[M];
    (void)state;
    clile_i_sampler_order(M, 7, 3, a);
    clile_i_sampler_order(M, 7, 3, b);
    assert_memory_equal(a, b, sizeof a);
    for (int i = 0; i < M; ++i) ++seen[a[i]];
    for (int i = 0; i < M; ++i) assert_int_equal(seen[i], 1);
    for (int other = 0; other < 2; ++other) {
        int same = 0;
        clile_i_sampler_order(M, other ? 8 : 7, other ? 3 : 4, b);
        for (int i = 0; i < M; ++i) same += a[i] == b[i];
        assert_true(same < 12); /* 1 expected */
    }
}

static const clile_i_augment strong = {.flip = 1,
                                       .scale = 0.1,
                                       .shift = 0.05,
                                       .brightness = 0.2,
                                       .contrast = 0.2,
                                       .saturation = 0.2,
                                       .grayscale = 0.3,
                                       .blur = 0.5,
                                       .blur_least = 0.3,
                                       .blur_most = 2,
                                       .rotate = 40,
                                       .resolution = 0.5,
                                       .resolution_least = 0.3,
                                       .noise = 0.1,
                                       .gamma = 0.3,
                                       .tint = 0.1,
                                       .shade = 0.4,
                                       .jpeg = 0.5,
                                       .edge = 0.5};

static void batches_do_not_depend_on_threads_or_cache(void **state)
{
    enum { B = 9, SIZE = 40, FLOATS = B * 3 * SIZE * SIZE };
    static const int64_t indices[B] = {3, 1, 4, 1, 5, 9, 2, 6, 11};
    static float first[FLOATS], again[FLOATS];
    const scratch s = scratch_make();
    clile_i_text text = {0};
    (void)state;
    clile_i_text_append(&text, "image,subject,AU1\n");
    for (int i = 0; i < N; ++i) {
        char name[32];
        snprintf(name, sizeof name, "%d.png", i);
        assert_int_equal(clile_i_image_write_png(scratch_path(&s, name), SIDE, SIDE, 3,
                                                 pixels + i * SIDE * SIDE * 3),
                         CLILE_OK);
        clile_i_text_append(&text, "%s,p%d,1\n", name, i % 3);
    }
    scratch_text(&s, "manifest.csv", text.data);
    clile_i_text_free(&text);
    int filled = 0;
    for (int32_t threads = 1; threads <= 3; ++threads) {
        for (int cache = 0; cache < 2; ++cache) {
            clile_dataset *dataset = NULL;
            const int32_t previous = clile_i_threads_set(threads);
            assert_int_equal(scratch_open(s.path, cache ? "cache_mb=64" : "cache_mb=0", &dataset),
                             CLILE_OK);
            for (int repeat = 0; repeat < 2; ++repeat) {
                float *dst = filled++ == 0 ? first : again;
                memset(dst, 0, sizeof again);
                assert_int_equal(clile_i_batch_load(dataset, B, indices, SIZE, &strong, 5, 17, dst),
                                 CLILE_OK);
                if (dst == again) assert_memory_equal(first, again, sizeof first);
            }
            clile_i_threads_set(previous);
            clile_dataset_destroy(dataset);
        }
    }
    scratch_free(&s);
}

static void *read_all_crops(void *dataset)
{
    uint8_t crop[SIDE * SIDE * 3], small[16 * 16 * 3];
    for (int i = 0; i < N; ++i) {
        if (clile_dataset_copy_crop(dataset, i, SIDE, crop) != CLILE_OK) return dataset;
        if (memcmp(crop, pixels + i * SIDE * SIDE * 3, sizeof crop) != 0) return dataset;
        if (clile_dataset_copy_crop(dataset, N - 1 - i, 16, small) != CLILE_OK) return dataset;
    }
    return NULL;
}

static void crops_can_be_read_by_many_threads(void **state)
{
    (void)state;
    for (int repeat = 0; repeat < 20; ++repeat) {
        clile_dataset *dataset = make();
        pthread_t threads[4];
        for (int t = 0; t < 4; ++t)
            assert_int_equal(pthread_create(&threads[t], NULL, read_all_crops, dataset), 0);
        for (int t = 0; t < 4; ++t) {
            void *failed = NULL;
            assert_int_equal(pthread_join(threads[t], &failed), 0);
            assert_null(failed);
        }
        clile_dataset_destroy(dataset);
    }
}

static void draws_depend_on_seed_step_and_slot(void **state)
{
    enum { B = 4, FLOATS = 3 * SIDE * SIDE };
    static const int64_t indices[B] = {7, 7, 2, 7};
    static float a[B * FLOATS], b[B * FLOATS], plain[FLOATS];
    static const int64_t seven = 7;
    clile_dataset *dataset = make();
    (void)state;
    assert_int_equal(clile_i_batch_load(dataset, B, indices, SIDE, &strong, 5, 17, a), CLILE_OK);
    assert_memory_not_equal(a, a + FLOATS, FLOATS * sizeof *a); /* same image, other slot */
    /* a smaller batch with another image in slot 0: slot 1 is unchanged */
    const int64_t others[2] = {3, 7};
    assert_int_equal(clile_i_batch_load(dataset, 2, others, SIDE, &strong, 5, 17, b), CLILE_OK);
    assert_memory_equal(a + FLOATS, b + FLOATS, FLOATS * sizeof *a);
    assert_int_equal(clile_i_batch_load(dataset, B, indices, SIDE, &strong, 5, 18, b), CLILE_OK);
    assert_memory_not_equal(a, b, FLOATS * sizeof *a);
    assert_int_equal(clile_i_batch_load(dataset, B, indices, SIDE, &strong, 6, 17, b), CLILE_OK);
    assert_memory_not_equal(a, b, FLOATS * sizeof *a);
    /* no augmentation: the array itself, normalised */
    assert_int_equal(clile_i_batch_load(dataset, 1, &seven, SIDE, NULL, 5, 17, plain), CLILE_OK);
    const uint8_t *image = pixels + 7 * FLOATS;
    for (int i = 0; i < SIDE * SIDE; ++i)
        assert_true(fabs(plain[i] - (image[3 * i] / 255.0 - 0.485) / 0.229) < 1e-5);
    /* flips alone: each slot is the image or its mirror, and both occur */
    const clile_i_augment flips = {.flip = 1};
    int mirrored = 0;
    for (int64_t step = 0; step < 64; ++step) {
        assert_int_equal(clile_i_batch_load(dataset, 1, &seven, SIDE, &flips, 5, step, b),
                         CLILE_OK);
        const int flipped = memcmp(b, plain, FLOATS * sizeof *b) != 0;
        for (int row = 0; row < 3 * SIDE && flipped; ++row)
            for (int x = 0; x < SIDE; ++x)
                assert_true(b[row * SIDE + x] == plain[row * SIDE + SIDE - 1 - x]);
        mirrored += flipped;
    }
    assert_true(mirrored > 16 && mirrored < 48);
    clile_dataset_destroy(dataset);
}

static void a_bad_image_fails_the_batch_alike_on_any_team(void **state)
{
    enum { B = 8 };
    static const int64_t indices[B] = {0, 1, 2, 3, 4, 5, 6, 7};
    static float dst[B * 3 * SIDE * SIDE];
    const scratch s = scratch_make();
    clile_i_text text = {0};
    (void)state;
    clile_i_text_append(&text, "image,subject,AU1\n");
    for (int i = 0; i < B; ++i) {
        char name[32];
        snprintf(name, sizeof name, "%d.png", i);
        if (i == 2 || i == 6)
            scratch_copy(&s, name, "image/rgb.png", 60);
        else
            scratch_image(&s, name, i);
        clile_i_text_append(&text, "%s,p,1\n", name);
    }
    scratch_text(&s, "manifest.csv", text.data);
    clile_i_text_free(&text);
    for (int32_t threads = 1; threads <= 4; ++threads) {
        clile_dataset *dataset = NULL;
        assert_int_equal(scratch_open(s.path, "", &dataset), CLILE_OK);
        const int32_t previous = clile_i_threads_set(threads);
        assert_failed(clile_i_batch_load(dataset, B, indices, SIDE, NULL, 1, 0, dst),
                      CLILE_E_CORRUPT, "2.png: the PNG file is damaged");
        clile_i_threads_set(previous);
        clile_dataset_destroy(dataset);
    }
    scratch_free(&s);
}

static void wrong_batches_are_refused(void **state)
{
    clile_dataset *dataset = make();
    static float dst[3 * SIDE * SIDE];
    const int64_t bad = N, good = 0;
    (void)state;
    assert_failed(clile_i_batch_load(dataset, 1, &bad, SIDE, NULL, 1, 0, dst),
                  CLILE_E_INVALID_ARGUMENT, "batch: image 12, the data set has 12");
    assert_failed(clile_i_batch_load(dataset, 1, &good, 0, NULL, 1, 0, dst),
                  CLILE_E_INVALID_ARGUMENT, "of 0 pixels");
    assert_failed(clile_i_batch_load(dataset, -1, &good, SIDE, NULL, 1, 0, dst),
                  CLILE_E_INVALID_ARGUMENT, "batch of -1");
    assert_int_equal(clile_i_batch_load(dataset, 0, &good, SIDE, NULL, 1, 0, dst), CLILE_OK);
    clile_dataset_destroy(dataset);
}

static void augmentation_comes_from_the_options(void **state)
{
    clile_options *options = NULL;
    clile_i_augment augment;
    (void)state;
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    assert_int_equal(clile_options_set_i64(options, CLILE_OPT_AUGMENT_FLIP, 0), CLILE_OK);
    static const char *const keys[5] = {CLILE_OPT_AUGMENT_SCALE, CLILE_OPT_AUGMENT_SHIFT,
                                        CLILE_OPT_AUGMENT_BRIGHTNESS, CLILE_OPT_AUGMENT_CONTRAST,
                                        CLILE_OPT_AUGMENT_SATURATION};
    for (int k = 0; k < 5; ++k)
        assert_int_equal(clile_options_set_f64(options, keys[k], 0.1 + 0.01 * k), CLILE_OK);
    assert_int_equal(clile_i_augment_from_options(options, &augment), CLILE_OK);
    assert_int_equal(augment.flip, 0);
    const double values[5] = {augment.scale, augment.shift, augment.brightness, augment.contrast,
                              augment.saturation};
    for (int k = 0; k < 5; ++k) assert_true(values[k] == 0.1 + 0.01 * k);
    clile_options_destroy(options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrays_are_copied_exactly),
        cmocka_unit_test(wrong_arrays_are_refused),
        cmocka_unit_test(null_is_harmless),
        cmocka_unit_test(parts_live_on_in_any_order),
        cmocka_unit_test(a_split_renumbers_subjects),
        cmocka_unit_test(published_folds_are_as_published),
        cmocka_unit_test(folds_refuse_what_does_not_fit),
        cmocka_unit_test(other_folds_cover_each_subject_once),
        cmocka_unit_test(weights_follow_the_rates),
        cmocka_unit_test(order_depends_on_seed_and_epoch_only),
        cmocka_unit_test(batches_do_not_depend_on_threads_or_cache),
        cmocka_unit_test(crops_can_be_read_by_many_threads),
        cmocka_unit_test(draws_depend_on_seed_step_and_slot),
        cmocka_unit_test(a_bad_image_fails_the_batch_alike_on_any_team),
        cmocka_unit_test(wrong_batches_are_refused),
        cmocka_unit_test(augmentation_comes_from_the_options),
    };
    return cmocka_run_group_tests(tests, fill, NULL);
}
