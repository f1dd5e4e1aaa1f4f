/* Every public structure with a size field that a caller passes follows one rule (docs/abi.md). */
#include "reliability/world.h"

#include <stdlib.h>

static world w;
static clile_predictor *predictor;
static clile_trainer *trainer;

/* One call with the structure at `given`, whose struct_size is set. */
static clile_status describe(void *given)
{
    return clile_options_describe(0, given);
}

static clile_status counts(void *given)
{
    return clile_dataset_copy_counts(w.arrays, given);
}

static clile_status trainer_state(void *given)
{
    return clile_trainer_get_state(trainer, given);
}

static clile_status image(void *given)
{
    const clile_image usual = {sizeof usual,      CLILE_PIXELS_RGB, WORLD_SIZE, WORLD_SIZE, 0,
                               &w.rgb[0][0][0][0]};
    const clile_face face = {.struct_size = sizeof face, .kind = CLILE_FACE_CROP, .image = given};
    memcpy((char *)given + sizeof(uint32_t), (const char *)&usual + sizeof(uint32_t),
           sizeof usual - sizeof(uint32_t));
    return clile_predictor_run_faces(predictor, 1, &face, NULL, NULL, NULL);
}

static clile_status face(void *given)
{
    static clile_image whole = {sizeof whole, CLILE_PIXELS_RGB, WORLD_SIZE, WORLD_SIZE, 0, NULL};
    const clile_face usual = {.kind = CLILE_FACE_CROP, .image = &whole};
    whole.pixels = &w.rgb[0][0][0][0];
    memcpy((char *)given + sizeof(uint32_t), (const char *)&usual + sizeof(uint32_t),
           sizeof usual - sizeof(uint32_t));
    return clile_predictor_run_faces(predictor, 1, given, NULL, NULL, NULL);
}

static clile_status answers(void *given)
{
    memset((char *)given + sizeof(uint32_t), 0, sizeof(clile_answers) - sizeof(uint32_t));
    return clile_predictor_run_dataset(predictor, w.arrays, 1, NULL, given, NULL, NULL);
}

static clile_evaluation *evaluation_of_nobody(void)
{
    clile_evaluation *made = NULL;
    if (clile_evaluation_create(WORLD_C, w.au_ids, &made) != CLILE_OK) abort();
    return made;
}

static clile_status evaluation_part(void *given)
{
    static const char *const names[1] = {"image"};
    clile_evaluation *evaluation = evaluation_of_nobody();
    clile_evaluation_part part = {.struct_size = sizeof part, .model = "", .protocol = ""};
    clile_status status =
        clile_evaluation_add_part(evaluation, &part, 1, &w.score[0][0], NULL, &w.present[0][0],
                                  &w.labels[0][0], w.subject, NULL, names);
    if (status == CLILE_OK) status = clile_evaluation_get_part(evaluation, 0, given);
    clile_evaluation_destroy(evaluation);
    return status;
}

static clile_status evaluation_rows(void *given)
{
    clile_evaluation *evaluation = evaluation_of_nobody();
    memset((char *)given + sizeof(uint32_t), 0, sizeof(clile_evaluation_rows) - sizeof(uint32_t));
    const clile_status status = clile_evaluation_copy_rows(evaluation, 0, 0, given);
    clile_evaluation_destroy(evaluation);
    return status;
}

static clile_status comparison(void *given)
{
    memset((char *)given + sizeof(uint32_t), 0, sizeof(clile_comparison) - sizeof(uint32_t));
    return clile_metrics_compare("f1", WORLD_N, WORLD_C, &w.score[0][0], &w.present[0][0],
                                 &w.score[0][0], &w.present[0][0], &w.labels[0][0], w.subject,
                                 given);
}

static int32_t tell(clile_finder *finder, const clile_image *picture, void *user)
{
    (void)picture;
    (void)user;
    return clile_finder_add(finder, w.box, 1.0f, 0, NULL) != CLILE_OK;
}

static clile_status found_face(void *given)
{
    const clile_image usual = {sizeof usual,      CLILE_PIXELS_RGB, WORLD_SIZE, WORLD_SIZE, 0,
                               &w.rgb[0][0][0][0]};
    clile_finder *finder = NULL;
    int64_t count = 0;
    clile_status status = clile_finder_create(tell, NULL, NULL, &finder);
    if (status == CLILE_OK) status = clile_finder_find(finder, &usual, &count);
    if (status == CLILE_OK) status = clile_finder_get(finder, 0, given);
    clile_finder_destroy(finder);
    return status;
}

static clile_status frame(void *given)
{
    clile_video *video = NULL;
    int32_t more = 0;
    clile_status status = clile_video_open("film", NULL, &video);
    if (status == CLILE_OK) status = clile_video_next(video, given, &more);
    clile_video_destroy(video);
    return status;
}

static int32_t sum(void *user, int32_t type, int64_t count, void *values)
{
    (void)user, (void)type, (void)count, (void)values;
    return 0;
}

static int32_t copy(void *user, int32_t root, int64_t bytes, void *data)
{
    (void)user, (void)root, (void)bytes, (void)data;
    return 0;
}

