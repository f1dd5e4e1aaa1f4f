/* Models whose crops are brought to one mean and spread: what the plain model with the same
 * weights answers for crops that are already so. */
#include "image/image.h"
#include "model/crop.h"
#include "model_test.h"

#include <unistd.h>

enum { SIDE = 130, ROW = 3 * TEST_SIZE, CROP = TEST_SIZE * ROW };

static const char path[] = "standardize_test.safetensors";

typedef struct {
    clile_model *with, *without;
} pair;

/* The same weights, float32 or int8. */
static pair make(int int8, const char *more)
{
    char text[2][64];
    snprintf(text[0], sizeof text[0], "standardize=1 %s", more);
    snprintf(text[1], sizeof text[1], "standardize=0 %s", more);
    pair p = {test_model(text[0]), test_model(text[1])};
    if (!int8) return p;
    enum { N = 6 };
    uint8_t *rgb = test_pictures(N, TEST_SIZE, TEST_SIZE, 8), *same = malloc((size_t)N * CROP);
    pair q = {NULL, NULL};
    assert_non_null(same);
    for (int i = 0; i < N; ++i)
        clile_i_standardize_pixels(rgb + i * CROP, ROW, TEST_SIZE, same + i * CROP);
    assert_int_equal(clile_model_quantize(p.with, N, rgb, TEST_SIZE, TEST_SIZE, NULL, &q.with),
                     CLILE_OK);
    assert_int_equal(
        clile_model_quantize(p.without, N, same, TEST_SIZE, TEST_SIZE, NULL, &q.without), CLILE_OK);
    clile_model_destroy(p.with);
    clile_model_destroy(p.without);
    free(rgb);
    free(same);
    return q;
}

static void free_pair(pair p)
{
    clile_model_destroy(p.with);
    clile_model_destroy(p.without);
}

static clile_predictor *mirroring(const clile_model *model, const char *value)
{
    clile_options *options = NULL;
    clile_predictor *predictor = NULL;
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    assert_int_equal(clile_options_set(options, CLILE_OPT_MIRROR, value), CLILE_OK);
    assert_int_equal(clile_predictor_create(model, options, &predictor), CLILE_OK);
    clile_options_destroy(options);
    return predictor;
}

/* Crops, of the model's size and of others. */
static void crops(void **state)
{
    (void)state;
    for (int k = 0; k < 4; ++k) {
        const int32_t n = 9;
        const pair p = make(k / 2, "stem=small");
        uint8_t *rgb = test_pictures(n, TEST_SIZE, TEST_SIZE, 2), *same = malloc((size_t)n * CROP);
        float a[9 * TEST_D], b[9 * TEST_D], c[9 * TEST_D], d[9 * TEST_D];
        clile_predictor *with = mirroring(p.with, k % 2 ? "1" : "0"),
                        *without = mirroring(p.without, k % 2 ? "1" : "0");
        assert_non_null(same);
        for (int i = 0; i < n; ++i)
            clile_i_standardize_pixels(rgb + i * CROP, ROW, TEST_SIZE, same + i * CROP);
        assert_int_equal(clile_predictor_run(with, n, rgb, TEST_SIZE, TEST_SIZE, NULL, NULL, a),
                         CLILE_OK);
        assert_int_equal(clile_predictor_run(without, n, same, TEST_SIZE, TEST_SIZE, NULL, NULL, b),
                         CLILE_OK);
        assert_int_equal(clile_predictor_run(without, n, rgb, TEST_SIZE, TEST_SIZE, NULL, NULL, c),
                         CLILE_OK);
        assert_int_equal(clile_predictor_run(with, 1, rgb, TEST_SIZE, TEST_SIZE, NULL, NULL, d),
                         CLILE_OK);
        assert_memory_equal(a, b, sizeof a);
        assert_memory_not_equal(a, c, sizeof a);
        assert_memory_equal(a, d, TEST_D * sizeof *a);
        clile_predictor_destroy(with);
        clile_predictor_destroy(without);
        free(rgb);
        free(same);
        free_pair(p);
    }
}

