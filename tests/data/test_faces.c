/* The rendered face sets in the folder named by CLILE_FACES. The expected numbers were computed
 * once by a Python script that shares no code with the library. It lists Sequences/ * / * / * and
 * img/ * / *, reads the label files with split(","), keeps the rows whose image exists, and
 * counts codes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "data/data.h"
#include "data/scratch.h"

#include <math.h>

static clile_dataset *open_faces(const char *name)
{
    const char *faces = getenv("CLILE_FACES");
    char path[1024];
    clile_dataset *dataset = NULL;
    if (faces == NULL || *faces == '\0') {
        print_message("CLILE_FACES is not set: skipped\n");
        skip();
    }
    snprintf(path, sizeof path, "%s/%s", faces, name);
    if (!clile_i_path_is_folder(path)) {
        print_message("%s does not exist: skipped\n", path);
        skip();
    }
    if (clile_dataset_open(path, NULL, &dataset) != CLILE_OK) fail_msg("%s", clile_last_error());
    return dataset;
}

static void assert_rates(const clile_dataset *dataset, int32_t c, const int64_t *present,
                         const int64_t *coded)
{
    assert_int_equal(clile_dataset_au_count(dataset), c);
    for (int32_t a = 0; a < c; ++a) {
        int64_t ones = 0, known = 0;
        for (int64_t i = 0; i < clile_dataset_size(dataset); ++i) {
            const int8_t label = clile_i_dataset_labels(dataset, i)[a];
            ones += label == 1;
            known += label >= 0;
        }
        assert_int_equal(ones, present[a]);
        assert_int_equal(known, coded[a]);
    }
}

static void bp4d_counts_are_those_of_the_script(void **state)
{
    static const int64_t present[12] = {1020, 823,  971, 2223, 2636, 2866,
                                        2711, 2247, 809, 1657, 800,  725};
    static const int64_t coded[12] = {4812, 4820, 4818, 4813, 4809, 4820,
                                      4817, 4817, 4821, 4819, 4810, 4818};
    static const double weights[12] = {1.213452, 1.506414, 1.276277, 0.556895, 0.469253, 0.432582,
                                       0.45703,  0.551405, 1.532801, 0.748052, 1.546509, 1.709331};
    static const int64_t parts[3] = {1641, 1661, 1526};
    float w[12];
    (void)state;
    clile_dataset *dataset = open_faces("bp4d-ict");
    assert_int_equal(clile_dataset_size(dataset), 4828);
    assert_int_equal(clile_dataset_subject_count(dataset), 41);
    assert_counts(dataset, 4867, 39, 52, 0);
    assert_rates(dataset, 12, present, coded);
    assert_int_equal(clile_dataset_copy_au_weights(dataset, w), CLILE_OK);
    for (int a = 0; a < 12; ++a) assert_true(fabs(w[a] - weights[a]) < 1e-5);
    for (int32_t fold = 1; fold <= 3; ++fold) {
        clile_dataset *train = NULL, *test = NULL;
        assert_int_equal(clile_dataset_fold(dataset, "bp4d", fold, &train, &test), CLILE_OK);
        assert_int_equal(clile_dataset_size(test), parts[3 - fold]);
        assert_int_equal(clile_dataset_size(train), 4828 - parts[3 - fold]);
        assert_int_equal(clile_dataset_subject_count(test), fold == 1 ? 13 : 14);
        clile_dataset_destroy(train);
        clile_dataset_destroy(test);
    }
    clile_dataset_destroy(dataset);
}

static void disfa_counts_are_those_of_the_script(void **state)
{
    static const int64_t present[8] = {67, 54, 202, 108, 54, 175, 378, 121};
    int64_t coded[8];
    (void)state;
    clile_dataset *dataset = open_faces("disfa-ict");
    assert_int_equal(clile_dataset_size(dataset), 1350);
    assert_int_equal(clile_dataset_subject_count(dataset), 27);
    assert_counts(dataset, 1350, 0, 0, 1350);
    for (int a = 0; a < 8; ++a) coded[a] = 1350;
    assert_rates(dataset, 8, present, coded);
    /* label frame 1 */
    assert_string_equal(clile_dataset_get_image_name(dataset, 0), "img/SN001/0.png");
    for (int32_t fold = 1; fold <= 3; ++fold) {
        clile_dataset *test = NULL;
        assert_int_equal(clile_dataset_fold(dataset, "disfa", fold, NULL, &test), CLILE_OK);
        assert_int_equal(clile_dataset_size(test), 450);
        clile_dataset_destroy(test);
    }
    clile_dataset_destroy(dataset);
}

/* Aligned eyes are darker than the cheeks between them and the mouth, on average over people. */
static void eyes_are_where_the_canonical_crop_has_them(void **state)
{
    enum { SIZE = 96 };
    static double sum[SIZE * SIZE];
    static uint8_t crop[3 * SIZE * SIZE];
    (void)state;
    clile_dataset *dataset = open_faces("bp4d-ict");
    const int64_t n = clile_dataset_size(dataset);
    for (int64_t i = 0; i < n; i += n / 60) {
        assert_int_equal(clile_dataset_copy_crop(dataset, i, SIZE, crop), CLILE_OK);
        for (int k = 0; k < SIZE * SIZE; ++k) sum[k] += crop[3 * k + 1];
    }
#define BOX(x, y)                                                                                  \
    (sum[(y) * SIZE + (x)] + sum[(y) * SIZE + (x) + 1] + sum[((y) + 1) * SIZE + (x)] +             \
     sum[((y) + 1) * SIZE + (x) + 1])
    const int eyes[2] = {33, 62}; /* 0.35 and 0.65 of 96; the eyes are at 0.40, 38 */
    for (int side = 0; side < 2; ++side) {
        int darkest = 30;
        for (int y = 30; y < 52; ++y)
            if (BOX(eyes[side], y) < BOX(eyes[side], darkest)) darkest = y;
        assert_true(darkest >= 35 && darkest <= 41);
        assert_true(BOX(eyes[side], darkest) < 0.85 * BOX(eyes[side], 52));
    }
#undef BOX
    clile_dataset_destroy(dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bp4d_counts_are_those_of_the_script),
        cmocka_unit_test(disfa_counts_are_those_of_the_script),
        cmocka_unit_test(eyes_are_where_the_canonical_crop_has_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
