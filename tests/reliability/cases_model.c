/* One call of each function of models, predictors and trainers. */
#include "reliability/world.h"

#define READS_ONLY "reads or copies what is there"
#define PREDICTS "runs in memory that was made with the predictor"

/* ---- models ---- */

static clile_model *loaded(world *w)
{
    clile_model *model = NULL;
    NEED(clile_model_load(w->model_path, &model));
    return model;
}

/* The whole model, by the file it is saved to. */
static void take_model(world *w, const clile_model *model)
{
    if (model == NULL || !world_ok(w) || w->null_argument != NULL) return;
    NEED(clile_model_save(model, w->scratch));
    world_take_file(w, w->scratch);
}

static void model_create(world *w)
{
    clile_model *out = NULL;
    WATCH(out);
    CALL(clile_model_create(O(options, w->options), WORLD_C, A(au_ids, w->au_ids), A(out, &out)));
    take_model(w, out);
    clile_model_destroy(out);
}

static void model_load(world *w)
{
    clile_model *out = NULL;
    WATCH(out);
    CALL(clile_model_load(A(path, w->model_path), A(out, &out)));
    take_model(w, out);
    clile_model_destroy(out);
}

static void model_load_default(world *w)
{
    clile_model *out = NULL;
    WATCH(out);
    CALL(clile_model_load_default(O(options, w->options), A(out, &out)));
    take_model(w, out);
    clile_model_destroy(out);
}

static void model_copy_default_path(world *w)
{
    char *out = NULL;
    WATCH(out);
    CALL(clile_model_copy_default_path(A(out, &out)));
    clile_free(out);
}

static void model_save(world *w)
{
    CALL(clile_model_save(A(model, w->model), A(path, w->scratch)));
    if (world_ok(w))
        world_take_file(w, w->scratch);
    else
        world_need(w, !clile_i_path_exists(w->scratch), "a failed call leaves no file");
}

static void model_load_memory(world *w)
{
    clile_model *out = NULL;
    uint8_t *bytes = NULL;
    size_t size = 0;
    NEED(clile_model_save_memory(w->model, &bytes, &size));
    WATCH(out);
    CALL(clile_model_load_memory(A(bytes, bytes), size, A(out, &out)));
    take_model(w, out);
    clile_model_destroy(out);
    clile_free(bytes);
}

static void model_save_memory(world *w)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    WATCH(bytes);
    WATCH(size);
    CALL(clile_model_save_memory(A(model, w->model), A(bytes, &bytes), A(size, &size)));
    if (world_ok(w)) world_take(w, bytes, size);
    clile_free(bytes);
}

static void model_export_onnx(world *w)
{
    CALL(clile_model_export_onnx(A(model, w->model), A(path, w->scratch)));
    if (world_ok(w))
        world_take_file(w, w->scratch);
    else
        world_need(w, !clile_i_path_exists(w->scratch), "a failed call leaves no file");
}

static void model_quantize(world *w)
{
    clile_model *out = NULL;
    WATCH(out);
    CALL(clile_model_quantize(A(model, w->model), 2, A(rgb, &w->rgb[0][0][0][0]), WORLD_SIZE,
                              WORLD_SIZE, O(options, w->options), A(out, &out)));
    take_model(w, out);
    clile_model_destroy(out);
}

static void model_import_backbone(world *w)
{
    clile_model *model = NULL;
    NEED(clile_model_create(w->options, WORLD_C, w->au_ids, &model));
    CALL(clile_model_import_backbone(A(model, model), A(path, w->backbone)));
    take_model(w, model);
    clile_model_destroy(model);
}

static void count_item(const clile_import_item *item, void *user)
{
    (void)item;
    (void)user;
}

static void model_import_backbone_report(world *w)
{
    clile_model *model = NULL;
    NEED(clile_model_create(w->options, WORLD_C, w->au_ids, &model));
    CALL(clile_model_import_backbone_report(A(model, model), A(path, w->backbone), O(prefix, ""),
                                            CALLBACK(report, count_item), O(user, w)));
    take_model(w, model);
    clile_model_destroy(model);
}

static int32_t see_tensor(const clile_tensor_info *tensor, void *user)
{
    (void)user;
    return tensor->bytes < 0;
}