/* Boxes and landmarks in a photograph: the crop is cut first. */
static void faces(void **state)
{
    (void)state;
    static const double canonical[5][2] = CLILE_I_CANONICAL, box[4] = {25, 20, 70, 80};
    float xy[10];
    double points[10];
    clile_i_affine place[2];
    uint8_t *photo = test_pictures(1, SIDE, SIDE, 5), same[CROP];
    for (int i = 0; i < 10; ++i) points[i] = xy[i] = (float)(20 + 85 * canonical[i / 2][i % 2]);
    assert_int_equal(clile_i_align_box(box, 0.22, SIDE, SIDE, TEST_SIZE, &place[0]), CLILE_OK);
    assert_int_equal(clile_i_align_landmarks(5, points, SIDE, SIDE, TEST_SIZE, &place[1]),
                     CLILE_OK);
    const clile_image image = {sizeof image, CLILE_PIXELS_RGB, SIDE, SIDE, 0, photo};
    const clile_i_image source = {.h = SIDE, .w = SIDE, .row_stride = 3 * SIDE, .rgb = photo};
    const clile_face face[2] = {
        {sizeof face[0], CLILE_FACE_BOX, &image, {25, 20, 70, 80}, 0, 0, NULL},
        {sizeof face[0], CLILE_FACE_POINTS, &image, {0}, 5, 0, xy}};
    for (int int8 = 0; int8 < 2; ++int8) {
        const pair p = make(int8, "");
        clile_predictor *with = test_predictor(p.with, 1, 1),
                        *without = test_predictor(p.without, 1, 1);
        clile_i_cropper cropper = {0};
        assert_int_equal(clile_i_cropper_init(&cropper, TEST_SIZE, 0), CLILE_OK);
        for (int k = 0; k < 2; ++k) {
            const uint8_t *rgb;
            int64_t row_stride;
            float a[TEST_D], b[TEST_D];
            assert_int_equal(clile_i_cropper_cut(&cropper, &source, &place[k], &rgb, &row_stride),
                             CLILE_OK);
            clile_i_standardize_pixels(rgb, row_stride, TEST_SIZE, same);
            assert_int_equal(clile_predictor_run_faces(with, 1, &face[k], NULL, NULL, a), CLILE_OK);
            assert_int_equal(
                clile_predictor_run(without, 1, same, TEST_SIZE, TEST_SIZE, NULL, NULL, b),
                CLILE_OK);
            assert_memory_equal(a, b, sizeof a);
        }
        clile_i_cropper_free(&cropper);
        clile_predictor_destroy(with);
        clile_predictor_destroy(without);
        free_pair(p);
    }
    free(photo);
}

static double distance(int64_t n, const float *a, const float *b)
{
    double difference = 0, length = 0;
    for (int64_t i = 0; i < n; ++i) {
        difference += pow((double)a[i] - (double)b[i], 2);
        length += pow((double)a[i], 2);
    }
    return sqrt(difference / length);
}

/* A picture of another brightness, and a flatter one, are nearly the same picture; one without any
 * contrast has an answer. */
static void light_hardly_counts(void **state)
{
    (void)state;
    enum { N = 4 };
    uint8_t *rgb = test_pictures(N, TEST_SIZE, TEST_SIZE, 2), other[2][N * CROP], flat[CROP];
    for (int i = 0; i < N * CROP; ++i) {
        rgb[i] = (uint8_t)(rgb[i] / 2 + 20);
        other[0][i] = (uint8_t)(rgb[i] + 90);
        other[1][i] = (uint8_t)(30.5 + 0.8 * rgb[i]);
    }
    for (int int8 = 0; int8 < 2; ++int8) {
        const pair p = make(int8, "");
        const clile_model *models[2] = {p.with, p.without};
        for (int without = 0; without < 2; ++without) {
            clile_predictor *predictor = test_predictor(models[without], 1, 1);
            float e[3][N * TEST_D], answer[TEST_C];
            assert_int_equal(
                clile_predictor_run(predictor, N, rgb, TEST_SIZE, TEST_SIZE, NULL, NULL, e[0]),
                CLILE_OK);
            for (int k = 0; k < 2; ++k) {
                assert_int_equal(clile_predictor_run(predictor, N, other[k], TEST_SIZE, TEST_SIZE,
                                                     NULL, NULL, e[1 + k]),
                                 CLILE_OK);
                const double far = distance(N * TEST_D, e[0], e[1 + k]);
                if (without ? !(far > 0.05) : !(far < (k == 0 ? 1e-9 : 0.04)))
                    fail_msg("int8 %d, %s standardize, picture %d: %g", int8,
                             without ? "without" : "with", k, far);
            }
            memset(flat, 200, sizeof flat);
            assert_int_equal(
                clile_predictor_run(predictor, 1, flat, TEST_SIZE, TEST_SIZE, answer, NULL, NULL),
                CLILE_OK);
            for (int c = 0; c < TEST_C; ++c) assert_true(answer[c] > 0 && answer[c] < 1);
            clile_predictor_destroy(predictor);
        }
        free_pair(p);
    }
    free(rgb);
}

