/* Data sets made from others: selected images, and several joined in one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "data/core.h"
#include "data/scratch.h"

enum { SIDE = 32, N = 6 };

/* N images of subjects 0 1 2 0 1 2, grey values from `grey` on, AUs 1 and 2 in an order. */
static clile_dataset *greys(uint8_t grey, int32_t first_au, int32_t second_au)
{
    static uint8_t rgb[N][SIDE][SIDE][3];
    const int32_t au_ids[2] = {first_au, second_au}, subject[N] = {0, 1, 2, 0, 1, 2};
    int8_t labels[N][2];
    clile_dataset *out = NULL;
    for (int k = 0; k < N; ++k) {
        memset(rgb[k], grey + k, sizeof rgb[k]);
        labels[k][first_au == 1 ? 0 : 1] = (int8_t)(k % 2); /* AU 1 */
        labels[k][first_au == 1 ? 1 : 0] = k < 3;           /* AU 2 */
    }
    assert_int_equal(clile_dataset_from_arrays(N, SIDE, SIDE, &rgb[0][0][0][0], 2, au_ids,
                                               &labels[0][0], subject, &out),
                     CLILE_OK);
    return out;
}

static clile_dataset *select_images(const clile_dataset *data, int64_t n, const int64_t *indices)
{
    clile_dataset *out = NULL;
    if (clile_dataset_select(data, n, indices, &out) != CLILE_OK)
        fail_msg("%s", clile_last_error());
    return out;
}

static clile_dataset *join(const clile_dataset *a, const clile_dataset *b, int32_t subjects)
{
    const clile_dataset *const both[2] = {a, b};
    clile_dataset *out = NULL;
    if (clile_dataset_concat(2, both, subjects, &out) != CLILE_OK)
        fail_msg("%s", clile_last_error());
    return out;
}

static uint8_t grey_of(const clile_dataset *data, int64_t index)
{
    static uint8_t rgb[SIDE * SIDE * 3];
    assert_int_equal(clile_dataset_copy_crop(data, index, SIDE, rgb), CLILE_OK);
    return rgb[SIDE * SIDE * 3 / 2];
}

static void expect_names(const clile_dataset *data, const char *expected)
{
    char names[256] = "";
    for (int32_t s = 0; s < clile_dataset_subject_count(data); ++s) {
        const size_t size = strlen(names);
        snprintf(names + size, sizeof names - size, "%s%s", s > 0 ? " " : "",
                 clile_dataset_get_subject_name(data, s));
    }
    assert_string_equal(names, expected);
}

/* Its own handle is enough: everything else may be gone. */
static void chosen_images_keep_what_they_are(void **state)
{
    (void)state;
    clile_dataset *all = greys(10, 1, 2), *train = NULL, *test = NULL;
    clile_dataset *some = select_images(all, 4, (const int64_t[]){5, 0, 5, 3});
    assert_int_equal(clile_dataset_size(some), 4);
    expect_names(some, "0 2");
    assert_string_equal(clile_dataset_get_image_name(some, 0), "5");
    assert_string_equal(clile_dataset_get_image_name(some, 3), "3");
    assert_labels(some, 0, 2, (const int8_t[]){1, 0});
    assert_labels(some, 1, 2, (const int8_t[]){0, 1});
    int32_t subject[4];
    assert_int_equal(clile_dataset_copy_subjects(some, 0, 4, subject), CLILE_OK);
    assert_memory_equal(subject, ((const int32_t[]){1, 0, 1, 0}), sizeof subject);
    assert_int_equal(clile_dataset_fold(some, "loso", 2, &train, &test), CLILE_OK);
    assert_int_equal(clile_dataset_size(test), 2);
    clile_dataset *of_part = select_images(test, 1, (const int64_t[]){1});
    clile_dataset_destroy(all);
    clile_dataset_destroy(train);
    clile_dataset_destroy(test);
    assert_int_equal(grey_of(some, 0), 15);
    assert_int_equal(grey_of(of_part, 0), 15);
    /* what is left of a test part was never trained on, and the other way round */
    assert_true(of_part->tested && strcmp(of_part->protocol, "loso") == 0 && of_part->fold == 2);
    clile_dataset_destroy(some);
    clile_dataset_destroy(of_part);
}

