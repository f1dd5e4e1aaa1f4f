/* The points that a model keeps: how near they are, and that they survive files and int8. */
#include "train/internal.h"
#include "train/target_faces.h"

static const char kept[] = "points_kept.safetensors", bad[] = "points_bad.safetensors";

enum { SEEN = 60, UNSEEN = 8, FRAMES = 8 };

static clile_trainer *trainer_of(const scratch *s, const char *settings, clile_model **model,
                                 clile_status expected)
{
    clile_options *options = toy_options(settings);
    clile_dataset *data = NULL;
    clile_trainer *trainer = NULL;
    require(clile_options_set(options, "targets", "t.safetensors"));
    require(clile_dataset_open(s->path, options, &data));
    if (*model == NULL) *model = toy_model(options);
    const clile_status status = clile_trainer_create(*model, data, options, &trainer);
    if (status != expected) fail_msg("%s", clile_last_error());
    clile_dataset_destroy(data);
    clile_options_destroy(options);
    return trainer;
}

/* Trained once for all tests. */
static clile_model *trained(const scratch *s)
{
    clile_model *model = NULL;
    faces_write(s, &(faces_request){FRAMES, SEEN, 1, 0.05f});
    clile_trainer *t =
        trainer_of(s,
                   "method=bce exchange_halves=0 epochs=30 learning_rate=0.01 weight_decay=0 "
                   "keep_points=1 ema=0.9 box_margin=0.22",
                   &model, CLILE_OK);
    require(clile_trainer_run(t, 2, NULL, NULL));
    clile_trainer_destroy(t);
    return model;
}

/* Points of faces of people that were not trained on, as [n,p,2] pixels, and the same by the mean
 * place in the box. */
typedef struct {
    float found[UNSEEN * 4][FACE_POINTS][2], truth[UNSEEN * 4][FACE_POINTS][2];
    float box[UNSEEN * 4][4];
} look;

static void find_points(const clile_model *model, const char *mirror, look *out)
{
    static uint8_t rgb[FACE_SIDE * FACE_SIDE * 3];
    float landmarks[2 * CLILE_SYNTH_LANDMARKS];
    clile_predictor *predictor = NULL;
    clile_options *options = toy_options("");
    require(clile_options_set(options, "mirror", mirror));
    require(clile_predictor_create(model, options, &predictor));
    clile_options_destroy(options);
    for (int i = 0; i < UNSEEN * 4; ++i) {
        clile_face face = {.struct_size = sizeof face, .kind = CLILE_FACE_BOX};
        const clile_image image = {sizeof image, CLILE_PIXELS_RGB, FACE_SIDE, FACE_SIDE, 0, rgb};
        face_draw(100 + i / 4, i % 4, rgb, landmarks, out->box[i]);
        face.image = &image;
        memcpy(face.box, out->box[i], sizeof face.box);
        for (int k = 0; k < FACE_POINTS; ++k)
            memcpy(out->truth[i][k], landmarks + 2 * face_points[k], sizeof out->truth[i][k]);
        require(clile_predictor_run_points(predictor, 1, &face, &out->found[i][0][0]));
    }
    clile_predictor_destroy(predictor);
}

/* Mean distance in shares of the longer side of the box; with `mean`, of the mean place in boxes
 * of these very faces. */
static double error_of(const look *l, int mean)
{
    double sum = 0, place[FACE_POINTS][2] = {{0}};
    enum { N = UNSEEN * 4 };
    for (int i = 0; i < N; ++i)
        for (int k = 0; k < 2 * FACE_POINTS; ++k)
            place[k / 2][k % 2] +=
                (double)((l->truth[i][k / 2][k % 2] - l->box[i][k % 2]) / l->box[i][2 + k % 2]) / N;
    for (int i = 0; i < N; ++i) {
        const float *b = l->box[i];
        const double side = fmax((double)b[2], (double)b[3]);
        for (int k = 0; k < FACE_POINTS; ++k) {
            double off[2];
            for (int axis = 0; axis < 2; ++axis)
                off[axis] = (mean ? (double)b[axis] + place[k][axis] * (double)b[2 + axis]
                                  : (double)l->found[i][k][axis]) -
                            (double)l->truth[i][k][axis];
            sum += hypot(off[0], off[1]) / side;
        }
    }
    return sum / (N * FACE_POINTS);
}

