/* The shared fixture, and memory that is counted and can be made to run out. The linker redirects
 * all allocator calls in the library's objects (including stb_image's) and in the test to the
 * functions __wrap_... Calls inside oneDNN, zlib, libgomp and libc are not redirected, but oneDNN
 * can be made to report that it is out of memory. */
#include "reliability/world.h"

#include "data/core.h"
#include "model/model.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- the allocator ---- */

static int64_t live_blocks, seen, fail_seen; /* atomic; fail_seen 0: off */

void *__real_aligned_alloc(size_t alignment, size_t size);
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *block);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *block);

static int fails_now(void)
{
    const int64_t number = __atomic_add_fetch(&seen, 1, __ATOMIC_RELAXED);
    return number == __atomic_load_n(&fail_seen, __ATOMIC_RELAXED);
}

static void *counted(void *block)
{
    if (block != NULL) __atomic_add_fetch(&live_blocks, 1, __ATOMIC_RELAXED);
    return block;
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return fails_now() ? NULL : counted(__real_aligned_alloc(alignment, size));
}

void *__wrap_malloc(size_t size)
{
    return fails_now() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails_now() ? NULL : counted(__real_calloc(count, size));
}

void *__wrap_realloc(void *old, size_t size)
{
    if (fails_now()) return NULL;
    void *block = __real_realloc(old, size);
    return old == NULL ? counted(block) : block;
}

void __wrap_free(void *block)
{
    if (block != NULL) __atomic_sub_fetch(&live_blocks, 1, __ATOMIC_RELAXED);
    __real_free(block);
}

/* oneDNN's objects take memory, too: these calls count as allocations and fail in the same way.
 * All of their arguments are pointers, whatever the version. */
enum { ONEDNN_OUT_OF_MEMORY = 1 };
int __real_dnnl_primitive_create(void *out, const void *descriptor);
int __real_dnnl_reorder_primitive_desc_create(void *out, const void *from, void *from_engine,
                                              const void *to, void *to_engine,
                                              const void *attributes);
int __real_dnnl_memory_create(void *out, const void *descriptor, void *engine, void *data);
int __wrap_dnnl_primitive_create(void *out, const void *descriptor);
int __wrap_dnnl_reorder_primitive_desc_create(void *out, const void *from, void *from_engine,
                                              const void *to, void *to_engine,
                                              const void *attributes);
int __wrap_dnnl_memory_create(void *out, const void *descriptor, void *engine, void *data);

int __wrap_dnnl_primitive_create(void *out, const void *descriptor)
{
    return fails_now() ? ONEDNN_OUT_OF_MEMORY : __real_dnnl_primitive_create(out, descriptor);
}

int __wrap_dnnl_reorder_primitive_desc_create(void *out, const void *from, void *from_engine,
                                              const void *to, void *to_engine,
                                              const void *attributes)
{
    return fails_now() ? ONEDNN_OUT_OF_MEMORY
                       : __real_dnnl_reorder_primitive_desc_create(out, from, from_engine, to,
                                                                   to_engine, attributes);
}

int __wrap_dnnl_memory_create(void *out, const void *descriptor, void *engine, void *data)
{
    return fails_now() ? ONEDNN_OUT_OF_MEMORY
                       : __real_dnnl_memory_create(out, descriptor, engine, data);
}

int64_t world_live_blocks(void)
{
    return __atomic_load_n(&live_blocks, __ATOMIC_RELAXED);
}

/* ---- one case ---- */

static void complain(world *w, const char *what, const char *name)
{
    if (w->complaint[0] == '\0') snprintf(w->complaint, sizeof w->complaint, "%s%s", what, name);
}

void world_need(world *w, int condition, const char *complaint)
{
    if (!condition) complain(w, "not fulfilled: ", complaint);
}

int world_null(world *w, const char *name, int optional)
{
    int32_t i = 0;
    while (i < w->argument_count && strcmp(w->argument[i], name) != 0) ++i;
    if (i == w->argument_count && i < WORLD_ARGUMENTS) {
        w->argument[i] = name;
        w->optional[i] = optional;
        w->argument_count += 1;
    }
    return w->null_argument != NULL && strcmp(name, w->null_argument) == 0;
}