/* An image is kept in memory once, no matter who asked for it first. */
static void images_are_cached_where_they_come_from(void **state)
{
    const scratch s = scratch_make();
    clile_dataset *files = NULL, *other = greys(10, 1, 2);
    (void)state;
    scratch_image(&s, "a.png", 100);
    scratch_image(&s, "b.png", 200);
    scratch_text(&s, "manifest.csv", "image,subject,AU1,AU2\na.png,x,1,0\nb.png,y,0,1\n");
    assert_int_equal(scratch_open(s.path, "layout=csv", &files), CLILE_OK);
    clile_dataset *one = select_images(files, 1, (const int64_t[]){1});
    clile_dataset *both = join(other, one, CLILE_SUBJECTS_DISTINCT);
    expect_names(both, "0 1 2 y");
    assert_int_equal(files->core->cache_used, 0);
    assert_int_equal(grey_of(both, N), 200);
    const int64_t used = files->core->cache_used;
    assert_true(used > 0);
    remove(scratch_path(&s, "b.png"));
    assert_int_equal(grey_of(files, 1), 200); /* from the cache that they share */
    assert_int_equal(grey_of(one, 0), 200);
    assert_int_equal(files->core->cache_used, used);
    assert_int_equal(both->core->cache_used, 0);
    clile_dataset_destroy(files);
    clile_dataset_destroy(one);
    clile_dataset_destroy(other);
    assert_int_equal(grey_of(both, N), 200);
    clile_dataset_destroy(both);
    scratch_free(&s);
}

static void equal_names_are_two_people_unless_said_otherwise(void **state)
{
    (void)state;
    clile_dataset *a = greys(10, 1, 2), *b = greys(100, 2, 1), *train = NULL, *test = NULL;
    clile_dataset *two = join(a, b, CLILE_SUBJECTS_DISTINCT);
    expect_names(two, "0#1 0#2 1#1 1#2 2#1 2#2");
    assert_int_equal(clile_dataset_size(two), 2 * N);
    assert_int_equal(grey_of(two, 3), 13);
    assert_int_equal(grey_of(two, N + 3), 103);
    assert_labels(two, 3, 2, (const int8_t[]){1, 0});
    assert_labels(two, N + 3, 2, (const int8_t[]){1, 0}); /* b has its AUs in another order */
    assert_int_equal(clile_dataset_fold(two, "loso", 2, &train, &test), CLILE_OK);
    assert_int_equal(grey_of(test, 0), 100);
    assert_int_equal(clile_dataset_size(test), 2);
    clile_dataset_destroy(train);
    clile_dataset_destroy(test);

    clile_dataset *one = join(a, b, CLILE_SUBJECTS_BY_NAME);
    expect_names(one, "0 1 2");
    assert_int_equal(clile_dataset_fold(one, "loso", 1, &train, &test), CLILE_OK);
    assert_int_equal(clile_dataset_size(test), 4);
    clile_dataset_destroy(train);
    clile_dataset_destroy(test);
    clile_dataset_destroy(one);

    /* 0 is in one of them only: nothing to tell apart */
    clile_dataset *zero = select_images(a, 2, (const int64_t[]){0, 3});
    clile_dataset *others = select_images(b, 2, (const int64_t[]){1, 2});
    one = join(zero, others, CLILE_SUBJECTS_DISTINCT);
    expect_names(one, "0 1 2");
    clile_dataset_destroy(one);
    clile_dataset_destroy(zero);
    clile_dataset_destroy(others);
    clile_dataset_destroy(a);
    clile_dataset_destroy(b);
    clile_dataset_destroy(two);
}