typedef struct {
    scratch s;
    clile_model *model;
} fixture;

static int set_up(void **state)
{
    static fixture f;
    f.s = scratch_make();
    f.model = trained(&f.s);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    clile_model_destroy(f->model);
    scratch_free(&f->s);
    return 0;
}

/* On people never seen: off by at most 0.04 of the box's side, and by less than half as much as
 * the mean place of these very faces. */
static void test_points_are_found(void **state)
{
    const fixture *f = *state;
    static look l;
    assert_int_equal(clile_model_point_count(f->model), FACE_POINTS);
    find_points(f->model, "0", &l);
    const double found = error_of(&l, 0), mean = error_of(&l, 1);
    if (!(found < 0.04 && found < 0.5 * mean))
        fail_msg("points are %g of the box's side off, the mean place %g", found, mean);
    /* with the mirror image, whose points change sides */
    const float before = l.found[3][1][0];
    find_points(f->model, "1", &l);
    if (!(error_of(&l, 0) < 1.05 * found && l.found[3][1][0] != before))
        fail_msg("with the mirror image points are %g off, without %g", error_of(&l, 0), found);
}

static void test_files_and_int8_keep_them(void **state)
{
    const fixture *f = *state;
    clile_model *back = NULL, *small = NULL, *small_back = NULL;
    static look a, b;
    static uint8_t crops[16][TOY_SIZE][TOY_SIZE][3];
    find_points(f->model, "0", &a);
    require(clile_model_save(f->model, kept));
    require(clile_model_load(kept, &back));
    assert_int_equal(clile_model_point_count(back), FACE_POINTS);
    for (int k = 0; k < FACE_POINTS; ++k)
        assert_int_equal(back->points.mirror[k], face_points_mirror[k]);
    find_points(back, "0", &b);
    assert_memory_equal(a.found, b.found, sizeof a.found);
    char *json = NULL;
    require(clile_model_copy_json(back, &json));
    assert_non_null(strstr(json, "\"format_version\":1,"));
    assert_non_null(strstr(json, "\"points\":7,"));
    clile_free(json);

    clile_options *options = toy_options("box_margin=0.22");
    clile_dataset *data = NULL;
    require(clile_dataset_open(f->s.path, options, &data));
    for (int64_t i = 0; i < 16; ++i)
        require(clile_dataset_copy_crop(data, 20 * i, TOY_SIZE, &crops[i][0][0][0]));
    require(clile_model_quantize(back, 16, &crops[0][0][0][0], TOY_SIZE, TOY_SIZE, NULL, &small));
    assert_int_equal(clile_model_point_count(small), FACE_POINTS);
    find_points(small, "0", &b);
    const double found = error_of(&b, 0), exact = error_of(&a, 0);
    if (!(found < exact + 0.01))
        fail_msg("int8: %g of the box's side off, float32 %g", found, exact);
    require(clile_model_save(small, kept));
    require(clile_model_load(kept, &small_back));
    find_points(small_back, "0", &a);
    assert_memory_equal(a.found, b.found, sizeof a.found);
    clile_model_destroy(small_back);
    clile_model_destroy(small);
    clile_model_destroy(back);
    clile_dataset_destroy(data);
    clile_options_destroy(options);
}

/* They are those of the encoder: another one, or a training without them, drops them. */
static void test_another_encoder_drops_them(void **state)
{
    const fixture *f = *state;
    clile_model *model = NULL;
    require(clile_model_save(f->model, kept));
    require(clile_model_load(kept, &model));
    clile_trainer *t = trainer_of(&f->s, "method=bce epochs=1", &model, CLILE_OK);
    require(clile_trainer_run(t, 2, NULL, NULL));
    clile_trainer_destroy(t);
    assert_int_equal(clile_model_point_count(model), 0);
    clile_predictor *predictor = NULL;
    float xy[2 * FACE_POINTS];
    require(clile_predictor_create(model, NULL, &predictor));
    assert_failed(clile_predictor_run_points(predictor, 0, NULL, xy), CLILE_E_UNSUPPORTED,
                  "the model has no points; it keeps them when it is trained with keep_points=1");
    clile_predictor_destroy(predictor);
    clile_model_destroy(model);
    assert_int_equal(clile_model_point_count(NULL), 0);
}

