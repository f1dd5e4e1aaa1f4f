/* One call of each function of finders, readers and trackers. The finder "dlib" is a stub
 * (face/stub.c), next to the program. */
#include "reliability/world.h"

static int32_t tell(clile_finder *finder, const clile_image *image, void *user)
{
    const world *w = user;
    (void)image;
    return clile_finder_add(finder, w->box, 1.0f, 0, NULL) != CLILE_OK;
}

static clile_image picture(world *w)
{
    const clile_image image = {sizeof image,       CLILE_PIXELS_RGB, WORLD_SIZE, WORLD_SIZE, 0,
                               &w->rgb[0][0][0][0]};
    return image;
}

static clile_finder *fresh_finder(world *w)
{
    clile_finder *finder = NULL;
    NEED(clile_finder_create(tell, w, NULL, &finder));
    return finder;
}

static void finder_create(world *w)
{
    clile_finder *out = NULL;
    WATCH(out);
    CALL(clile_finder_create(world_null(w, "find", 0) ? NULL : tell, O(user, w),
                             O(options, w->options), A(out, &out)));
    clile_finder_destroy(out);
}

static void finder_create_default(world *w)
{
    clile_finder *out = NULL;
    WATCH(out);
    CALL(clile_finder_create_default(O(options, w->options), A(out, &out)));
    clile_finder_destroy(out);
}

static void finder_create_by_name(world *w)
{
    clile_finder *out = NULL;
    WATCH(out);
    CALL(clile_finder_create_by_name(A(name, "dlib"), O(options, w->options), A(out, &out)));
    clile_finder_destroy(out);
}

static void finder_get_name(world *w)
{
    clile_finder *finder = fresh_finder(w);
    const char *text = "";
    CALL_VALUE(text = clile_finder_get_name(O(finder, finder)));
    world_need(w, text == NULL || strcmp(text, "callback") == 0, "the finder's name");
    clile_finder_destroy(finder);
}

/* With the module: it allocates. */
static void finder_find(world *w)
{
    clile_finder *finder = NULL;
    const clile_image image = picture(w);
    int64_t count = -1;
    NEED(clile_finder_create_default(w->options, &finder));
    WATCH(count);
    CALL(clile_finder_find(A(finder, finder), A(image, &image), A(count, &count)));
    TAKE(count);
    clile_finder_destroy(finder);
}

static void finder_get(world *w)
{
    clile_finder *finder = fresh_finder(w);
    const clile_image image = picture(w);
    clile_found_face face = {.struct_size = sizeof face};
    int64_t count = 0;
    NEED(clile_finder_find(finder, &image, &count));
    CALL(clile_finder_get(A(finder, finder), 0, A(face, &face)));
    TAKE(face.box);
    clile_finder_destroy(finder);
}

/* Within a search, where alone it is allowed. */
static int32_t add_within(clile_finder *finder, const clile_image *image, void *user)
{
    static const float xy[10] = {9, 11, 21, 11, 15, 18, 10, 24, 20, 24};
    world *w = user;
    (void)image;
    CALL(clile_finder_add(A(finder, finder), A(box, w->box), 1.0f, 5, A(xy, xy)));
    return 0;
}

static void finder_add(world *w)
{
    const clile_image image = picture(w);
    clile_finder *finder = NULL;
    int64_t count = 0;
    NEED(clile_finder_create(add_within, w, NULL, &finder));
    const clile_status status = clile_finder_find(finder, &image, &count);
    if (world_ok(w) && w->fired == 0)
        world_need(w, status == CLILE_OK && count == 1, "one face was found");
    clile_finder_destroy(finder);
}

static void finder_destroy(world *w)
{
    clile_finder *finder = fresh_finder(w);
    CALL_VALUE(clile_finder_destroy(O(finder, finder)));
    if (w->null_argument != NULL) clile_finder_destroy(finder);
}

/* ---- readers ---- */

static clile_reader *fresh_reader(world *w)
{
    clile_finder *finder = fresh_finder(w);
    clile_reader *reader = NULL;
    NEED(clile_reader_create(w->model, finder, w->options, &reader));
    clile_finder_destroy(finder); /* the reader keeps it */
    return reader;
}

static void reader_create(world *w)
{
    clile_reader *out = NULL;
    clile_finder *finder = fresh_finder(w);
    WATCH(out);
    CALL(clile_reader_create(A(model, w->model), O(finder, finder), O(options, w->options),
                             A(out, &out)));
    clile_finder_destroy(finder);
    clile_reader_destroy(out);
}

/* Model and finder lie beside the program. */
static void reader_create_default(world *w)
{
    clile_reader *out = NULL;
    WATCH(out);
    CALL(clile_reader_create_default(O(options, w->options), A(out, &out)));
    clile_reader_destroy(out);
}