/* Parts of one data set never count a person twice, even by way of a joined one. */
static void parts_of_one_data_set_share_their_people(void **state)
{
    (void)state;
    clile_dataset *a = greys(10, 1, 2), *b = greys(100, 1, 2);
    clile_dataset *head = select_images(a, 3, (const int64_t[]){0, 1, 2});
    clile_dataset *tail = select_images(a, 3, (const int64_t[]){3, 4, 5});
    clile_dataset *whole = join(head, tail, CLILE_SUBJECTS_DISTINCT);
    expect_names(whole, "0 1 2");
    clile_dataset *both = join(head, b, CLILE_SUBJECTS_DISTINCT);
    clile_dataset *again = join(both, tail, CLILE_SUBJECTS_DISTINCT);
    expect_names(again, "0#1 0#2 1#1 1#2 2#1 2#2");
    assert_int_equal(clile_dataset_size(again), 2 * N);
    assert_int_equal(again->core->holders, 2); /* a and b, not `both` */
    clile_dataset_destroy(both);
    clile_dataset_destroy(a);
    assert_int_equal(grey_of(again, 3), 100);
    assert_int_equal(grey_of(again, 9), 13);
    int32_t subject[2 * N];
    assert_int_equal(clile_dataset_copy_subjects(again, 0, 2 * N, subject), CLILE_OK);
    assert_int_equal(subject[0], subject[9]); /* images 0 and 3 of a */
    assert_int_not_equal(subject[0], subject[3]);

    /* people that a joined set took for one stay one */
    clile_dataset *known = join(head, b, CLILE_SUBJECTS_BY_NAME);
    clile_dataset *more = join(known, tail, CLILE_SUBJECTS_DISTINCT);
    expect_names(more, "0 1 2");
    clile_dataset_destroy(known);
    clile_dataset_destroy(more);
    clile_dataset_destroy(whole);
    clile_dataset_destroy(again);
    clile_dataset_destroy(head);
    clile_dataset_destroy(tail);
    clile_dataset_destroy(b);
}

static void what_is_known_of_images_is_joined(void **state)
{
    const scratch s = scratch_make();
    clile_dataset *drawn = NULL, *files = NULL, *train = NULL, *test = NULL, *pack = NULL;
    clile_dataset_counts counts = {.struct_size = sizeof counts};
    clile_i_origin origin;
    (void)state;
    assert_int_equal(clile_dataset_from_synth(1, 3, 1, 2, SIDE, &drawn), CLILE_OK);
    scratch_image(&s, "a.png", 100);
    scratch_image(&s, "b.png", 200);
    scratch_text(&s, "manifest.csv",
                 "image,subject,AU1,AU2,AU4,AU6,AU7,AU9,AU10,AU12,AU14,AU15,AU17,AU20,AU23,AU24,"
                 "AU25,AU26,x,y,w,h\na.png,x,1,0,1,0,1,0,1,0,1,0,1,0,1,0,1,0,2,2,20,20\n"
                 "b.png,y,1,0,1,0,1,0,1,0,1,0,1,0,1,0,1,0,,,,\n");
    assert_int_equal(scratch_open(s.path, "layout=csv data_kind=photographs", &files), CLILE_OK);
    clile_dataset *all = join(drawn, files, CLILE_SUBJECTS_DISTINCT);
    assert_string_equal(clile_dataset_get_kind(all), "mixed");
    clile_i_dataset_origin(all, &origin);
    assert_string_equal(origin.layout, "mixed");
    assert_int_equal(origin.landmarks, 6);
    assert_int_equal(origin.boxes, 1);
    assert_int_equal(origin.crops, 1);
    assert_non_null(strstr(clile_dataset_get_notes(all), "neither landmarks nor a box"));
    assert_int_equal(clile_dataset_copy_counts(all, &counts), CLILE_OK);
    assert_int_equal(counts.images_by_box, 1);
    /* counted once, however many parts */
    clile_dataset *twice = join(all, files, CLILE_SUBJECTS_DISTINCT);
    assert_int_equal(clile_dataset_size(twice), 10);
    assert_int_equal(clile_dataset_copy_counts(twice, &counts), CLILE_OK);
    assert_int_equal(counts.images_by_box, 1);
    clile_dataset_destroy(twice);

    /* the same part of the same fold is still that part; different parts are none */
    assert_int_equal(clile_dataset_fold(drawn, "bp4d", 1, &train, &test), CLILE_OK);
    clile_dataset *same = join(train, train, CLILE_SUBJECTS_DISTINCT);
    clile_dataset *differ = join(train, test, CLILE_SUBJECTS_DISTINCT);
    assert_true(same->protocol != NULL && same->fold == 1 && !same->tested);
    assert_null(differ->protocol);
    clile_dataset_destroy(same);
    clile_dataset_destroy(differ);

    /* a pack of it says the same, and has the same crops */
    clile_options *options = NULL;
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    assert_int_equal(clile_options_set_i64(options, CLILE_OPT_IMAGE_SIZE, SIDE), CLILE_OK);
    char path[256];
    snprintf(path, sizeof path, "%s/all.safetensors", s.path);
    assert_int_equal(clile_dataset_pack(all, path, options, NULL, NULL), CLILE_OK);
    clile_options_destroy(options);
    assert_int_equal(clile_dataset_open(path, NULL, &pack), CLILE_OK);
    assert_string_equal(clile_dataset_get_kind(pack), "mixed");
    clile_i_dataset_origin(pack, &origin);
    assert_string_equal(origin.layout, "mixed");
    assert_int_equal(origin.boxes, 1);
    for (int64_t k = 0; k < 8; ++k) assert_int_equal(grey_of(pack, k), grey_of(all, k));
    clile_dataset *joined = join(all, pack, CLILE_SUBJECTS_BY_NAME);
    assert_int_equal(clile_dataset_crop_size(joined), SIDE);
    assert_int_equal(clile_dataset_verify(joined, NULL, NULL), CLILE_OK);
    assert_failed(clile_dataset_verify(all, NULL, NULL), CLILE_E_UNSUPPORTED, "is not a pack");
    assert_int_equal(grey_of(joined, 15), grey_of(all, 7));
    clile_dataset_destroy(joined);
    clile_dataset_destroy(pack);
    clile_dataset_destroy(train);
    clile_dataset_destroy(test);
    clile_dataset_destroy(all);
    clile_dataset_destroy(drawn);
    clile_dataset_destroy(files);
    scratch_free(&s);
}