static void test_what_is_refused(void **state)
{
    const fixture *f = *state;
    clile_model *model = NULL;
    assert_null(
        trainer_of(&f->s, "keep_points=1 lambda_points=0", &model, CLILE_E_INVALID_ARGUMENT));
    assert_non_null(strstr(clile_last_error(), "keep_points=1, but there are no points to learn"));
    clile_predictor *predictor = NULL;
    require(clile_predictor_create(f->model, NULL, &predictor));
    assert_failed(clile_predictor_run_points(predictor, -1, NULL, NULL), CLILE_E_INVALID_ARGUMENT,
                  "clile_predictor_run_points: n is -1");
    assert_failed(clile_predictor_run_points(predictor, 1, NULL, NULL), CLILE_E_INVALID_ARGUMENT,
                  "clile_predictor_run_points: faces is NULL");
    require(clile_predictor_run_points(predictor, 0, NULL, NULL));
    clile_predictor_destroy(predictor);
    clile_model_destroy(model);
}

/* ---- damaged files ---- */

static void write_bad(const clile_model *model, int64_t p, int64_t d, int64_t bias,
                      const int32_t *mirror, int weight)
{
    static float zeros[64 * 64];
    clile_i_st_writer *writer = NULL;
    clile_i_points none = model->points;
    clile_model *other = (clile_model *)(uintptr_t)model; /* given back below */
    const int64_t shape[2] = {p, d};
    require(clile_i_st_writer_create(&writer));
    other->points = (clile_i_points){0};
    require(clile_i_model_put(writer, model));
    other->points = none;
    if (weight) clile_i_st_writer_add(writer, "points.weight", CLILE_I_ST_F32, 2, shape, zeros);
    if (bias > 0) clile_i_st_writer_add(writer, "points.bias", CLILE_I_ST_F32, 1, &bias, zeros);
    if (mirror != NULL) {
        const int64_t count = p / 2;
        clile_i_st_writer_add(writer, "points_mirror", CLILE_I_ST_I32, 1, &count, mirror);
    }
    require(clile_i_st_writer_write(writer, bad));
    clile_i_st_writer_destroy(writer);
}

static void test_damaged_files(void **state)
{
    const fixture *f = *state;
    clile_model *model = NULL;
    static const int32_t fine[2] = {1, 0}, one_way[2] = {1, 1}, outside[2] = {0, 2};
    const int64_t d = clile_model_embedding_size(f->model);
    const struct {
        int64_t p, d, bias;
        const int32_t *mirror;
        int weight;
        const char *text; /* NULL: it loads */
    } cases[] = {
        {4, d, 4, fine, 1, NULL},
        {4, d, 4, NULL, 1, NULL},
        {4, d, 2, NULL, 1, "tensor \"points.bias\": expected F32 [4], found F32 [2]"},
        {4, d, 0, NULL, 1, "no tensor \"points.bias\""},
        {4, d, 4, NULL, 0, "no tensor \"points.weight\""},
        {4, d - 1, 4, NULL, 1, "tensor \"points.weight\": expected F32 [4, 16]"},
        {5, d, 5, NULL, 1, "tensor \"points.weight\": expected F32 [4, 16]"},
        {4, d, 4, one_way, 1, "points_mirror: the partner of 0 is 1"},
        {4, d, 4, outside, 1, "points_mirror: the partner of 1 is 2"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; ++k) {
        write_bad(f->model, cases[k].p, cases[k].d, cases[k].bias, cases[k].mirror,
                  cases[k].weight);
        if (cases[k].text == NULL) {
            require(clile_model_load(bad, &model));
            assert_int_equal(clile_model_point_count(model), 2);
            clile_model_destroy(model);
        } else {
            assert_failed(clile_model_load(bad, &model), CLILE_E_FORMAT, cases[k].text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_points_are_found),
        cmocka_unit_test(test_files_and_int8_keep_them),
        cmocka_unit_test(test_another_encoder_drops_them),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_damaged_files),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
