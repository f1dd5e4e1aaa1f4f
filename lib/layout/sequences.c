/* The folders of BP4D, DISFA and DISFA+, see sequences.h. */
#include "layout/sequences.h"

#include "layout/roots.h"

#include <string.h>

static int is_letter(char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z');
}

size_t clile_i_subject_name_size(const char *text)
{
    size_t letters = 0;
    while (is_letter(text[letters])) ++letters;
    const size_t digits = strspn(text + letters, "0123456789");
    return letters > 0 && digits > 0 ? letters + digits : 0;
}

static int is_subject(const char *name)
{
    const size_t size = clile_i_subject_name_size(name);
    return size > 0 && name[size] == '\0';
}

/* ---- the walk ---- */

static clile_status visit_parts(clile_i_sequences *s, const char *path, const char *subject,
                                clile_i_visit visit)
{
    clile_status status = CLILE_OK;
    clile_i_names parts = {0};
    char *part = NULL;
    CLILE_I_TRY(clile_i_folder_list(path, &parts));
    for (int64_t i = 0; i < parts.count; ++i) {
        if (!s->rules->is_part(parts.names[i])) continue;
        clile_i_free(part);
        part = clile_i_path_join(path, parts.names[i]);
        if (part == NULL) {
            status = CLILE_E_OUT_OF_MEMORY;
            goto cleanup;
        }
        if (clile_i_path_is_folder(part)) CLILE_I_TRY(visit(s, part, subject, parts.names[i]));
    }
cleanup:
    clile_i_names_free(&parts);
    clile_i_free(part);
    return status;
}

clile_status clile_i_sequences_walk(clile_i_sequences *s, const char *root, clile_i_visit visit)
{
    clile_status status = CLILE_OK;
    clile_i_names subjects = {0};
    char *path = NULL;
    CLILE_I_TRY(clile_i_folder_list(root, &subjects));
    for (int64_t i = 0; i < subjects.count; ++i) {
        const char *subject = subjects.names[i];
        if (!is_subject(subject)) continue;
        clile_i_free(path);
        path = clile_i_path_join(root, subject);
        if (path == NULL) {
            status = CLILE_E_OUT_OF_MEMORY;
            goto cleanup;
        }
        if (!clile_i_path_is_folder(path)) continue;
        CLILE_I_TRY(s->rules->is_part != NULL ? visit_parts(s, path, subject, visit)
                                              : visit(s, path, subject, NULL));
    }
cleanup:
    clile_i_names_free(&subjects);
    clile_i_free(path);
    return status;
}

/* ---- labels ---- */

/* The caller frees it; NULL when out of memory. */
static char *join_below(const char *subject, const char *part)
{
    return part != NULL ? clile_i_path_join(subject, part) : clile_i_strdup(subject);
}

clile_status clile_i_sequences_add(clile_i_sequences *s, const char *subject, const char *part)
{
    CLILE_I_GROW(s->each, &s->capacity, s->count + 1);
    clile_i_sequence *one = &s->each[s->count++];
    one->subject = clile_i_strdup(subject);
    one->below = join_below(subject, part);
    one->stem = one->below != NULL ? clile_i_strdup(one->below) : NULL;
    if (one->subject == NULL || one->stem == NULL) return CLILE_E_OUT_OF_MEMORY;
    if (part != NULL) one->stem[strlen(subject)] = '_';
    return CLILE_OK;
}

void clile_i_sequences_free(clile_i_sequences *s)
{
    for (int64_t i = 0; i < s->count; ++i) {
        clile_i_sequence *one = &s->each[i];
        clile_i_free(one->subject);
        clile_i_free(one->below);
        clile_i_free(one->stem);
        clile_i_free(one->folder);
        clile_i_frames_free(&one->frames);
    }
    clile_i_free(s->each);
    clile_i_free(s->labels);
    clile_i_free(s->images);
    memset(s, 0, sizeof *s);
}

/* Finds labels in label_folders[k]. The folder may not exist. */
static clile_status find_in(const clile_i_sequence_rules *rules,
                            const clile_i_layout_request *request, int64_t k,
                            clile_i_sequences *out)
{
    *out = (clile_i_sequences){.rules = rules, .request = request, .taken = k};
    out->labels = clile_i_path_join(request->path, rules->label_folders[k]);
    if (out->labels == NULL) return CLILE_E_OUT_OF_MEMORY;
    return clile_i_path_is_folder(out->labels) ? rules->find(out->labels, out) : CLILE_OK;
}