static void what_was_left_out_is_joined(void **state)
{
    const scratch s = scratch_make();
    clile_dataset *data = NULL;
    clile_dataset_counts counts = {.struct_size = sizeof counts};
    (void)state;
    for (int k = 1; k <= 8; ++k) {
        char name[16];
        snprintf(name, sizeof name, "anna/%d.png", k);
        scratch_image(&s, name, 10 * k);
    }
    scratch_text(&s, "anna.csv",
                 "frame,success,AU01_c\n2,1,0\n3,1,1\n4,1,0\n5,1,1\n6,1,0\n7,1,1\n9,1,1\n");
    assert_int_equal(scratch_open(s.path, "first_image=1", &data), CLILE_OK);
    clile_dataset *part = select_images(data, 1, (const int64_t[]){2});
    clile_dataset *both = join(part, data, CLILE_SUBJECTS_DISTINCT);
    assert_int_equal(clile_dataset_copy_counts(both, &counts), CLILE_OK);
    assert_int_equal(counts.images_without_labels, 2);
    assert_int_equal(counts.labels_without_image, 1);
    for (int32_t kind = 0; kind < 2; ++kind)
        for (int64_t k = 0; k < 3; ++k) {
            const char *name = clile_dataset_get_left_out(both, kind, k);
            const char *before = clile_dataset_get_left_out(data, kind, k);
            assert_true((name == NULL) == (before == NULL));
            if (name != NULL) assert_string_equal(name, before);
        }
    clile_dataset_destroy(data);
    clile_dataset_destroy(part);
    clile_dataset_destroy(both);
    scratch_free(&s);
}

static clile_dataset *pack_of(const scratch *s, const clile_dataset *data, int64_t size)
{
    char path[256];
    clile_options *options = NULL;
    clile_dataset *out = NULL;
    snprintf(path, sizeof path, "%s/%lld.safetensors", s->path, (long long)size);
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    assert_int_equal(clile_options_set_i64(options, CLILE_OPT_IMAGE_SIZE, size), CLILE_OK);
    assert_int_equal(clile_dataset_pack(data, path, options, NULL, NULL), CLILE_OK);
    assert_int_equal(clile_dataset_open(path, NULL, &out), CLILE_OK);
    clile_options_destroy(options);
    return out;
}