static clile_status communicator(void *given)
{
    const clile_communicator usual = {.size = 1, .allreduce = sum, .broadcast = copy};
    clile_model *own_model = NULL;
    clile_trainer *own = world_trainer(&w, "", &own_model);
    uint8_t *bytes = given;
    uint8_t before[sizeof usual];
    memcpy(before, bytes, sizeof before);
    memcpy(bytes + sizeof(uint32_t), (const uint8_t *)&usual + sizeof(uint32_t),
           sizeof usual - sizeof(uint32_t));
    const clile_status status = clile_trainer_set_communicator(own, given);
    memcpy(bytes, before, sizeof before);
    clile_trainer_destroy(own);
    clile_model_destroy(own_model);
    return status;
}

static clile_status event(void *given)
{
    static const int32_t au = 12;
    static const int64_t person = 1;
    static const float high = 0.9f;
    clile_events *events = NULL;
    int32_t more = 0;
    clile_status status = clile_events_create(1, &au, NULL, &events);
    if (status == CLILE_OK) status = clile_events_add(events, 1, 0.0, 1, &person, &high);
    if (status == CLILE_OK) status = clile_events_add(events, 2, 1.0, 0, NULL, NULL);
    if (status == CLILE_OK) status = clile_events_end(events);
    if (status == CLILE_OK) status = clile_events_take(events, given, &more);
    clile_events_destroy(events);
    return status;
}

static const struct {
    const char *name;
    size_t size;
    int32_t output; /* the library writes it */
    clile_status (*call)(void *given);
} table[] = {
    {"clile_option_info", sizeof(clile_option_info), 1, describe},
    {"clile_dataset_counts", sizeof(clile_dataset_counts), 1, counts},
    {"clile_trainer_state", sizeof(clile_trainer_state), 1, trainer_state},
    {"clile_communicator", sizeof(clile_communicator), 0, communicator},
    {"clile_image", sizeof(clile_image), 0, image},
    {"clile_face", sizeof(clile_face), 0, face},
    {"clile_answers", sizeof(clile_answers), 0, answers},
    {"clile_found_face", sizeof(clile_found_face), 1, found_face},
    {"clile_frame", sizeof(clile_frame), 1, frame},
    {"clile_evaluation_part", sizeof(clile_evaluation_part), 1, evaluation_part},
    {"clile_comparison", sizeof(clile_comparison), 0, comparison},
    {"clile_evaluation_rows", sizeof(clile_evaluation_rows), 0, evaluation_rows},
    {"clile_event", sizeof(clile_event), 1, event},
};
/* Handed out by the library to a function of the caller's; their tests look at struct_size. */
static const char *const told[] = {"clile_progress", "clile_tensor_info", "clile_import_item",
                                   "clile_loss_batch"};

static void every_structure_follows_the_rule(void **state)
{
    (void)state;
    static union {
        uint64_t align;
        uint32_t struct_size;
        uint8_t bytes[8192];
    } given;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; ++i) {
        const uint32_t size = (uint32_t)table[i].size;
        const uint32_t wrong[] = {0, 3, 4, size - 1, 4097, UINT32_MAX};
        for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; ++k) {
            char text[64];
            memset(&given, 0x5a, sizeof given);
            given.struct_size = wrong[k];
            snprintf(text, sizeof text, "struct_size is %u, expected %u", (unsigned)wrong[k],
                     (unsigned)size);
            if (table[i].call(&given) != CLILE_E_INVALID_ARGUMENT ||
                strstr(clile_last_error(), text) == NULL)
                fail_msg("%s of %u bytes: %s", table[i].name, (unsigned)wrong[k],
                         clile_last_error());
            if (table[i].output && given.bytes[4] != 0x5a)
                fail_msg("%s of %u bytes was written", table[i].name, (unsigned)wrong[k]);
        }
        const uint32_t fine[] = {size, size + 16, 4096};
        for (size_t k = 0; k < sizeof fine / sizeof fine[0]; ++k) {
            memset(&given, 0x5a, sizeof given);
            given.struct_size = fine[k];
            if (table[i].call(&given) != CLILE_OK)
                fail_msg("%s of %u bytes: %s", table[i].name, (unsigned)fine[k],
                         clile_last_error());
            if (given.struct_size != fine[k]) fail_msg("%s: struct_size changed", table[i].name);
            for (uint32_t b = size; b < sizeof given.bytes; ++b)
                if (given.bytes[b] != (table[i].output && b < fine[k] ? 0 : 0x5a))
                    fail_msg("%s of %u bytes: byte %u is %d", table[i].name, (unsigned)fine[k],
                             (unsigned)b, given.bytes[b]);
        }
    }
}

/* As many as the headers declare. */
static void none_is_left_out(void **state)
{
    (void)state;
    char line[1024];
    size_t found = 0;
    FILE *names = popen("cat " CLILE_INCLUDE "/clile/*.h", "r");
    assert_non_null(names);
    while (fgets(line, sizeof line, names) != NULL)
        found += strstr(line, "    uint32_t struct_size;") == line;
    pclose(names);
    assert_int_equal(found, sizeof table / sizeof table[0] + sizeof told / sizeof told[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_structure_follows_the_rule),
                                       cmocka_unit_test(none_is_left_out)};
    clile_model *model = NULL;
    world_make(&w);
    trainer = world_trainer(&w, "", &model);
    if (clile_predictor_create(w.model, w.options, &predictor) != CLILE_OK) return 1;
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    clile_predictor_destroy(predictor);
    clile_trainer_destroy(trainer);
    clile_model_destroy(model);
    world_destroy(&w);
    return failed;
}