void world_watch(world *w, const void *output, size_t size, const char *name)
{
    if (w->watched_count == WORLD_WATCHED || size > sizeof w->watched[0].before) {
        complain(w, "cannot be watched: ", name);
        return;
    }
    w->watched[w->watched_count].address = output;
    w->watched[w->watched_count].size = size;
    w->watched[w->watched_count].name = name;
    memcpy(w->watched[w->watched_count].before, output, size);
    w->watched_count += 1;
}

void world_arm(world *w)
{
    clile_i_fail(CLILE_E_INTERNAL, "nothing has failed yet");
    __atomic_store_n(&seen, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&fail_seen, w->fail_at, __ATOMIC_RELAXED);
}

static int untouched(const world *w, int32_t i)
{
    static const uint8_t zero[64];
    const void *now = w->watched[i].address;
    const size_t size = w->watched[i].size;
    if (memcmp(now, w->watched[i].before, size) == 0) return 1;
    return size == sizeof(void *) && memcmp(now, zero, size) == 0; /* a handle: NULL */
}

int world_disarm(world *w, clile_status status)
{
    __atomic_store_n(&fail_seen, 0, __ATOMIC_RELAXED);
    w->allocations = __atomic_load_n(&seen, __ATOMIC_RELAXED);
    w->fired = w->fail_at > 0 && w->allocations >= w->fail_at;
    w->status = status;
    snprintf(w->message, sizeof w->message, "%s", clile_last_error());
    if (status == CLILE_OK) return 0;
    for (int32_t i = 0; i < w->watched_count; ++i)
        if (!untouched(w, i)) complain(w, "a failed call changed ", w->watched[i].name);
    return w->fired;
}

void world_settle(world *w, clile_status again)
{
    w->again = again;
    if (again == CLILE_OK || (w->state_allowed && again == CLILE_E_STATE)) return;
    complain(w, "called again after memory had run out: ", clile_last_error());
}

int world_ok(const world *w)
{
    return w->status == CLILE_OK || w->again == CLILE_OK;
}

void world_take(world *w, const void *data, size_t size)
{
    w->digest = clile_i_crc32(w->digest, data, size);
}

void world_take_file(world *w, const char *path)
{
    clile_i_file file;
    NEED(clile_i_file_open(path, &file));
    world_take(w, file.data, file.size);
    clile_i_file_close(&file);
    unlink(path);
}

void world_wrong(world *w, const char *format, ...)
{
    char text[1500];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    print_error("%s\n", text);
    w->wrong += 1;
}

void world_run(world *w, const world_case *c)
{
    w->state_allowed = w->fired = 0;
    w->status = CLILE_OK;
    w->again = CLILE_E_INTERNAL;
    w->digest = 0;
    w->allocations = 0;
    w->complaint[0] = w->message[0] = '\0';
    w->argument_count = w->watched_count = 0;
    unlink(w->scratch);
    c->run(w);
    if (w->complaint[0] != '\0')
        world_wrong(w, "%s, NULL %s, allocation %lld: %s", c->function,
                    w->null_argument ? w->null_argument : "-", (long long)w->fail_at, w->complaint);
}

static const world_case *const tables[] = {
    world_cases_plain, world_cases_data,  world_cases_synth, world_cases_model,
    world_cases_face,  world_cases_video, world_cases_mpi,   world_cases_evaluation};
enum { TABLES = sizeof tables / sizeof *tables };

void world_each(world *w, void (*visit)(world *w, const world_case *c))
{
    for (int t = 0; t < TABLES; ++t)
        for (const world_case *c = tables[t]; c->function != NULL; ++c) visit(w, c);
}

/* ---- the fixture ---- */

static void must(clile_status status)
{
    if (status != CLILE_OK) fail_msg("%s", clile_last_error());
}