clile_status clile_i_sequences_find(const clile_i_sequence_rules *rules,
                                    const clile_i_layout_request *request, clile_i_sequences *out)
{
    memset(out, 0, sizeof *out);
    for (int64_t k = 0; out->count == 0 && rules->label_folders[k] != NULL; ++k) {
        clile_i_sequences_free(out);
        CLILE_I_RETURN_IF(find_in(rules, request, k, out));
    }
    return CLILE_OK;
}

/* Looks for labels in folders that follow the one in use. */
static clile_status check_other_labels(const clile_i_sequences *s)
{
    for (int64_t k = s->taken + 1; s->rules->label_folders[k] != NULL; ++k) {
        clile_i_sequences other = {0};
        const clile_status status = find_in(s->rules, s->request, k, &other);
        const int64_t count = other.count;
        clile_i_sequences_free(&other);
        if (status != CLILE_OK) return status;
        if (count > 0)
            CLILE_I_RETURN_IF(clile_i_roots_warn_labels(s->request->path, s->rules->label_folders,
                                                        s->taken, k, s->table));
    }
    return CLILE_OK;
}

clile_status clile_i_sequences_recognise(const clile_i_sequence_rules *rules, const char *path,
                                         int32_t *fits)
{
    const clile_i_layout_request request = {.path = path};
    clile_i_sequences s = {0};
    *fits = 0;
    if (!clile_i_path_is_folder(path)) return CLILE_OK;
    const clile_status status = clile_i_sequences_find(rules, &request, &s);
    *fits = s.count > 0;
    clile_i_sequences_free(&s);
    return status;
}

/* ---- opening and finishing ---- */

/* Counts images of a folder without a label file. */
static clile_status count_unlabelled(clile_i_sequences *s, const char *path, const char *subject,
                                     const char *part)
{
    clile_status status = CLILE_OK;
    clile_i_frames frames = {0};
    char *folder = NULL, *below = join_below(subject, part);
    if (below == NULL) return CLILE_E_OUT_OF_MEMORY;
    for (int64_t i = 0; i < s->count; ++i)
        if (strcmp(s->each[i].below, below) == 0) goto cleanup;
    folder = clile_i_path_join(s->images, below);
    if (folder == NULL) {
        status = CLILE_E_OUT_OF_MEMORY;
        goto cleanup;
    }
    CLILE_I_TRY(clile_i_frames_list(path, s->table, &frames));
    for (int64_t k = 0; k < frames.count; ++k)
        CLILE_I_TRY(clile_i_table_left_out(s->table, CLILE_I_LEFT_OUT_IMAGES, folder,
                                           frames.frames[k].name));
cleanup:
    clile_i_frames_free(&frames);
    clile_i_free(folder);
    clile_i_free(below);
    return status;
}

clile_status clile_i_sequences_open(const clile_i_sequence_rules *rules,
                                    const clile_i_layout_request *request, clile_i_table *table,
                                    clile_i_sequences *out)
{
    clile_status status = CLILE_OK;
    int32_t c = 0, *ids = NULL;
    char *images = NULL;
    CLILE_I_TRY(clile_i_sequences_find(rules, request, out));
    out->table = table;
    if (out->count == 0) {
        status = clile_i_fail(CLILE_E_FORMAT, "%s: no %s label files; looked for %s", request->path,
                              rules->name, rules->layout->looked_for);
        goto cleanup;
    }
    CLILE_I_TRY(clile_i_au_set_parse(request->au_set, rules->au_count, rules->au_ids, &c, &ids));
    CLILE_I_TRY(clile_i_table_begin(table, request->path, c, ids));
    CLILE_I_TRY(clile_i_roots_find_images(out));
    for (int64_t i = 0; i < out->count; ++i) {
        out->each[i].folder = clile_i_path_join(out->images, out->each[i].below);
        if (out->each[i].folder == NULL) status = CLILE_E_OUT_OF_MEMORY;
    }
    images = clile_i_path_join(request->path, out->images);
    if (images == NULL) status = CLILE_E_OUT_OF_MEMORY;
    if (status == CLILE_OK) status = clile_i_sequences_walk(out, images, count_unlabelled);
cleanup:
    clile_i_free(images);
    clile_i_free(ids);
    return status;
}

