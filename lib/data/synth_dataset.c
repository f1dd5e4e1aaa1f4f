/* Drawn faces as a data set: labels are drawn at once, pictures when needed (crops.c). */
#include "data/core.h"
#include "synth/synth.h"

#include <string.h>

enum { MOST_IMAGES = 10000000 };

/* Subjects of the published protocols, taken from the three parts in turn: the folds then work with
 * any number of subjects. Plain numbers follow. */
static const char bp4d_names[][5] = {
    "F001", "M011", "F007", "M007", "F003", "F015", "F018", "M010", "F006", "F008", "M002",
    "F019", "F002", "F005", "M006", "M004", "F022", "M009", "F010", "M018", "F012", "F009",
    "M017", "M003", "M012", "F013", "F004", "M001", "M016", "F021", "F016", "F020", "F017",
    "M014", "F011", "M015", "F023", "M013", "F014", "M008", "M005"};
static const char disfa_names[][6] = {"SN002", "SN013", "SN003", "SN010", "SN018", "SN029", "SN001",
                                      "SN011", "SN023", "SN026", "SN028", "SN025", "SN027", "SN012",
                                      "SN008", "SN032", "SN006", "SN005", "SN030", "SN031", "SN007",
                                      "SN009", "SN021", "SN017", "SN016", "SN024", "SN004"};
enum {
    BP4D_NAMES = (int)(sizeof bp4d_names / sizeof bp4d_names[0]),
    DISFA_NAMES = (int)(sizeof disfa_names / sizeof disfa_names[0]),
    BP4D_WOMEN = 23,
    BP4D_MEN = 18,
    DISFA_LAST = 32,
    LEAST_NAME = 24 /* bytes: enough for any number */
};

clile_status clile_synth_subject_name(const char *layout, int64_t subject, char *name, size_t size)
{
    CLILE_I_CHECK_NOT_NULL(layout);
    CLILE_I_CHECK_NOT_NULL(name);
    if (subject < 0 || size < LEAST_NAME)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "%s: subject %lld in %zu bytes, expected 0 or more in at least %d",
                            __func__, (long long)subject, size, LEAST_NAME);
    if (strcmp(layout, "bp4d") == 0) {
        const int64_t more = subject - BP4D_NAMES, pair = more / 2 + 1;
        if (more < 0)
            snprintf(name, size, "%s", bp4d_names[subject]);
        else
            snprintf(name, size, "%c%03lld", more % 2 == 0 ? 'F' : 'M',
                     (long long)(pair + (more % 2 == 0 ? BP4D_WOMEN : BP4D_MEN)));
    } else if (strcmp(layout, "disfa") == 0) {
        if (subject < DISFA_NAMES)
            snprintf(name, size, "%s", disfa_names[subject]);
        else
            snprintf(name, size, "SN%03llu",
                     (unsigned long long)subject - DISFA_NAMES + 1 + DISFA_LAST);
    } else {
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "%s: layout \"%s\", expected \"bp4d\" or \"disfa\"", __func__, layout);
    }
    return CLILE_OK;
}

static clile_status add_subject(clile_i_table *table, uint64_t seed, int32_t subject, int32_t tasks,
                                int32_t frames)
{
    char name[LEAST_NAME], folder[2 * LEAST_NAME], file[LEAST_NAME];
    int32_t index = 0;
    clile_i_person who;
    clile_i_synth_person(seed, subject, &who);
    CLILE_I_RETURN_IF(clile_synth_subject_name("bp4d", subject, name, sizeof name));
    CLILE_I_RETURN_IF(clile_i_table_subject(table, name, name + strlen(name), &index));
    for (int32_t t = 0; t < tasks; ++t)
        for (int32_t f = 0; f < frames; ++f) {
            int8_t labels[AUS];
            float intensity[AUS];
            snprintf(folder, sizeof folder, "%s/T%d", name, t + 1);
            snprintf(file, sizeof file, "%04d.png", f + 1);
            clile_i_synth_draw_labels(seed, subject, (int64_t)t * frames + f, &who, intensity);
            clile_i_synth_present(intensity, labels);
            CLILE_I_RETURN_IF(clile_i_table_add(table, folder, file, index, labels, NULL, NULL));
        }
    return CLILE_OK;
}

clile_status clile_dataset_from_synth(uint64_t seed, int32_t subjects, int32_t tasks,
                                      int32_t frames, int32_t size, clile_dataset **out)
{
    clile_status status = CLILE_OK;
    clile_i_table table = {0};
    clile_i_core *core = NULL;
    clile_i_text origin = {0};

    CLILE_I_CHECK_NOT_NULL(out);
    *out = NULL;
    CLILE_I_RETURN_IF(clile_i_synth_check_size(__func__, size));
    if (subjects < 1 || tasks < 1 || frames < 1 || (int64_t)subjects * tasks > MOST_IMAGES / frames)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "%s: %d subjects, %d tasks of %d frames: each must be 1 or more, all "
                            "of them at most %d images",
                            __func__, subjects, tasks, frames, MOST_IMAGES);
    CLILE_I_TRY(clile_i_table_begin(&table, "", AUS, clile_i_synth_au_ids));
    for (int32_t s = 0; s < subjects; ++s) CLILE_I_TRY(add_subject(&table, seed, s, tasks, frames));
    CLILE_I_TRY(clile_i_table_finish(&table));
    table.counts.label_rows = table.n;
    snprintf(table.layout, sizeof table.layout, "synth");
    snprintf(table.kind, sizeof table.kind, "drawn");
    table.drawn_size = size;
    table.drawn_frames = (int64_t)tasks * frames;
    table.drawn_seed = seed;
    clile_i_text_append(&origin, "layout=synth seed=%llu subjects=%d tasks=%d frames=%d size=%d",
                        (unsigned long long)seed, subjects, tasks, frames, size);
    CLILE_I_TRY(origin.status);
    table.origin = origin.data;
    origin.data = NULL;
    CLILE_I_TRY(clile_i_core_create(&table, NULL, 0, 0, NULL, &core));
    CLILE_I_TRY(clile_i_view_create(core, NULL, NULL, 0, out));
cleanup:
    clile_i_core_release(core);
    clile_i_text_free(&origin);
    clile_i_table_free(&table);
    return status;
}