static int32_t see_metadata(const char *key, const char *value, void *user)
{
    (void)value;
    (void)user;
    return key[0] == '\0';
}

static void file_inspect(world *w)
{
    int32_t kind = -1;
    CALL(clile_file_inspect(A(path, w->model_path), CALLBACK(tensor, see_tensor),
                            CALLBACK(metadata, see_metadata), O(user, w), O(kind, &kind)));
    if (world_ok(w)) TAKE(kind);
}

static void model_au_count(world *w)
{
    int32_t value = 7;
    CALL_VALUE(value = clile_model_au_count(O(model, w->model)));
    world_need(w, value == (w->null_argument ? 0 : WORLD_C), "c, 0 for NULL");
}

static void model_embedding_size(world *w)
{
    int32_t value = 7;
    CALL_VALUE(value = clile_model_embedding_size(O(model, w->model)));
    world_need(w, value == (w->null_argument ? 0 : WORLD_D), "d, 0 for NULL");
}

static void model_point_count(world *w)
{
    int32_t value = 7;
    CALL_VALUE(value = clile_model_point_count(O(model, w->model)));
    world_need(w, value == (w->null_argument ? 0 : WORLD_POINTS), "p, 0 for NULL");
}

static void model_has_intensity(world *w)
{
    int32_t value = 7;
    CALL_VALUE(value = clile_model_has_intensity(O(model, w->model)));
    world_need(w, value == (w->null_argument ? 0 : 1), "1, 0 for NULL");
}

static void model_estimate_intensity(world *w)
{
    static const float embedding[2][WORLD_D] = {{1, 2}, {0, -1}};
    float intensity[2][WORLD_C] = {{-1}};
    WATCH(intensity);
    CALL(clile_model_estimate_intensity(A(model, w->model), 2, A(embedding, &embedding[0][0]),
                                        A(intensity, &intensity[0][0])));
    TAKE(intensity);
}

static void model_image_size(world *w)
{
    int32_t value = 7;
    CALL_VALUE(value = clile_model_image_size(O(model, w->model)));
    world_need(w, value == (w->null_argument ? 0 : WORLD_SIZE), "pixels, 0 for NULL");
}

static void model_is_trained(world *w)
{
    int32_t value = 7;
    CALL_VALUE(value = clile_model_is_trained(O(model, w->model)));
    world_need(w, value == (w->null_argument == NULL), "1, 0 for NULL");
}

static void model_is_quantized(world *w)
{
    int32_t value = 7;
    CALL_VALUE(value = clile_model_is_quantized(O(model, w->model)));
    world_need(w, value == 0, "0 for a float32 model and for NULL");
}

static void model_copy_au_ids(world *w)
{
    int32_t au_ids[WORLD_C] = {7};
    WATCH(au_ids);
    CALL(clile_model_copy_au_ids(A(model, w->model), A(au_ids, au_ids)));
    TAKE(au_ids);
}

static void model_copy_au_embedding(world *w)
{
    float au_embedding[WORLD_C][WORLD_D] = {{7}};
    WATCH(au_embedding);
    CALL(clile_model_copy_au_embedding(A(model, w->model), A(au_embedding, &au_embedding[0][0])));
    TAKE(au_embedding);
}

static void model_copy_decision(world *w)
{
    float slope[WORLD_C] = {7}, offset[WORLD_C] = {7};
    WATCH(slope);
    WATCH(offset);
    CALL(clile_model_copy_decision(A(model, w->model), A(slope, slope), A(offset, offset)));
    TAKE(slope);
    TAKE(offset);
}

static void model_set_decision(world *w)
{
    clile_model *model = loaded(w);
    CALL(clile_model_set_decision(A(model, model), O(au_embedding, &w->vectors[0][0][0]),
                                  A(slope, w->ones), A(offset, w->zeros)));
    take_model(w, model);
    clile_model_destroy(model);
}

static void model_get_metadata(world *w)
{
    const char *value = NULL;
    CALL_VALUE(value = clile_model_get_metadata(O(model, w->model), O(key, "absent")));
    world_need(w, value == NULL, "NULL for what is absent");
}