static void take_answer(world *w, const clile_reader *reader)
{
    float probability[WORLD_C] = {0};
    if (world_ok(w)) NEED(clile_reader_get(reader, 0, NULL, probability, NULL, NULL));
    TAKE(probability);
}

static void reader_read(world *w)
{
    clile_reader *reader = fresh_reader(w);
    int64_t count = -1;
    WATCH(count);
    CALL(clile_reader_read(A(reader, reader), A(path, w->photo), A(count, &count)));
    take_answer(w, reader);
    clile_reader_destroy(reader);
}

static void reader_read_image(world *w)
{
    clile_reader *reader = fresh_reader(w);
    const clile_image image = picture(w);
    int64_t count = -1;
    WATCH(count);
    CALL(clile_reader_read_image(A(reader, reader), A(image, &image), A(count, &count)));
    take_answer(w, reader);
    clile_reader_destroy(reader);
}

static void reader_get(world *w)
{
    clile_reader *reader = fresh_reader(w);
    const clile_image image = picture(w);
    clile_found_face face = {.struct_size = sizeof face};
    float probability[WORLD_C], embedding[WORLD_D];
    int8_t present[WORLD_C];
    int64_t count = 0;
    NEED(clile_reader_read_image(reader, &image, &count));
    CALL(clile_reader_get(A(reader, reader), 0, O(face, &face), O(probability, probability),
                          O(present, present), O(embedding, embedding)));
    clile_reader_destroy(reader);
}

static void reader_set_points_model(world *w)
{
    clile_reader *reader = fresh_reader(w);
    CALL(clile_reader_set_points_model(A(reader, reader), O(model, w->model),
                                       O(options, w->options)));
    clile_reader_destroy(reader);
}

static void reader_get_model(world *w)
{
    clile_reader *reader = fresh_reader(w);
    const clile_model *model = NULL;
    CALL_VALUE(model = clile_reader_get_model(O(reader, reader)));
    world_need(w, w->null_argument != NULL ? model == NULL : clile_model_au_count(model) == WORLD_C,
               "the reader's model");
    clile_reader_destroy(reader);
}

static void reader_destroy(world *w)
{
    clile_reader *reader = fresh_reader(w);
    CALL_VALUE(clile_reader_destroy(O(reader, reader)));
    if (w->null_argument != NULL) clile_reader_destroy(reader);
}

/* ---- trackers ---- */

static clile_tracker *fresh_tracker(world *w)
{
    clile_finder *finder = fresh_finder(w);
    clile_tracker *tracker = NULL;
    NEED(clile_tracker_create(w->model, finder, w->options, &tracker));
    clile_finder_destroy(finder); /* the tracker keeps it */
    return tracker;
}

static void tracker_create(world *w)
{
    clile_tracker *out = NULL;
    clile_finder *finder = fresh_finder(w);
    WATCH(out);
    CALL(clile_tracker_create(A(model, w->model), O(finder, finder), O(options, w->options),
                              A(out, &out)));
    clile_finder_destroy(finder);
    clile_tracker_destroy(out);
}

/* The second frame: followed, and looked at. */
static void tracker_read(world *w)
{
    clile_finder *finder = fresh_finder(w);
    clile_options *options = NULL;
    clile_tracker *tracker = NULL;
    const clile_image image = picture(w);
    int64_t count = -1, person = 0;
    float probability[WORLD_C] = {0};
    NEED(clile_options_copy(w->options, &options));
    NEED(clile_options_set_i64(options, CLILE_OPT_FIND_EVERY, 1));
    NEED(clile_tracker_create(w->model, finder, options, &tracker));
    NEED(clile_tracker_read(tracker, &image, &count));
    count = -1;
    WATCH(count);
    CALL(clile_tracker_read(A(tracker, tracker), A(image, &image), A(count, &count)));
    if (world_ok(w))
        NEED(clile_tracker_get(tracker, 0, &person, NULL, NULL, probability, NULL, NULL));
    TAKE(person);
    TAKE(probability);
    clile_tracker_destroy(tracker);
    clile_options_destroy(options);
    clile_finder_destroy(finder);
}

static void tracker_get(world *w)
{
    clile_tracker *tracker = fresh_tracker(w);
    const clile_image image = picture(w);
    clile_found_face face = {.struct_size = sizeof face};
    float probability[WORLD_C], embedding[WORLD_D];
    int8_t present[WORLD_C];
    int32_t found = 0;
    int64_t count = 0, person = 0;
    NEED(clile_tracker_read(tracker, &image, &count));
    CALL(clile_tracker_get(A(tracker, tracker), 0, O(person, &person), O(found, &found),
                           O(face, &face), O(probability, probability), O(present, present),
                           O(embedding, embedding)));
    clile_tracker_destroy(tracker);
}