static void fill_arrays(world *w)
{
    clile_i_rng rng = clile_i_rng_make(3, 1);
    for (int n = 0; n < WORLD_N; ++n) {
        w->subject[n] = n % WORLD_S;
        w->ones[n] = 1;
        for (int c = 0; c < WORLD_C; ++c) {
            w->labels[n][c] = (int8_t)((n / 3 + c) % 2);
            w->present[n][c] = (int8_t)((n / 4 + c) % 2);
            w->score[n][c] = (float)clile_i_rng_normal(&rng);
        }
        for (int d = 0; d < WORLD_D; ++d) {
            w->embedding[n][d] = (float)clile_i_rng_normal(&rng);
            w->other[n][d] = (float)clile_i_rng_normal(&rng);
        }
        for (size_t i = 0; i < sizeof w->rgb[n]; ++i)
            (&w->rgb[n][0][0][0])[i] = (uint8_t)clile_i_rng_below(&rng, 256);
    }
    w->labels[4][1] = -1;
    for (int i = 0; i < WORLD_S * WORLD_C * WORLD_D; ++i)
        (&w->vectors[0][0][0])[i] = (float)clile_i_rng_normal(&rng);
    const float landmarks[10] = {11, 13, 21, 13, 16, 18, 12, 24, 20, 24}, box[4] = {4, 4, 20, 24};
    memcpy(w->landmarks, landmarks, sizeof landmarks);
    memcpy(w->box, box, sizeof box);
    w->au_ids[0] = 4;
    w->au_ids[1] = 12;
    for (int i = 0; i < WORLD_C; ++i)
        for (int k = 0; k < WORLD_C; ++k) w->matrix[i][k] = i == k ? 1 : 0.25;
}

/* The arrays again as a folder with a manifest, whose images are files. */
static void write_folder(world *w)
{
    char path[256];
    clile_i_text manifest = {0};
    clile_i_writer *writer = NULL;
    clile_i_text_append(&manifest, "image,subject,AU4,AU12\n");
    for (int n = 0; n < WORLD_N; ++n) {
        snprintf(path, sizeof path, "%s/%d.png", w->folder, n);
        must(clile_image_write_png(path, WORLD_SIZE, WORLD_SIZE, &w->rgb[n][0][0][0]));
        clile_i_text_append(&manifest, "%d.png,s%d,%d,%d\n", n, (int)w->subject[n], w->labels[n][0],
                            w->labels[n][1]);
    }
    snprintf(w->images, sizeof w->images, "%s/manifest.csv", w->folder);
    must(manifest.status);
    must(clile_i_writer_open(w->images, &writer));
    must(clile_i_writer_put(writer, manifest.data, manifest.size));
    must(clile_i_writer_commit(&writer));
    clile_i_text_free(&manifest);
    snprintf(w->photo, sizeof w->photo, "%s/0.png", w->folder);
    snprintf(w->scratch, sizeof w->scratch, "%s/scratch.safetensors", w->folder);
    snprintf(w->history, sizeof w->history, "%s/history.jsonl", w->folder);
    snprintf(w->events, sizeof w->events, "%s/events.out.tfevents.clile", w->folder);
}

static int32_t stop_at_once(const clile_progress *progress, void *user)
{
    (void)progress;
    (void)user;
    return 1;
}

/* Puts the model that comes with the library beside this program. All programs of these tests
 * share it, and some may be running. */
static void install_model(const world *w)
{
    char path[4096];
    const ssize_t length = readlink("/proc/self/exe", path, sizeof path - 32);
    assert_true(length > 0);
    path[length] = '\0';
    strcpy(strrchr(path, '/') + 1, "photo.safetensors");
    must(clile_model_save(w->model, path));
}

static void write_files(world *w)
{
    clile_dataset *images = NULL;
    clile_i_st_writer *writer = NULL;
    clile_model *model = NULL;
    snprintf(w->pack, sizeof w->pack, "%s/pack.safetensors", w->folder);
    must(clile_dataset_open(w->images, w->options, &images));
    must(clile_dataset_pack(images, w->pack, w->options, NULL, NULL));
    clile_dataset_destroy(images);
    snprintf(w->model_path, sizeof w->model_path, "%s/model.safetensors", w->folder);
    must(clile_model_save(w->model, w->model_path));
    install_model(w);
    snprintf(w->backbone, sizeof w->backbone, "%s/backbone.safetensors", w->folder);
    must(clile_i_st_writer_create(&writer));
    must(clile_i_net_put(writer, "", w->model->encoder));
    must(clile_i_st_writer_write(writer, w->backbone));
    clile_i_st_writer_destroy(writer);
    snprintf(w->checkpoint, sizeof w->checkpoint, "%s/checkpoint.safetensors", w->folder);
    clile_trainer *trainer = world_trainer(w, "", &model);
    must(clile_trainer_run(trainer, 1, NULL, NULL));
    must(clile_trainer_save(trainer, w->checkpoint));
    snprintf(w->running, sizeof w->running, "%s/running.safetensors", w->folder);
    assert_int_equal(CLILE_E_CANCELLED, clile_trainer_run(trainer, 2, stop_at_once, NULL));
    must(clile_trainer_save(trainer, w->running));
    clile_trainer_destroy(trainer);
    clile_model_destroy(model);
}