clile_status clile_i_sequences_finish(clile_i_sequences *s)
{
    CLILE_I_RETURN_IF(check_other_labels(s));
    CLILE_I_RETURN_IF(clile_i_roots_check_faces(s));
    return clile_i_table_finish(s->table);
}

/* ---- the samples of one sequence ---- */

clile_status clile_i_sequence_list(clile_i_sequences *s, clile_i_sequence *sequence)
{
    if (sequence->listed) return CLILE_OK;
    char *path = clile_i_path_join(s->request->path, sequence->folder);
    if (path == NULL) return CLILE_E_OUT_OF_MEMORY;
    const clile_status status = clile_i_frames_list(path, s->table, &sequence->frames);
    sequence->listed = status == CLILE_OK;
    clile_i_free(path);
    return status;
}

clile_status clile_i_samples_begin(clile_i_sequences *s, clile_i_sequence *sequence,
                                   clile_i_samples *out)
{
    clile_status status = CLILE_OK;
    const char *subject = sequence->subject;
    *out = (clile_i_samples){.of = s, .sequence = sequence};
    CLILE_I_TRY(clile_i_sequence_list(s, sequence));
    CLILE_I_TRY(clile_i_faces_read(s->request, sequence->stem, &out->faces));
    CLILE_I_TRY(clile_i_table_subject(s->table, subject, subject + strlen(subject), &out->subject));
    CLILE_I_ALLOC(out->labelled, sequence->frames.count);
    out->before = clile_i_table_images(s->table);
cleanup:
    return status;
}

int clile_i_samples_has(const clile_i_samples *samples, int64_t number)
{
    const clile_i_frames *frames = &samples->sequence->frames;
    const clile_i_frame *frame = clile_i_frames_find(frames, number);
    return frame != NULL && samples->labelled[frame - frames->frames];
}

clile_status clile_i_samples_add(clile_i_samples *samples, int64_t number, const int8_t *codes)
{
    clile_i_table *table = samples->of->table;
    const clile_i_frames *frames = &samples->sequence->frames;
    const char *folder = samples->sequence->folder;
    const clile_i_frame *frame = clile_i_frames_find(frames, number);
    ++table->counts.label_rows;
    ++samples->rows;
    if (frame == NULL) {
        char row[32];
        snprintf(row, sizeof row, "%0*lld", samples->of->rules->number_digits, (long long)number);
        return clile_i_table_left_out(table, CLILE_I_LEFT_OUT_LABELS, folder, row);
    }
    samples->labelled[frame - frames->frames] = 1;
    const clile_i_place *place = clile_i_places_find(&samples->faces.landmarks, number),
                        *boxed = clile_i_places_find(&samples->faces.boxes, number);
    return clile_i_places_add(table, folder, frame->name, samples->subject, codes,
                              place != NULL ? &place->landmarks : NULL,
                              boxed != NULL ? boxed->box : NULL);
}

clile_status clile_i_samples_end(clile_i_samples *samples)
{
    clile_i_table *table = samples->of->table;
    const clile_i_frames *frames = &samples->sequence->frames;
    const char *folder = samples->sequence->folder;
    CLILE_I_RETURN_IF(clile_i_table_fit(table, folder, samples->rows, frames->count,
                                        clile_i_table_images(table) - samples->before));
    for (int64_t k = 0; k < frames->count; ++k)
        if (!samples->labelled[k])
            CLILE_I_RETURN_IF(clile_i_table_left_out(table, CLILE_I_LEFT_OUT_IMAGES, folder,
                                                     frames->frames[k].name));
    return CLILE_OK;
}

void clile_i_samples_free(clile_i_samples *samples)
{
    if (samples->sequence != NULL) {
        clile_i_frames_free(&samples->sequence->frames);
        samples->sequence->listed = 0;
    }
    clile_i_faces_free(&samples->faces);
    clile_i_free(samples->labelled);
    memset(samples, 0, sizeof *samples);
}