static void what_does_not_fit_is_refused(void **state)
{
    const scratch s = scratch_make();
    (void)state;
    clile_dataset *a = greys(10, 1, 2), *b = greys(20, 1, 4), *drawn = NULL, *out = NULL;
    assert_int_equal(clile_dataset_from_synth(1, 2, 1, 2, SIDE, &drawn), CLILE_OK);
    assert_failed(clile_dataset_select(a, 2, (const int64_t[]){0, N}, &out),
                  CLILE_E_INVALID_ARGUMENT, "indices[1] is 6, the data set has 6 images");
    assert_failed(clile_dataset_select(a, 1, (const int64_t[]){-1}, &out), CLILE_E_INVALID_ARGUMENT,
                  "indices[0] is -1");
    assert_failed(clile_dataset_select(a, 0, (const int64_t[]){0}, &out), CLILE_E_INVALID_ARGUMENT,
                  "n is 0, expected 1 or more");
    assert_failed(clile_dataset_select(a, INT64_MAX, (const int64_t[]){0}, &out),
                  CLILE_E_OUT_OF_MEMORY, "");
    const clile_dataset *sets[3] = {a, b, NULL};
    assert_failed(clile_dataset_concat(2, sets, CLILE_SUBJECTS_DISTINCT, &out),
                  CLILE_E_INVALID_ARGUMENT, "datasets[1] lacks AU 2, which datasets[0] has");
    sets[1] = drawn;
    assert_failed(clile_dataset_concat(2, sets, CLILE_SUBJECTS_DISTINCT, &out),
                  CLILE_E_INVALID_ARGUMENT, "datasets[1] has 16 AUs, datasets[0] 2");
    sets[1] = a;
    assert_failed(clile_dataset_concat(3, sets, CLILE_SUBJECTS_DISTINCT, &out),
                  CLILE_E_INVALID_ARGUMENT, "datasets[2] is NULL");
    assert_failed(clile_dataset_concat(0, sets, CLILE_SUBJECTS_DISTINCT, &out),
                  CLILE_E_INVALID_ARGUMENT, "n is 0, expected 1 or more");
    assert_failed(clile_dataset_concat(2, sets, 2, &out), CLILE_E_INVALID_ARGUMENT,
                  "subjects is 2, expected CLILE_SUBJECTS_DISTINCT (0)");
    clile_dataset *small = pack_of(&s, a, 32), *large = pack_of(&s, a, 48);
    sets[0] = small;
    sets[1] = large;
    assert_failed(clile_dataset_concat(2, sets, CLILE_SUBJECTS_DISTINCT, &out),
                  CLILE_E_INVALID_ARGUMENT, "packs with crops of 32 and of 48 pixels");
    assert_null(out);
    clile_dataset_destroy(small);
    clile_dataset_destroy(large);

    /* a name that would be made up is taken */
    clile_dataset *c = NULL, *d = NULL;
    scratch_image(&s, "a.png", 100);
    scratch_image(&s, "b.png", 100);
    scratch_text(&s, "c.csv", "image,subject,AU1,AU2\na.png,0#1,1,0\nb.png,0,0,1\n");
    assert_int_equal(scratch_open(scratch_path(&s, "c.csv"), "layout=csv", &c), CLILE_OK);
    sets[0] = a;
    sets[1] = c;
    assert_failed(clile_dataset_concat(2, sets, CLILE_SUBJECTS_DISTINCT, &out),
                  CLILE_E_INVALID_ARGUMENT, "0#1");
    d = join(a, c, CLILE_SUBJECTS_BY_NAME);
    expect_names(d, "0 0#1 1 2");
    clile_dataset_destroy(c);
    clile_dataset_destroy(d);
    clile_dataset_destroy(a);
    clile_dataset_destroy(b);
    clile_dataset_destroy(drawn);
    scratch_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chosen_images_keep_what_they_are),
        cmocka_unit_test(images_are_cached_where_they_come_from),
        cmocka_unit_test(equal_names_are_two_people_unless_said_otherwise),
        cmocka_unit_test(parts_of_one_data_set_share_their_people),
        cmocka_unit_test(what_is_known_of_images_is_joined),
        cmocka_unit_test(what_was_left_out_is_joined),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