static void model_set_metadata(world *w)
{
    clile_model *model = loaded(w);
    CALL(clile_model_set_metadata(A(model, model), A(key, "protocol"), A(value, "bp4d")));
    const char *value = clile_model_get_metadata(model, "protocol");
    world_need(w, world_ok(w) ? value != NULL && strcmp(value, "bp4d") == 0 : value == NULL,
               "the value, or nothing after a failure");
    take_model(w, model);
    clile_model_destroy(model);
}

static void model_copy_json(world *w)
{
    char *out = NULL;
    WATCH(out);
    CALL(clile_model_copy_json(A(model, w->model), A(out, &out)));
    if (out != NULL) world_take(w, out, strlen(out));
    clile_free(out);
}

static void model_copy_card(world *w)
{
    char *out = NULL;
    WATCH(out);
    CALL(clile_model_copy_card(A(model, w->model), A(out, &out)));
    if (out != NULL) world_take(w, out, strlen(out));
    clile_free(out);
}

static void model_set_card(world *w)
{
    clile_model *model = loaded(w);
    CALL(clile_model_set_card(A(model, model), O(markdown, "# Card")));
    if (world_ok(w)) take_model(w, model);
    clile_model_destroy(model);
}

static void model_destroy(world *w)
{
    clile_model *model = loaded(w);
    CALL_VALUE(clile_model_destroy(O(model, model)));
    if (w->null_argument != NULL) clile_model_destroy(model);
}

/* ---- predictors ---- */

typedef struct {
    float probability[3][WORLD_C], embedding[3][WORLD_D];
    int8_t present[3][WORLD_C];
} answer;

static clile_predictor *fresh_predictor(world *w)
{
    clile_predictor *predictor = NULL;
    NEED(clile_predictor_create(w->model, w->options, &predictor));
    return predictor;
}

static void predictor_create(world *w)
{
    clile_predictor *out = NULL;
    answer a = {0};
    WATCH(out);
    CALL(clile_predictor_create(A(model, w->model), O(options, w->options), A(out, &out)));
    if (out != NULL && w->null_argument == NULL) {
        NEED(clile_predictor_run(out, 2, &w->rgb[0][0][0][0], WORLD_SIZE, WORLD_SIZE,
                                 &a.probability[0][0], &a.present[0][0], &a.embedding[0][0]));
        TAKE(a);
    }
    clile_predictor_destroy(out);
}

#define OUTPUTS                                                                                    \
    O(probability, &a.probability[0][0]), O(present, &a.present[0][0]),                            \
        O(embedding, &a.embedding[0][0])
#define FINISH_PREDICTOR                                                                           \
    if (w->null_argument == NULL) TAKE(a);                                                         \
    clile_predictor_destroy(predictor)

static void predictor_run(world *w)
{
    answer a = {0};
    clile_predictor *predictor = fresh_predictor(w);
    CALL(clile_predictor_run(A(predictor, predictor), 2, A(rgb, &w->rgb[0][0][0][0]), WORLD_SIZE,
                             WORLD_SIZE, OUTPUTS));
    FINISH_PREDICTOR;
}

static void predictor_run_strided(world *w)
{
    answer a = {0};
    clile_predictor *predictor = fresh_predictor(w);
    CALL(clile_predictor_run_strided(A(predictor, predictor), 2, A(rgb, &w->rgb[0][0][0][0]),
                                     WORLD_SIZE, WORLD_SIZE, 3 * WORLD_SIZE, 0, OUTPUTS));
    FINISH_PREDICTOR;
}

static void predictor_run_scores(world *w)
{
    answer a = {0};
    clile_predictor *predictor = fresh_predictor(w);
    CALL(clile_predictor_run_scores(A(predictor, predictor), 2, A(rgb, &w->rgb[0][0][0][0]),
                                    WORLD_SIZE, WORLD_SIZE, O(score, &a.probability[0][0]),
                                    O(present, &a.present[0][0]),
                                    O(embedding, &a.embedding[0][0])));
    FINISH_PREDICTOR;
}