static void tracker_get_model(world *w)
{
    clile_tracker *tracker = fresh_tracker(w);
    const clile_model *model = NULL;
    CALL_VALUE(model = clile_tracker_get_model(O(tracker, tracker)));
    world_need(w, w->null_argument != NULL ? model == NULL : clile_model_au_count(model) == WORLD_C,
               "the tracker's model");
    clile_tracker_destroy(tracker);
}

static void tracker_destroy(world *w)
{
    clile_tracker *tracker = fresh_tracker(w);
    CALL_VALUE(clile_tracker_destroy(O(tracker, tracker)));
    if (w->null_argument != NULL) clile_tracker_destroy(tracker);
}

/* ---- a person's own neutral ---- */

static clile_neutral *fresh_neutral(world *w)
{
    static const float probability[WORLD_C] = {0.2f, 0.6f};
    clile_neutral *neutral = NULL;
    NEED(clile_neutral_create(w->model, &neutral));
    for (int i = 0; i < CLILE_NEUTRAL_LEAST; ++i) NEED(clile_neutral_add(neutral, 3, probability));
    return neutral;
}

static void neutral_create(world *w)
{
    clile_neutral *out = NULL;
    WATCH(out);
    CALL(clile_neutral_create(A(model, w->model), A(out, &out)));
    clile_neutral_destroy(out);
}

static void neutral_add(world *w)
{
    static const float probability[WORLD_C] = {0.9f, 0.1f};
    float centred[WORLD_C] = {0};
    clile_neutral *neutral = fresh_neutral(w);
    /* a new person: the table grows */
    CALL(clile_neutral_add(A(neutral, neutral), 1, A(probability, probability)));
    if (world_ok(w)) {
        for (int i = 1; i < CLILE_NEUTRAL_LEAST; ++i)
            NEED(clile_neutral_add(neutral, 1, probability));
        NEED(clile_neutral_apply(neutral, 1, probability, centred, NULL));
    }
    TAKE(centred);
    clile_neutral_destroy(neutral);
}

static void neutral_apply(world *w)
{
    static const float probability[WORLD_C] = {0.9f, 0.1f};
    float centred[WORLD_C] = {0};
    int8_t present[WORLD_C] = {0};
    clile_neutral *neutral = fresh_neutral(w);
    CALL(clile_neutral_apply(A(neutral, neutral), 3, A(probability, probability),
                             O(centred, centred), O(present, present)));
    TAKE(centred);
    clile_neutral_destroy(neutral);
}

static void neutral_least(world *w)
{
    clile_neutral *neutral = fresh_neutral(w);
    int32_t least = 0;
    CALL_VALUE(least = clile_neutral_least(O(neutral, neutral)));
    TAKE(least);
    clile_neutral_destroy(neutral);
}

static void neutral_destroy(world *w)
{
    clile_neutral *neutral = fresh_neutral(w);
    CALL_VALUE(clile_neutral_destroy(O(neutral, neutral)));
    if (w->null_argument != NULL) clile_neutral_destroy(neutral);
}

#define READS_ONLY "reads or copies what is there"

const world_case world_cases_face[] = {
    {"clile_finder_create", finder_create, NULL, 0},
    {"clile_finder_create_default", finder_create_default, NULL, 0},
    {"clile_finder_create_by_name", finder_create_by_name, NULL, 0},
    {"clile_finder_get_name", finder_get_name, READS_ONLY, 0},
    {"clile_finder_find", finder_find, NULL, 0},
    {"clile_finder_get", finder_get, READS_ONLY, 0},
    {"clile_finder_add", finder_add, NULL, 0},
    {"clile_finder_destroy", finder_destroy, "frees", 0},
    {"clile_reader_create", reader_create, NULL, 200},
    {"clile_reader_create_default", reader_create_default, NULL, 400},
    {"clile_reader_read", reader_read, NULL, 0},
    {"clile_reader_read_image", reader_read_image, NULL, 0},
    {"clile_reader_get", reader_get, READS_ONLY, 0},
    {"clile_reader_set_points_model", reader_set_points_model, NULL, 0},
    {"clile_reader_get_model", reader_get_model, READS_ONLY, 0},
    {"clile_reader_destroy", reader_destroy, "frees", 0},
    {"clile_tracker_create", tracker_create, NULL, 200},
    {"clile_tracker_read", tracker_read, NULL, 0},
    {"clile_tracker_get", tracker_get, READS_ONLY, 0},
    {"clile_tracker_get_model", tracker_get_model, READS_ONLY, 0},
    {"clile_tracker_destroy", tracker_destroy, "frees", 0},
    {"clile_neutral_create", neutral_create, NULL, 0},
    {"clile_neutral_add", neutral_add, NULL, 0},
    {"clile_neutral_apply", neutral_apply, READS_ONLY, 0},
    {"clile_neutral_least", neutral_least, READS_ONLY, 0},
    {"clile_neutral_destroy", neutral_destroy, "frees", 0},
    {NULL, NULL, NULL, 0},
};