/* The file, the JSON and the card say so, and what is read back is the same model; files of models
 * without it keep their formats. */
static void files(void **state)
{
    (void)state;
    static const struct {
        const char *settings, *version[2], *weights;
        int int8;
    } cases[] = {{"", {"1", "5"}, "float32", 0},
                 {"stem=small", {"3", "5"}, "float32", 0},
                 {"stem=small", {"3", "5"}, "int8", 1},
                 {"method=megraph", {"4", "5"}, "float32", 0}};
    uint8_t *rgb = test_pictures(1, TEST_SIZE, TEST_SIZE, 2);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
        const pair p = make(cases[i].int8, cases[i].settings);
        for (int with = 0; with < 2; ++with) {
            clile_model *model = with ? p.with : p.without, *back = NULL;
            clile_i_st *st = NULL;
            char *json = NULL, *card = NULL;
            float a[TEST_C * TEST_D] = {0}, b[TEST_C * TEST_D] = {0};
            assert_true(clile_model_embedding_size(model) <= TEST_C * TEST_D);
            assert_int_equal(clile_model_save(model, path), CLILE_OK);
            assert_int_equal(clile_i_st_open(path, &st), CLILE_OK);
            assert_string_equal(clile_i_st_metadata(st, "format_version"), cases[i].version[with]);
            if (with) {
                assert_string_equal(clile_i_st_metadata(st, "standardize"), "1");
                assert_string_equal(clile_i_st_metadata(st, "weights"), cases[i].weights);
                assert_non_null(clile_i_st_metadata(st, "stem"));
            } else {
                assert_null(clile_i_st_metadata(st, "standardize"));
            }
            clile_i_st_close(st);
            if (clile_model_load(path, &back) != CLILE_OK) fail_msg("%s", clile_last_error());
            assert_int_equal(back->standardize, with);
            assert_ptr_equal(back->method, model->method);
            assert_int_equal(clile_model_copy_json(back, &json), CLILE_OK);
            assert_non_null(strstr(json, with ? "\"standardize\":true" : "\"standardize\":false"));
            assert_int_equal(clile_model_copy_card(back, &card), CLILE_OK);
            assert_int_equal(strstr(card, "standardize") != NULL, with);
            clile_predictor *one = test_predictor(model, 1, 1), *two = test_predictor(back, 1, 1);
            assert_int_equal(clile_predictor_run(one, 1, rgb, TEST_SIZE, TEST_SIZE, NULL, NULL, a),
                             CLILE_OK);
            assert_int_equal(clile_predictor_run(two, 1, rgb, TEST_SIZE, TEST_SIZE, NULL, NULL, b),
                             CLILE_OK);
            assert_memory_equal(a, b, sizeof a);
            clile_free(json);
            clile_free(card);
            clile_predictor_destroy(one);
            clile_predictor_destroy(two);
            clile_model_destroy(back);
        }
        free_pair(p);
    }
    unlink(path);
    free(rgb);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crops),
        cmocka_unit_test(faces),
        cmocka_unit_test(light_hardly_counts),
        cmocka_unit_test(files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