/* Each kind of face, in an image of its own format. */
static void run_each_kind(world *w, clile_predictor *predictor, int points)
{
    answer a = {0};
    float xy[3][WORLD_POINTS][2] = {{{0}}};
    const clile_image rgb = {sizeof rgb, CLILE_PIXELS_RGB,   WORLD_SIZE, WORLD_SIZE,
                             0,          &w->rgb[0][0][0][0]};
    const clile_image grey = {sizeof grey, CLILE_PIXELS_GREY, WORLD_SIZE,
                              WORLD_SIZE,  3 * WORLD_SIZE,    &w->rgb[0][0][0][0]};
    clile_face faces[3] = {
        {.struct_size = sizeof faces[0], .kind = CLILE_FACE_CROP, .image = &rgb},
        {.struct_size = sizeof faces[0], .kind = CLILE_FACE_BOX, .image = &grey},
        {.struct_size = sizeof faces[0], .kind = CLILE_FACE_POINTS, .image = &rgb, .points = 5}};
    memcpy(faces[1].box, w->box, sizeof faces[1].box);
    faces[2].xy = w->landmarks;
    if (points) {
        CALL(clile_predictor_run_points(A(predictor, predictor), 3, A(faces, faces),
                                        O(xy, &xy[0][0][0])));
        if (world_ok(w)) TAKE(xy);
    } else {
        CALL(clile_predictor_run_faces(A(predictor, predictor), 3, A(faces, faces), OUTPUTS));
    }
    FINISH_PREDICTOR;
}

static void predictor_run_faces(world *w)
{
    run_each_kind(w, fresh_predictor(w), 0);
}

static void predictor_run_points(world *w)
{
    run_each_kind(w, fresh_predictor(w), 1);
}

static int32_t count_on(int64_t done, int64_t all, void *user)
{
    (void)user;
    return done > all; /* 0: continue */
}

static void predictor_run_dataset(world *w)
{
    answer a = {0};
    int8_t success[3] = {0};
    const int64_t indices[3] = {4, 0, 11};
    clile_predictor *predictor = fresh_predictor(w);
    const clile_answers to = {.struct_size = sizeof to,
                              .probability = &a.probability[0][0],
                              .present = &a.present[0][0],
                              .embedding = &a.embedding[0][0],
                              .success = success};
    CALL(clile_predictor_run_dataset(A(predictor, predictor), A(dataset, w->arrays),
                                     w->null_argument ? 0 : 3, O(indices, indices), A(answers, &to),
                                     CALLBACK(progress, count_on), O(user, w)));
    FINISH_PREDICTOR;
}

static void predictor_get_model(world *w)
{
    clile_predictor *predictor = fresh_predictor(w);
    const clile_model *model = NULL;
    CALL_VALUE(model = clile_predictor_get_model(O(predictor, predictor)));
    world_need(w, w->null_argument != NULL ? model == NULL : clile_model_au_count(model) == WORLD_C,
               "the predictor's model");
    clile_predictor_destroy(predictor);
}

static void report_add_predictor(world *w)
{
    float score[WORLD_N][WORLD_C] = {{0}};
    char *text = NULL;
    clile_report *report = NULL;
    clile_predictor *predictor = fresh_predictor(w);
    const clile_answers to = {.struct_size = sizeof to, .score = &score[0][0]};
    NEED(clile_report_create(WORLD_C, w->au_ids, "bp4d", &report));
    CALL(clile_report_add_predictor(A(report, report), 1, A(predictor, predictor),
                                    A(dataset, w->arrays), O(answers, &to),
                                    CALLBACK(progress, count_on), O(user, w)));
    if (world_ok(w) && w->null_argument == NULL) {
        NEED(clile_report_copy_json(report, &text));
        world_take(w, text, strlen(text));
        TAKE(score);
    }
    clile_free(text);
    clile_report_destroy(report);
    clile_predictor_destroy(predictor);
}

static void predictor_get_misfit(world *w)
{
    clile_predictor *predictor = fresh_predictor(w);
    const char *text = "";
    CALL_VALUE(text = clile_predictor_get_misfit(O(predictor, predictor), CLILE_FACE_BOX));
    world_need(w, text == NULL || text[0] != '\0', "a sentence or nothing");
    clile_predictor_destroy(predictor);
}

