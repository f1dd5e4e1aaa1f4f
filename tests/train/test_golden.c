/* Ten SGD steps of each stage and elimination (five of two), and five of each method, against
 * values that PyTorch computed in float64 from docs/method.md and docs/methods.md only: the losses
 * of each step, and the final value of every tensor. Origin of data/golden/train.safetensors:
 * tests/parity/parity.py --write-golden (tests/parity/golden_train.py says what it contains); of
 * data/golden/train_methods.safetensors: tests/reference/train_methods.py.
 *
 * A run starts from the golden values by resuming a checkpoint composed here: that of a fresh
 * trainer, with other tensors. */
#include "parity/golden.h"

#include "data/scratch.h"

#include <clile/trainer.h>

#include <unistd.h>

enum { STEPS = 10, SAMPLES = 48, MOST = 1 << 18 /* elements of a tensor */ };
/* relative, of the losses and of the change of a tensor over the steps */
static const double bound = 1e-3;

static const char *const vector_names[] = {"ile",
                                           "au",
                                           "null",
                                           "scale",
                                           "bias",
                                           "deviation",
                                           "deviation_bias",
                                           "classifier",
                                           "classifier_bias"};
enum { VECTORS = sizeof vector_names / sizeof *vector_names };

typedef struct {
    const clile_i_st *golden;
    char name[32];
    int32_t stage;
    int uses_ile; /* method=cl-ile: the checkpoint holds E_ID, and in stage 2 the ILEs */
    char fresh_path[64], start_path[64], end_path[64];
    clile_options *options;
    clile_dataset *data;
    clile_model *model;
    clile_trainer *trainer;
    int64_t steps; /* of its losses in the file */
    double losses[STEPS][4];
    scratch folder; /* of images with landmarks */
} run;