static void set_all(clile_options *options, const char *settings)
{
    char text[512], *save = NULL;
    snprintf(text, sizeof text, "%s", settings);
    for (char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        char *value = strchr(word, '=');
        *value++ = '\0';
        must(clile_options_set(options, word, value));
    }
}

void world_make(world *w)
{
    memset(w, 0, sizeof *w);
    snprintf(w->folder, sizeof w->folder, "/tmp/clile_reliability_XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    fill_arrays(w);
    must(clile_options_create(&w->options));
    set_all(w->options,
            "backbone=resnet10 stem=imagenet width=0.125 embedding=8 image_size=32 epochs=1 "
            "epochs_stage1=1 batch=12 threads=1 cache_mb=1");
    must(clile_dataset_from_arrays(WORLD_N, WORLD_SIZE, WORLD_SIZE, &w->rgb[0][0][0][0], WORLD_C,
                                   w->au_ids, &w->labels[0][0], w->subject, &w->arrays));
    w->arrays->core->table.intensity = clile_i_calloc(WORLD_N * WORLD_C, 1); /* as of DISFA */
    assert_non_null(w->arrays->core->table.intensity);
    must(clile_model_create(w->options, WORLD_C, w->au_ids, &w->model));
    must(clile_model_set_decision(w->model, NULL, w->ones, w->zeros));
    must(clile_i_points_create(WORLD_POINTS, WORLD_D, 0, &w->model->points));
    for (int i = 0; i < 2 * WORLD_POINTS * WORLD_D; ++i) w->model->points.weight[i] = 0.01f;
    w->model->levels = clile_i_calloc(CLILE_I_MODEL_LEVELS * WORLD_C, sizeof(float));
    assert_non_null(w->model->levels);
    for (int c = 0; c < WORLD_C; ++c) w->model->levels[c] = 1.0f; /* slopes */
    write_folder(w);
    write_files(w);
}

clile_trainer *world_trainer(world *w, const char *settings, clile_model **model)
{
    clile_options *options = NULL;
    clile_trainer *trainer = NULL;
    must(clile_options_copy(w->options, &options));
    set_all(options, settings);
    must(clile_model_create(options, WORLD_C, w->au_ids, model));
    must(clile_trainer_create(*model, w->arrays, options, &trainer));
    clile_options_destroy(options);
    return trainer;
}

void world_destroy(world *w)
{
    char path[512];
    clile_model_destroy(w->model);
    clile_dataset_destroy(w->arrays);
    clile_options_destroy(w->options);
    DIR *folder = opendir(w->folder);
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        snprintf(path, sizeof path, "%s/%s", w->folder, entry->d_name);
        if (entry->d_name[0] != '.') unlink(path);
    }
    if (folder != NULL) closedir(folder);
    rmdir(w->folder);
}

/* ---- the table against the list of symbols ---- */

static int32_t cases_named(const char *function)
{
    int32_t found = 0;
    for (int t = 0; t < TABLES; ++t)
        for (const world_case *c = tables[t]; c->function != NULL; ++c)
            found += strcmp(c->function, function) == 0;
    return found;
}

int world_table_is_complete(void)
{
    char line[128];
    int32_t covered = 0, cases = 0, good = 1;
    FILE *file = fopen(CLILE_SYMBOLS, "r");
    if (file == NULL) return 0;
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '\0') continue;
        const int32_t found = cases_named(line);
        covered += found;
        if (found > 0) continue;
        print_error("tests/reliability has no case for %s: add it to one of the cases_...c\n",
                    line);
        good = 0;
    }
    fclose(file);
    for (int t = 0; t < TABLES; ++t)
        for (const world_case *c = tables[t]; c->function != NULL; ++c) ++cases;
    if (cases != covered)
        print_error("tests/reliability has %d cases, %d of them of functions that "
                    "tests/abi/symbols.txt lists\n",
                    (int)cases, (int)covered);
    return good && cases == covered;
}