static void predictor_destroy(world *w)
{
    clile_predictor *predictor = fresh_predictor(w);
    CALL_VALUE(clile_predictor_destroy(O(predictor, predictor)));
    if (w->null_argument != NULL) clile_predictor_destroy(predictor);
}

/* ---- trainers ---- */

static void trainer_create(world *w)
{
    clile_model *model = NULL;
    clile_trainer *out = NULL;
    NEED(clile_model_create(w->options, WORLD_C, w->au_ids, &model));
    WATCH(out);
    CALL(clile_trainer_create(A(model, model), A(train, w->arrays), O(options, w->options),
                              A(out, &out)));
    if (out == NULL)
        NEED(clile_model_set_decision(model, NULL, w->ones,
                                      /* a create that failed does not hold the model */
                                      w->zeros));
    clile_trainer_destroy(out);
    clile_model_destroy(model);
}

static int32_t train_on(const clile_progress *progress, void *user)
{
    (void)user;
    return progress->step > progress->steps; /* 0: continue */
}

/* A whole stage. After a step has failed the trainer returns STATE only; a call that failed
 * before the first step can be repeated. */
static void run_stage(world *w, int32_t stage, const char *settings)
{
    clile_model *model = NULL;
    clile_trainer *trainer = world_trainer(w, settings, &model);
    if (stage == 2 && clile_trainer_needs_stage1(trainer))
        NEED(clile_trainer_run(trainer, 1, NULL, NULL));
    w->state_allowed = 1;
    CALL(clile_trainer_run(A(trainer, trainer), stage, CALLBACK(progress, train_on), O(user, w)));
    if (world_ok(w) && stage == 1) { /* after stage 2 everything is in the model */
        NEED(clile_trainer_save(trainer, w->scratch));
        world_take_file(w, w->scratch);
    }
    clile_trainer_destroy(trainer);
    if (world_ok(w)) take_model(w, model);
    clile_model_destroy(model);
}

static void trainer_run_stage1(world *w)
{
    run_stage(w, 1, "elimination=orthogonal");
}
static void trainer_run_orthogonal(world *w)
{
    run_stage(w, 2, "elimination=orthogonal");
}
static void trainer_run_mixed(world *w)
{
    run_stage(w, 2, "elimination=mixed ema=0.9 validation=0.3 batch=8");
}
static void trainer_run_adversarial(world *w)
{
    run_stage(w, 2, "elimination=adversarial");
}
static void trainer_run_bce(world *w)
{
    run_stage(w, 2, "method=bce");
}

static int32_t stop_at_once(const clile_progress *progress, void *user)
{
    (void)progress;
    (void)user;
    return 1;
}

/* In the middle of a stage, with images that are read from their files in every step: what runs
 * out is the memory of a step. */
static void trainer_run_on(world *w)
{
    clile_model *model = NULL;
    clile_trainer *trainer = NULL;
    clile_options *options = NULL;
    NEED(clile_options_copy(w->options, &options));
    NEED(clile_options_set_i64(options, CLILE_OPT_CACHE_MB, 0));
    NEED(clile_options_set_i64(options, CLILE_OPT_EPOCHS_STAGE1, 2));
    clile_dataset *images = NULL;
    NEED(clile_dataset_open(w->images, options, &images));
    NEED(clile_model_create(options, WORLD_C, w->au_ids, &model));
    NEED(clile_trainer_create(model, images, options, &trainer));
    world_need(w, clile_trainer_run(trainer, 1, stop_at_once, NULL) == CLILE_E_CANCELLED,
               "stopped after a step");
    w->state_allowed = 1;
    CALL(clile_trainer_run(A(trainer, trainer), 1, CALLBACK(progress, train_on), O(user, w)));
    if (world_ok(w)) {
        NEED(clile_trainer_save(trainer, w->scratch));
        world_take_file(w, w->scratch);
    }
    clile_trainer_destroy(trainer);
    clile_model_destroy(model);
    clile_dataset_destroy(images);
    clile_options_destroy(options);
}

static int32_t stop_at_the_end(const clile_progress *progress, void *user)
{
    (void)user;
    return progress->step == progress->steps;
}

/* Every step is done and only the end of the stage is left: whatever fails there, the same call
 * can be made again. */