#define OK(call)                                                                                   \
    do {                                                                                           \
        if ((call) != CLILE_OK) fail_msg("%s: %s", #call, clile_last_error());                     \
    } while (0)

/* ---- inputs ---- */

/* Sets the "key=value" lines of a metadata entry. */
static void set_options(run *r, const char *key)
{
    const char *text = clile_i_st_metadata(r->golden, key);
    assert_non_null(text);
    char *copy = clile_i_strdup(text), *rest = copy;
    while (rest != NULL && *rest != '\0') {
        char *line = rest, *end = strchr(line, '\n'), *equals = strchr(line, '=');
        rest = end != NULL ? end + 1 : NULL;
        if (end != NULL) *end = '\0';
        assert_non_null(equals);
        *equals = '\0';
        OK(clile_options_set(r->options, line, equals + 1));
    }
    clile_i_free(copy);
}

/* The same data as a folder with landmarks, whose aligned crops are the images themselves. */
static void open_folder(run *r, const int64_t *shape, const uint8_t *images, const int8_t *labels,
                        const int32_t *subject)
{
    float *points = golden_copy(r->golden, "data.points", CLILE_I_ST_F32, NULL);
    const int32_t h = (int32_t)shape[1], w = (int32_t)shape[2];
    uint8_t *crop = malloc((size_t)(h * w * 3));
    clile_i_text manifest = {0};
    char name[16];
    assert_true(h == w && crop != NULL);
    clile_i_text_append(&manifest, "image,subject,AU1,AU2,AU4,AU6,x0,y0,x1,y1,x2,y2,x3,y3,x4,y4\n");
    for (int i = 0; i < shape[0]; ++i) {
        snprintf(name, sizeof name, "%d.png", i);
        OK(clile_i_image_write_png(scratch_path(&r->folder, name), h, w, 3,
                                   images + (int64_t)i * h * w * 3));
        clile_i_text_append(&manifest, "%s,%d", name, (int)subject[i]);
        for (int c = 0; c < 4; ++c) clile_i_text_append(&manifest, ",%d", labels[4 * i + c]);
        for (int k = 0; k < 10; ++k)
            clile_i_text_append(&manifest, ",%.9g", (double)points[10 * i + k] * h);
        clile_i_text_append(&manifest, "\n");
    }
    assert_int_equal(manifest.status, CLILE_OK);
    scratch_text(&r->folder, "manifest.csv", manifest.data);
    OK(clile_dataset_open(r->folder.path, r->options, &r->data));
    for (int i = 0; i < shape[0]; ++i) {
        OK(clile_dataset_copy_crop(r->data, i, h, crop));
        assert_memory_equal(crop, images + (int64_t)i * h * w * 3, (size_t)(h * w * 3));
    }
    clile_i_text_free(&manifest);
    free(points), free(crop);
}

static void open_data(run *r)
{
    int64_t images_shape[4] = {0}, labels_shape[4] = {0};
    uint8_t *images = golden_copy(r->golden, "data.images", CLILE_I_ST_U8, images_shape);
    int8_t *labels = golden_copy(r->golden, "data.labels", CLILE_I_ST_I8, labels_shape);
    int32_t *subject = golden_copy(r->golden, "data.subject", CLILE_I_ST_I32, NULL);
    static const int32_t au_ids[4] = {1, 2, 4, 6};
    assert_int_equal(labels_shape[1], 4);
    if (clile_i_st_find(r->golden, "data.points") != NULL)
        open_folder(r, images_shape, images, labels, subject);
    else
        OK(clile_dataset_from_arrays(images_shape[0], (int32_t)images_shape[1],
                                     (int32_t)images_shape[2], images, 4, au_ids, labels, subject,
                                     &r->data));
    OK(clile_model_create(r->options, 4, au_ids, &r->model));
    OK(clile_trainer_create(r->model, r->data, r->options, &r->trainer));
    free(images), free(labels), free(subject);
}

static void begin(run *r, const clile_i_st *golden, const char *name)
{
    char key[64];
    memset(r, 0, sizeof *r);
    r->golden = golden;
    snprintf(r->name, sizeof r->name, "%s", name);
    snprintf(r->fresh_path, sizeof r->fresh_path, "golden-%ld-fresh.safetensors", (long)getpid());
    snprintf(r->start_path, sizeof r->start_path, "golden-%ld-start.safetensors", (long)getpid());
    snprintf(r->end_path, sizeof r->end_path, "golden-%ld-end.safetensors", (long)getpid());
    snprintf(key, sizeof key, "%s.stage", name);
    r->stage = (int32_t)golden_number(golden, key);
    OK(clile_options_create(&r->options));
    OK(clile_options_set(r->options, CLILE_OPT_STEM, "imagenet")); /* unless the case says more */
    set_options(r, "model");
    set_options(r, "train");
    snprintf(key, sizeof key, "%s.options", name);
    set_options(r, key);
    const char *method;
    OK(clile_options_get_str(r->options, CLILE_OPT_METHOD, &method));
    r->uses_ile = strcmp(method, "cl-ile") == 0;
    r->folder = scratch_make();
    open_data(r);
}

static void end(run *r)
{
    clile_trainer_destroy(r->trainer);
    clile_model_destroy(r->model);
    clile_dataset_destroy(r->data);
    clile_options_destroy(r->options);
    remove(r->fresh_path);
    remove(r->start_path);
    remove(r->end_path);
    scratch_free(&r->folder);
}

/* ---- the checkpoint from which a run starts ---- */

static void put(clile_i_st_writer *writer, const char *name, const clile_i_st_tensor *t,
                const void *data)
{
    assert_true(t->count <= MOST);
    OK(clile_i_st_writer_add(writer, name, CLILE_I_ST_F32, t->ndim, t->shape, data));
}

static int is_used(const run *r, const char *vector)
{
    char name[96];
    snprintf(name, sizeof name, "%s.end.vector.%s", r->name, vector);
    return clile_i_st_find(r->golden, name) != NULL;
}

/* The value that a run starts from: that of this case, or of all. */
static const clile_i_st_tensor *start_of(const run *r, const char *name)
{
    char own[192];
    snprintf(own, sizeof own, "%s.%s", r->name, name);
    const clile_i_st_tensor *t = clile_i_st_find(r->golden, own);
    if (t == NULL) t = clile_i_st_find(r->golden, name);
    if (t == NULL) fail_msg("%s: no %s", r->name, name);
    return t;
}

/* The name in a checkpoint: without the case's in front. */
static const char *plain_name(const run *r, const char *name)
{
    const size_t size = strlen(r->name);
    return strncmp(name, r->name, size) == 0 && name[size] == '.' ? name + size + 1 : name;
}

/* net.*, id.* and the momentum (zeros) of the encoder that is trained. */
static void put_encoders(const run *r, clile_i_st_writer *writer, const float *zeros)
{
    char name[128];
    const char *trained = r->stage == 1 ? "id." : "net.";
    for (int64_t i = 0; i < clile_i_st_count(r->golden); ++i) {
        const clile_i_st_tensor *t = clile_i_st_at(r->golden, i);
        const char *plain = plain_name(r, t->name);
        const int is_net = strncmp(plain, "net.", 4) == 0, is_id = strncmp(plain, "id.", 3) == 0;
        if (is_net || (is_id && r->uses_ile)) put(writer, plain, t, t->data);
        if (strncmp(plain, trained, strlen(trained)) != 0) continue;
        snprintf(name, sizeof name, "m.%s", plain + strlen(trained));
        put(writer, name, t, zeros);
    }
}

static void put_vectors(const run *r, clile_i_st_writer *writer, const float *zeros)
{
    char name[64];
    for (size_t i = 0; i < VECTORS; ++i) {
        const int used = is_used(r, vector_names[i]);
        const int stage1_ile = strcmp(vector_names[i], "ile") == 0 && r->stage == 2 && r->uses_ile;
        if (!used && !stage1_ile) continue;
        snprintf(name, sizeof name, "vectors.%s", vector_names[i]);
        const clile_i_st_tensor *t = start_of(r, name);
        if (stage1_ile) put(writer, "stage1.ile", t, t->data);
        if (!used) continue;
        snprintf(name, sizeof name, "head.%s", vector_names[i]);
        put(writer, name, t, t->data);
        snprintf(name, sizeof name, "head.%s.m", vector_names[i]);
        put(writer, name, t, zeros);
    }
}

static void put_metadata(const run *r, clile_i_st_writer *writer, const clile_i_st *fresh)
{
    for (int64_t i = 0; i < clile_i_st_metadata_count(fresh); ++i) {
        const char *key, *value;
        clile_i_st_metadata_at(fresh, i, &key, &value);
        if (strcmp(key, "clile_crc32") == 0) continue; /* the writer's own */
        if (strcmp(key, "stage") == 0) value = r->stage == 1 ? "1" : "2";
        if (strcmp(key, "running") == 0) value = "1";
        if (strcmp(key, "stage1_done") == 0) value = r->stage == 2 && r->uses_ile ? "1" : "0";
        OK(clile_i_st_writer_metadata(writer, key, value));
    }
}

static void resume_from_golden(run *r)
{
    static const float zeros[MOST];
    clile_i_st_writer *writer = NULL;
    OK(clile_trainer_save(r->trainer, r->fresh_path));
    clile_i_st *fresh = golden_open(r->fresh_path);
    OK(clile_i_st_writer_create(&writer));
    put_metadata(r, writer, fresh);
    put_encoders(r, writer, zeros);
    put_vectors(r, writer, zeros);
    const clile_i_st_tensor *au = clile_i_st_find(fresh, "start.au");
    assert_non_null(au);
    put(writer, "start.au", au, au->data);
    OK(clile_i_st_writer_write(writer, r->start_path));
    clile_i_st_writer_destroy(writer);
    clile_i_st_close(fresh);
    OK(clile_trainer_resume(r->trainer, r->start_path));
}

/* ---- the run and what is expected of it ---- */

static int32_t on_progress(const clile_progress *progress, void *user)
{
    run *r = user;
    assert_in_range(progress->step, 1, r->steps);
    double *row = r->losses[progress->step - 1];
    row[0] = progress->loss;
    row[1] = progress->loss_bce;
    row[2] = progress->loss_contra;
    row[3] = progress->loss_elimination + progress->loss_method; /* of which a case has one */
    return progress->step == r->steps;
}

static void read_steps(run *r)
{
    char name[64];
    int64_t shape[4] = {0};
    snprintf(name, sizeof name, "%s.losses", r->name);
    free(golden_copy(r->golden, name, CLILE_I_ST_F64, shape));
    r->steps = shape[0];
    assert_true(r->steps >= 5 && r->steps <= STEPS);
}

static void check_losses(const run *r)
{
    char name[64];
    int64_t shape[4] = {0};
    snprintf(name, sizeof name, "%s.losses", r->name);
    double *expected = golden_copy(r->golden, name, CLILE_I_ST_F64, shape);
    for (int i = 0; i < r->steps; ++i)
        for (int k = 0; k < 4; ++k)
            if (!(fabs(r->losses[i][k] - expected[4 * i + k]) <=
                  bound * fmax(fabs(expected[4 * i + k]), 1e-3)))
                fail_msg("%s, step %d, loss %d: %.9g, expected %.9g", r->name, i + 1, k,
                         r->losses[i][k], expected[4 * i + k]);
    free(expected);
}

/* Root mean squares over the samples of a tensor. */
typedef struct {
    double change, error, value;
} deviation;

static deviation deviation_of(const run *r, const clile_i_st *end,
                              const clile_i_st_tensor *expected)
{
    char start_name[128], end_name[128];
    const char *name = expected->name + strlen(r->name) + strlen(".end.");
    const int is_vector = strncmp(name, "vector.", 7) == 0;
    const char *encoder = r->stage == 1 ? "id" : "net";
    if (is_vector) {
        snprintf(start_name, sizeof start_name, "vectors.%s", name + 7);
        snprintf(end_name, sizeof end_name, "head.%s", name + 7);
    } else {
        snprintf(start_name, sizeof start_name, "%s.%s", encoder, name);
        snprintf(end_name, sizeof end_name, "%s.%s", encoder, name);
    }
    float *wanted = golden_copy(r->golden, expected->name, CLILE_I_ST_F32, NULL);
    const clile_i_st_tensor *from = start_of(r, start_name);
    float *start = golden_copy(r->golden, from->name, CLILE_I_ST_F32, NULL);
    float *found = golden_copy(end, end_name, CLILE_I_ST_F32, NULL);
    const int64_t count = from->count, every = (count + SAMPLES - 1) / SAMPLES;
    assert_int_equal(clile_i_st_find(end, end_name)->count, count);
    assert_int_equal(expected->count, (count + every - 1) / every);
    deviation sum = {0.0, 0.0, 0.0};
    for (int64_t i = 0; i < expected->count; ++i) {
        const double change = (double)wanted[i] - (double)start[i * every];
        const double error = (double)wanted[i] - (double)found[i * every];
        sum.change += change * change / (double)expected->count;
        sum.error += error * error / (double)expected->count;
        sum.value += (double)wanted[i] * (double)wanted[i] / (double)expected->count;
    }
    free(wanted), free(start), free(found);
    return (deviation){sqrt(sum.change), sqrt(sum.error), sqrt(sum.value)};
}

/* Each tensor must have changed as PyTorch says. A change below a hundredth of the mean one, or
 * below 3e-4 of the value itself (so that 1e-3 of it is float32's rounding), counts as that
 * much. */
static void check_tensors(const run *r)
{
    clile_i_st *end = golden_open(r->end_path);
    char prefix[64];
    double mean_change = 0.0;
    int64_t tensors = 0;
    snprintf(prefix, sizeof prefix, "%s.end.", r->name);
    for (int pass = 0; pass < 2; ++pass)
        for (int64_t i = 0; i < clile_i_st_count(r->golden); ++i) {
            const clile_i_st_tensor *t = clile_i_st_at(r->golden, i);
            if (strncmp(t->name, prefix, strlen(prefix)) != 0) continue;
            const deviation found = deviation_of(r, end, t);
            if (pass == 0) {
                mean_change += found.change;
                ++tensors;
                continue;
            }
            const double least = fmax(0.01 * mean_change / (double)tensors, 3e-4 * found.value);
            if (!(found.error <= bound * fmax(found.change, least)))
                fail_msg("%s: error %.3g (rms), changed by %.3g", t->name, found.error,
                         found.change);
        }
    assert_true(tensors > 60);
    clile_i_st_close(end);
}

/* least_long: so many cases have all STEPS, the others fewer. */
static void replay(const char *path, int least, int least_long)
{
    static run r;
    clile_i_st *golden = golden_open(path);
    char *names = clile_i_strdup(clile_i_st_metadata(golden, "cases")), *rest = names;
    int cases = 0, long_ones = 0;
    assert_non_null(names);
    while (rest != NULL && *rest != '\0') {
        char *name = rest, *separator = strchr(rest, ';');
        rest = separator != NULL ? separator + 1 : NULL;
        if (separator != NULL) *separator = '\0';
        begin(&r, golden, name);
        resume_from_golden(&r);
        read_steps(&r);
        assert_int_equal(clile_trainer_run(r.trainer, r.stage, on_progress, &r), CLILE_E_CANCELLED);
        OK(clile_trainer_save(r.trainer, r.end_path));
        check_losses(&r);
        check_tensors(&r);
        end(&r);
        ++cases;
        long_ones += r.steps == STEPS;
    }
    assert_true(cases >= least && long_ones >= least_long);
    clile_i_free(names);
    clile_i_st_close(golden);
}

static void test_runs(void **state)
{
    (void)state;
    replay(CLILE_TEST_DATA "/golden/train.safetensors", 8, 6);
}

static void test_methods(void **state)
{
    (void)state;
    replay(CLILE_TEST_DATA "/golden/train_methods.safetensors", 9, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_runs), cmocka_unit_test(test_methods)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