static void run_end(world *w, int32_t stage)
{
    clile_model *model = NULL;
    clile_trainer *trainer = world_trainer(w, "", &model);
    if (stage == 2) NEED(clile_trainer_run(trainer, 1, NULL, NULL));
    world_need(w, clile_trainer_run(trainer, stage, stop_at_the_end, NULL) == CLILE_E_CANCELLED,
               "stopped at the end");
    CALL(clile_trainer_run(A(trainer, trainer), stage, CALLBACK(progress, train_on), O(user, w)));
    if (world_ok(w) && stage == 1 && w->null_argument == NULL) {
        NEED(clile_trainer_save(trainer, w->scratch));
        world_take_file(w, w->scratch);
    }
    clile_trainer_destroy(trainer);
    if (world_ok(w) && stage == 2) take_model(w, model);
    clile_model_destroy(model);
}

static void trainer_run_end_of_stage1(world *w)
{
    run_end(w, 1);
}

static void trainer_run_end_of_stage2(world *w)
{
    run_end(w, 2);
}

static void trainer_needs_stage1(world *w)
{
    clile_model *model = NULL;
    clile_trainer *trainer = world_trainer(w, "method=bce", &model);
    int32_t needs = 7;
    CALL_VALUE(needs = clile_trainer_needs_stage1(O(trainer, trainer)));
    world_need(w, needs == 0, "no stage 1 for method=bce, 0 for NULL");
    clile_trainer_destroy(trainer);
    clile_model_destroy(model);
}

static void trainer_next_stage(world *w)
{
    clile_model *model = NULL;
    clile_trainer *trainer = world_trainer(w, "method=bce", &model);
    int32_t next = 7;
    CALL_VALUE(next = clile_trainer_next_stage(O(trainer, trainer)));
    world_need(w, next == (w->null_argument ? 0 : 2), "stage 2 of method=bce, 0 for NULL");
    clile_trainer_destroy(trainer);
    clile_model_destroy(model);
}

static void trainer_get_state(world *w)
{
    clile_model *model = NULL;
    clile_trainer *trainer = world_trainer(w, "", &model);
    clile_trainer_state state = {.struct_size = sizeof state};
    WATCH(state);
    CALL(clile_trainer_get_state(A(trainer, trainer), A(state, &state)));
    if (world_ok(w)) TAKE(state);
    clile_trainer_destroy(trainer);
    clile_model_destroy(model);
}

static int32_t pull(clile_loss_batch *batch, void *user)
{
    (void)user;
    batch->loss = 1;
    batch->diff_logits[0] = 0.5f;
    return 0;
}

/* The run that follows allocates for the loss, too. */
static void trainer_set_loss(world *w)
{
    clile_model *model = NULL;
    clile_trainer *trainer = world_trainer(w, "method=bce", &model);
    CALL(clile_trainer_set_loss(A(trainer, trainer), CLILE_LOSS_ADDS, CALLBACK(fn, pull),
                                O(user, w)));
    if (world_ok(w) && w->null_argument == NULL) {
        NEED(clile_trainer_run(trainer, 2, NULL, NULL));
        float vectors[WORLD_C][WORLD_D];
        NEED(clile_model_copy_au_embedding(model, &vectors[0][0]));
        TAKE(vectors);
    }
    clile_trainer_destroy(trainer);
    clile_model_destroy(model);
}

static void trainer_set_validation_every(world *w)
{
    clile_model *model = NULL;
    clile_trainer *trainer = world_trainer(w, "", &model);
    CALL(clile_trainer_set_validation_every(A(trainer, trainer), 2));
    clile_trainer_destroy(trainer);
    clile_model_destroy(model);
}

static void trainer_set_history(world *w)
{
    clile_model *model = NULL;
    clile_trainer *trainer = world_trainer(w, "", &model);
    CALL(clile_trainer_set_history(A(trainer, trainer), O(path, w->scratch)));
    clile_trainer_destroy(trainer);
    clile_model_destroy(model);
}

static int32_t sum_of_one(void *user, int32_t type, int64_t count, void *values)
{
    (void)user, (void)type, (void)count, (void)values;
    return 0;
}

static int32_t copy_of_one(void *user, int32_t root, int64_t bytes, void *data)
{
    (void)user, (void)root, (void)bytes, (void)data;
    return 0;
}

static void trainer_set_communicator(world *w)
{
    clile_model *model = NULL;
    clile_trainer *trainer = world_trainer(w, "", &model);
    const clile_communicator one = {
        .struct_size = sizeof one, .size = 1, .allreduce = sum_of_one, .broadcast = copy_of_one};
    CALL(clile_trainer_set_communicator(A(trainer, trainer), O(communicator, &one)));
    clile_trainer_destroy(trainer);
    clile_model_destroy(model);
}

static void trainer_set_tensorboard(world *w)
{
    clile_model *model = NULL;
    clile_trainer *trainer = world_trainer(w, "", &model);
    CALL(clile_trainer_set_tensorboard(A(trainer, trainer), O(folder, w->folder)));
    clile_trainer_destroy(trainer);
    clile_model_destroy(model);
}

/* Resumed in the middle of stage 2: the history is cut and gets a line. */
static void trainer_run_with_history(world *w)
{
    clile_model *model = NULL;
    clile_trainer *trainer = world_trainer(w, "", &model);
    NEED(clile_trainer_set_history(trainer, w->history));
    NEED(clile_trainer_set_tensorboard(trainer, w->folder));
    NEED(clile_trainer_resume(trainer, w->running));
    w->state_allowed = 1;
    CALL(clile_trainer_run(A(trainer, trainer), clile_trainer_next_stage(trainer),
                           CALLBACK(progress, train_on), O(user, w)));
    clile_trainer_destroy(trainer);
    if (world_ok(w)) take_model(w, model);
    clile_model_destroy(model);
    (void)remove(w->history);
    (void)remove(w->events);
}

static void trainer_save(world *w)
{
    clile_model *model = NULL;
    clile_trainer *trainer = world_trainer(w, "", &model);
    /* there is more to save in the middle of a stage */
    NEED(clile_trainer_resume(trainer, w->running));
    CALL(clile_trainer_save(A(trainer, trainer), A(path, w->scratch)));
    if (world_ok(w))
        world_take_file(w, w->scratch);
    else
        world_need(w, !clile_i_path_exists(w->scratch), "a failed call leaves no file");
    clile_trainer_destroy(trainer);
    clile_model_destroy(model);
}

static void resume(world *w, const char *path)
{
    clile_model *model = NULL;
    clile_trainer *trainer = world_trainer(w, "", &model);
    CALL(clile_trainer_resume(A(trainer, trainer), A(path, path)));
    if (world_ok(w)) {
        NEED(clile_trainer_save(trainer, w->scratch));
        world_take_file(w, w->scratch);
    }
    clile_trainer_destroy(trainer);
    clile_model_destroy(model);
}

static void trainer_resume(world *w)
{
    resume(w, w->checkpoint);
}
static void trainer_resume_running(world *w)
{
    resume(w, w->running);
}

static void trainer_destroy(world *w)
{
    clile_model *model = NULL;
    clile_trainer *trainer = world_trainer(w, "", &model);
    CALL_VALUE(clile_trainer_destroy(O(trainer, trainer)));
    if (w->null_argument != NULL) clile_trainer_destroy(trainer);
    clile_model_destroy(model);
}

const world_case world_cases_model[] = {
    {"clile_model_create", model_create, NULL, 0},
    {"clile_model_load", model_load, NULL, 0},
    {"clile_model_save", model_save, NULL, 0},
    {"clile_model_load_default", model_load_default, NULL, 0},
    {"clile_model_copy_default_path", model_copy_default_path, NULL, 0},
    {"clile_model_load_memory", model_load_memory, NULL, 0},
    {"clile_model_save_memory", model_save_memory, NULL, 0},
    {"clile_model_export_onnx", model_export_onnx, NULL, 0},
    {"clile_model_quantize", model_quantize, NULL, 100},
    {"clile_model_import_backbone", model_import_backbone, NULL, 0},
    {"clile_model_import_backbone_report", model_import_backbone_report, NULL, 0},
    {"clile_file_inspect", file_inspect, NULL, 0},
    {"clile_model_au_count", model_au_count, READS_ONLY, 0},
    {"clile_model_point_count", model_point_count, READS_ONLY, 0},
    {"clile_model_has_intensity", model_has_intensity, READS_ONLY, 0},
    {"clile_model_estimate_intensity", model_estimate_intensity, READS_ONLY, 0},
    {"clile_model_embedding_size", model_embedding_size, READS_ONLY, 0},
    {"clile_model_image_size", model_image_size, READS_ONLY, 0},
    {"clile_model_is_trained", model_is_trained, READS_ONLY, 0},
    {"clile_model_is_quantized", model_is_quantized, READS_ONLY, 0},
    {"clile_model_copy_au_ids", model_copy_au_ids, READS_ONLY, 0},
    {"clile_model_copy_au_embedding", model_copy_au_embedding, READS_ONLY, 0},
    {"clile_model_copy_decision", model_copy_decision, READS_ONLY, 0},
    {"clile_model_set_decision", model_set_decision, "overwrites what is there", 0},
    {"clile_model_get_metadata", model_get_metadata, READS_ONLY, 0},
    {"clile_model_set_metadata", model_set_metadata, NULL, 0},
    {"clile_model_copy_json", model_copy_json, NULL, 0},
    {"clile_model_copy_card", model_copy_card, NULL, 0},
    {"clile_model_set_card", model_set_card, NULL, 0},
    {"clile_model_destroy", model_destroy, "frees", 0},
    {"clile_predictor_create", predictor_create, NULL, 200},
    {"clile_predictor_run", predictor_run, PREDICTS, 0},
    {"clile_predictor_run_strided", predictor_run_strided, PREDICTS, 0},
    {"clile_predictor_run_scores", predictor_run_scores, PREDICTS, 0},
    {"clile_predictor_run_faces", predictor_run_faces, PREDICTS, 0},
    {"clile_predictor_run_points", predictor_run_points, PREDICTS, 0},
    {"clile_predictor_run_dataset", predictor_run_dataset, NULL, 0},
    {"clile_report_add_predictor", report_add_predictor, NULL, 0},
    {"clile_predictor_get_misfit", predictor_get_misfit, READS_ONLY, 0},
    {"clile_predictor_get_model", predictor_get_model, READS_ONLY, 0},
    {"clile_predictor_destroy", predictor_destroy, "frees", 0},
    {"clile_trainer_create", trainer_create, NULL, 0},
    {"clile_trainer_run", trainer_run_stage1, NULL, 200},
    {"clile_trainer_run", trainer_run_on, NULL, 0},
    {"clile_trainer_run", trainer_run_end_of_stage1, NULL, 0},
    {"clile_trainer_run", trainer_run_end_of_stage2, NULL, 100},
    {"clile_trainer_run", trainer_run_orthogonal, NULL, 10},
    {"clile_trainer_run", trainer_run_mixed, NULL, 100},
    {"clile_trainer_run", trainer_run_adversarial, NULL, 10},
    {"clile_trainer_run", trainer_run_bce, NULL, 10},
    {"clile_trainer_run", trainer_run_with_history, NULL, 60},
    {"clile_trainer_needs_stage1", trainer_needs_stage1, READS_ONLY, 0},
    {"clile_trainer_next_stage", trainer_next_stage, READS_ONLY, 0},
    {"clile_trainer_get_state", trainer_get_state, READS_ONLY, 0},
    {"clile_trainer_set_loss", trainer_set_loss, NULL, 0},
    {"clile_trainer_set_validation_every", trainer_set_validation_every, READS_ONLY, 0},
    {"clile_trainer_set_communicator", trainer_set_communicator, NULL, 0},
    {"clile_trainer_set_history", trainer_set_history, NULL, 0},
    {"clile_trainer_set_tensorboard", trainer_set_tensorboard, NULL, 0},
    {"clile_trainer_save", trainer_save, NULL, 150},
    {"clile_trainer_resume", trainer_resume, NULL, 0},
    {"clile_trainer_resume", trainer_resume_running, NULL, 40},
    {"clile_trainer_destroy", trainer_destroy, "frees", 0},
    {NULL, NULL, NULL, 0},
};
