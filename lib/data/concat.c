/* clile_dataset_concat: joins several data sets. The new core has labels, names and subjects.
 * Images and their caches stay in the cores they come from. */
#include "data/core.h"
#include "layout/origin.h"

#include <stdlib.h>
#include <string.h>

/* A subject of a core that holds images. Subjects known to be the same person have the same
 * root. */
typedef struct {
    int32_t parent;   /* towards the root, which is its own parent */
    const char *name; /* of a root: its first name; NULL before it has one */
    int32_t set;      /* of a root: the first set that contains it */
    int32_t shared;   /* of a root: another person has the same name */
    int32_t subject;  /* of a root: index in the new table; -1: not added yet */
} person;

typedef struct {
    int32_t sets;
    const clile_dataset *const *set;
    int64_t n;
    int32_t holders, persons;
    clile_i_core **holder; /* borrowed */
    int32_t *first;        /* [holders + 1]: persons of a holder begin there */
    person *person;        /* [holders + 1]: index of each holder's first person */
    int32_t *begin;        /* [sets + 1]: index in `of` of each set's first subject */
    int32_t *of;           /* the person of each subject of each set */
    int32_t *column;       /* [sets,c]: the column in each set of AU c of the first */
} joint;

typedef struct {
    const char *name;
    int32_t person;
} called;

static int compare_called(const void *left, const void *right)
{
    const called *l = left, *r = right;
    const int order = strcmp(l->name, r->name);
    return order != 0 ? order : (l->person > r->person) - (l->person < r->person);
}

/* ---- the sets ---- */

static int has_au(const clile_i_table *table, int32_t au, int32_t *column)
{
    for (*column = 0; *column < table->c; ++*column)
        if (table->au_ids[*column] == au) return 1;
    return 0;
}

/* All sets must have the same AUs, in any order. */
static clile_status match_columns(joint *j)
{
    clile_status status = CLILE_OK;
    const clile_i_table *first = &j->set[0]->core->table;
    CLILE_I_ALLOC(j->column, (int64_t)j->sets * first->c);
    for (int32_t k = 0; k < j->sets; ++k) {
        const clile_i_table *table = &j->set[k]->core->table;
        if (table->c != first->c) {
            status = clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                  "clile_dataset_concat: datasets[%d] has %d AUs, datasets[0] %d",
                                  (int)k, (int)table->c, (int)first->c);
            goto cleanup;
        }
        for (int32_t c = 0; c < first->c; ++c)
            if (!has_au(table, first->au_ids[c], &j->column[k * first->c + c])) {
                status = clile_i_fail(
                    CLILE_E_INVALID_ARGUMENT,
                    "clile_dataset_concat: datasets[%d] lacks AU %d, which datasets[0] has", (int)k,
                    (int)first->au_ids[c]);
                goto cleanup;
            }
    }
cleanup:
    return status;
}

static void add_holder(joint *j, clile_i_core *core)
{
    for (int32_t h = 0; h < j->holders; ++h)
        if (j->holder[h] == core) return;
    j->holder[j->holders++] = core;
}

static int32_t find_holder(const joint *j, const clile_i_core *core)
{
    int32_t h = 0;
    while (j->holder[h] != core) ++h;
    return h;
}

/* Lists each core that holds images once, and makes room for its subjects. */
static clile_status list_holders(joint *j)
{
    clile_status status = CLILE_OK;
    int64_t most = 0;
    for (int32_t k = 0; k < j->sets; ++k) {
        const clile_i_core *core = j->set[k]->core;
        most += core->holder != NULL ? core->holders : 1;
        j->n += j->set[k]->n;
    }
    CLILE_I_ALLOC(j->holder, most);
    for (int32_t k = 0; k < j->sets; ++k) {
        clile_i_core *core = j->set[k]->core;
        if (core->holder == NULL) add_holder(j, core);
        for (int32_t h = 0; h < core->holders; ++h) add_holder(j, core->holder[h]);
    }
    CLILE_I_ALLOC(j->first, j->holders + 1);
    for (int32_t h = 0; h < j->holders; ++h)
        j->first[h + 1] = j->first[h] + j->holder[h]->table.subject_count;
    j->persons = j->first[j->holders];
    CLILE_I_ALLOC(j->person, j->persons);
    for (int32_t p = 0; p < j->persons; ++p) j->person[p] = (person){.parent = p, .subject = -1};
    CLILE_I_ALLOC(j->begin, j->sets + 1);
    for (int32_t k = 0; k < j->sets; ++k) j->begin[k + 1] = j->begin[k] + j->set[k]->subjects;
    CLILE_I_ALLOC(j->of, j->begin[j->sets]);
    for (int32_t s = 0; s < j->begin[j->sets]; ++s) j->of[s] = -1;
cleanup:
    return status;
}

/* Finds where image k of a set is stored. */
static void locate(const joint *j, const clile_dataset *set, int64_t k, int32_t *holder,
                   int64_t *index)
{
    const clile_i_core *core = set->core;
    const int64_t i = set->index[k];
    *index = core->holder != NULL ? core->holder_index[i] : i;
    *holder = find_holder(j, core->holder != NULL ? core->holder[core->holder_of[i]] : core);
}

/* ---- people ---- */

static int32_t root_of(const joint *j, int32_t p)
{
    while (j->person[p].parent != p) p = j->person[p].parent;
    return p;
}

static void unite(joint *j, int32_t a, int32_t b)
{
    a = root_of(j, a);
    b = root_of(j, b);
    if (a < b)
        j->person[b].parent = a;
    else
        j->person[a].parent = b;
}

/* Subjects of sets that share images are the same person. In a set that is itself joined, subjects
 * keep the person found when it was joined. */
static void unite_known(joint *j)
{
    for (int32_t k = 0; k < j->sets; ++k) {
        const clile_dataset *set = j->set[k];
        for (int64_t i = 0; i < set->n; ++i) {
            int32_t holder = 0;
            int64_t index = 0;
            locate(j, set, i, &holder, &index);
            const int32_t p = j->first[holder] + j->holder[holder]->table.subject[index];
            int32_t *of = &j->of[j->begin[k] + clile_i_dataset_subject(set, i)];
            if (*of < 0)
                *of = p;
            else if (*of != p)
                unite(j, *of, p);
        }
    }
}

/* People with the same name are the same person. */
static clile_status unite_names(joint *j)
{
    clile_status status = CLILE_OK;
    called *all = NULL;
    const int32_t count = j->begin[j->sets];
    CLILE_I_ALLOC(all, count);
    for (int32_t k = 0; k < j->sets; ++k)
        for (int32_t s = 0; s < j->set[k]->subjects; ++s)
            all[j->begin[k] + s] =
                (called){clile_dataset_get_subject_name(j->set[k], s), j->of[j->begin[k] + s]};
    qsort(all, (size_t)count, sizeof *all, compare_called);
    for (int32_t s = 1; s < count; ++s)
        if (strcmp(all[s].name, all[s - 1].name) == 0) unite(j, all[s].person, all[s - 1].person);
cleanup:
    clile_i_free(all);
    return status;
}

/* Names people, and finds people who share a name. */
static clile_status name_people(joint *j)
{
    clile_status status = CLILE_OK;
    called *all = NULL;
    int32_t count = 0;
    CLILE_I_ALLOC(all, j->begin[j->sets]);
    for (int32_t k = 0; k < j->sets; ++k)
        for (int32_t s = 0; s < j->set[k]->subjects; ++s) {
            const int32_t root = root_of(j, j->of[j->begin[k] + s]);
            person *one = &j->person[root];
            if (one->name != NULL) continue;
            one->name = clile_dataset_get_subject_name(j->set[k], s);
            one->set = k;
            all[count++] = (called){one->name, root};
        }
    qsort(all, (size_t)count, sizeof *all, compare_called);
    for (int32_t s = 1; s < count; ++s)
        if (strcmp(all[s].name, all[s - 1].name) == 0)
            j->person[all[s].person].shared = j->person[all[s - 1].person].shared = 1;
cleanup:
    clile_i_free(all);
    return status;
}

/* ---- the table ---- */

static clile_status add_subject(person *one, clile_i_table *table)
{
    clile_i_text name = {0};
    const int32_t before = table->subject_count;
    clile_i_text_append(&name, one->shared ? "%s#%d" : "%s", one->name, (int)one->set + 1);
    clile_status status = name.status;
    if (status == CLILE_OK)
        status = clile_i_table_subject(table, name.data, name.data + name.size, &one->subject);
    if (status == CLILE_OK && one->subject < before)
        status = clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                              "clile_dataset_concat: subject %s of datasets[%d] would be called "
                              "%s, which is another subject's name",
                              one->name, (int)one->set, name.data);
    clile_i_text_free(&name);
    return status;
}

/* Fills names, labels and subjects, and where each image is stored. */
static clile_status fill_table(joint *j, clile_i_table *table, int32_t *holder_of,
                               int64_t *holder_index)
{
    clile_status status = CLILE_OK;
    int8_t *labels = NULL;
    const int32_t c = table->c;
    CLILE_I_ALLOC(labels, c);
    CLILE_I_ALLOC(table->placed, j->n);
    for (int32_t k = 0; k < j->sets; ++k) {
        const clile_dataset *set = j->set[k];
        for (int64_t i = 0; i < set->n; ++i) {
            const int64_t at = table->n;
            const int8_t *theirs = clile_i_dataset_labels(set, i);
            const int32_t subject = j->begin[k] + clile_i_dataset_subject(set, i);
            person *one = &j->person[root_of(j, j->of[subject])];
            if (one->subject < 0) CLILE_I_TRY(add_subject(one, table));
            for (int32_t a = 0; a < c; ++a) labels[a] = theirs[j->column[k * c + a]];
            locate(j, set, i, &holder_of[at], &holder_index[at]);
            table->placed[at] =
                (uint8_t)clile_i_origin_placed(&j->holder[holder_of[at]]->table, holder_index[at]);
            CLILE_I_TRY(clile_i_table_add(table, "", clile_dataset_get_image_name(set, i),
                                          one->subject, labels, NULL, NULL));
            theirs = clile_i_dataset_intensity(set, i);
            if (theirs == NULL) continue;
            for (int32_t a = 0; a < c; ++a) labels[a] = theirs[j->column[k * c + a]];
            CLILE_I_TRY(clile_i_table_put_intensity(table, labels));
        }
    }
cleanup:
    clile_i_free(labels);
    return status;
}

static void add_counts(const clile_i_counts *from, clile_i_counts *to)
{
    to->label_rows += from->label_rows;
    to->labels_without_image += from->labels_without_image;
    to->images_without_labels += from->images_without_labels;
    to->images_without_landmarks += from->images_without_landmarks;
    to->images_by_box += from->images_by_box;
    to->rows_without_face += from->rows_without_face;
}

static clile_status add_left_out(const clile_i_table *from, clile_i_table *to)
{
    for (int32_t kind = 0; kind < 2; ++kind)
        for (int32_t i = 0; i < from->left_out_count[kind]; ++i) {
            int32_t *count = &to->left_out_count[kind];
            if (*count == CLILE_I_LEFT_OUT_KEPT) break;
            char *name = clile_i_strdup(from->left_out[kind][i]);
            if (name == NULL) return CLILE_E_OUT_OF_MEMORY;
            to->left_out[kind][(*count)++] = name;
        }
    return CLILE_OK;
}

/* Keeps a word that all sets share; otherwise it becomes "mixed". */
static void merge_word(int first, const char *theirs, char *word, size_t size)
{
    if (first)
        snprintf(word, size, "%s", theirs);
    else if (strcmp(word, theirs) != 0)
        snprintf(word, size, "mixed");
}

/* Merges the notes from opening the sets, each once, and what is known of their images. */
static clile_status fill_origin(const joint *j, clile_i_table *table)
{
    clile_status status = CLILE_OK;
    clile_i_text origin = {0}, all = {0};
    for (int32_t h = 0; h < j->holders; ++h) {
        const clile_i_core *core = j->holder[h];
        const clile_i_table *from = &core->table;
        merge_word(h == 0, from->layout[0] != '\0' ? from->layout : "arrays", table->layout,
                   sizeof table->layout);
        merge_word(h == 0, from->kind[0] != '\0' ? from->kind : "unknown", table->kind,
                   sizeof table->kind);
        add_counts(&from->counts, &table->counts);
        CLILE_I_TRY(add_left_out(from, table));
        if (from->notes.size > 0) clile_i_text_append(&table->notes, "%s", from->notes.data);
        clile_i_text_append(&origin, "%s(%s", h > 0 ? " " : "",
                            from->origin != NULL ? from->origin : "arrays");
        if (from->boxes != NULL)
            clile_i_text_append(&origin, " box_margin=%.17g", core->box_margin);
        clile_i_text_append(&origin, ")");
        if (from->pack_size == 0) continue;
        if (table->pack_size != 0 && table->pack_size != from->pack_size) {
            status = clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                  "clile_dataset_concat: packs with crops of %d and of %d pixels",
                                  (int)table->pack_size, (int)from->pack_size);
            goto cleanup;
        }
        table->pack_size = from->pack_size;
    }
    CLILE_I_TRY(table->notes.status);
    CLILE_I_TRY(origin.status);
    clile_i_text_append(&all, "layout=%s %s", table->layout, origin.data);
    table->origin = all.data;
    status = all.status;
cleanup:
    clile_i_text_free(&origin);
    return status;
}

/* Targets of all holders that have any must mean the same. Images of a set without targets have
 * none. */
static clile_status match_targets(const joint *j, clile_i_table *table)
{
    for (int32_t h = 0; h < j->holders; ++h) {
        const clile_i_targets *theirs = &j->holder[h]->table.targets, *ours = &table->targets;
        if (!clile_i_targets_fit(theirs, ours))
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                "clile_dataset_concat: %s has targets of %d points and %d values, "
                                "others %d and %d, or with other left-right partners",
                                j->holder[h]->table.root, (int)theirs->p, (int)theirs->v,
                                (int)ours->p, (int)ours->v);
        CLILE_I_RETURN_IF(clile_i_targets_copy_kind(theirs, &table->targets));
    }
    return CLILE_OK;
}

/* Names the part of a fold if all sets are the same part. */
static clile_status name_part(const joint *j, clile_dataset *out)
{
    const clile_dataset *first = j->set[0];
    for (int32_t k = 0; k < j->sets; ++k) {
        const clile_dataset *set = j->set[k];
        if (set->protocol == NULL || strcmp(set->protocol, first->protocol) != 0 ||
            set->fold != first->fold || set->tested != first->tested)
            return CLILE_OK;
    }
    return clile_i_origin_name_part(out, first->protocol, first->fold, first->tested);
}

static clile_status join(joint *j, int32_t by_name, clile_dataset **out)
{
    clile_status status = CLILE_OK;
    clile_i_table table = {0};
    clile_i_core *core = NULL, **holder = NULL;
    int32_t *holder_of = NULL;
    int64_t *holder_index = NULL;
    const clile_i_table *first = &j->set[0]->core->table;

    CLILE_I_TRY(match_columns(j));
    CLILE_I_TRY(list_holders(j));
    unite_known(j);
    if (by_name) CLILE_I_TRY(unite_names(j));
    CLILE_I_TRY(name_people(j));
    CLILE_I_ALLOC(holder, j->holders);
    CLILE_I_ALLOC(holder_of, j->n);
    CLILE_I_ALLOC(holder_index, j->n);
    CLILE_I_TRY(clile_i_table_begin(&table, "", first->c, first->au_ids));
    CLILE_I_TRY(fill_origin(j, &table));
    CLILE_I_TRY(match_targets(j, &table));
    CLILE_I_TRY(fill_table(j, &table, holder_of, holder_index));
    CLILE_I_TRY(clile_i_table_finish(&table));
    CLILE_I_TRY(clile_i_core_create(&table, NULL, 0, 0, NULL, &core));
    for (int32_t h = 0; h < j->holders; ++h) {
        holder[h] = j->holder[h];
        clile_i_refs_retain(&holder[h]->refs);
    }
    core->holders = j->holders;
    core->holder = holder;
    core->holder_of = holder_of;
    core->holder_index = holder_index;
    holder = NULL;
    holder_of = NULL;
    holder_index = NULL;
    CLILE_I_TRY(clile_i_view_create(core, NULL, NULL, 0, out));
    status = name_part(j, *out);
    if (status == CLILE_OK) goto cleanup;
    clile_dataset_destroy(*out);
    *out = NULL;
cleanup:
    clile_i_core_release(core);
    clile_i_table_free(&table);
    clile_i_free(holder);
    clile_i_free(holder_of);
    clile_i_free(holder_index);
    return status;
}

clile_status clile_dataset_concat(int32_t n, const clile_dataset *const *datasets, int32_t subjects,
                                  clile_dataset **out)
{
    joint j = {.sets = n, .set = datasets};

    CLILE_I_CHECK_NOT_NULL(datasets);
    CLILE_I_CHECK_NOT_NULL(out);
    *out = NULL;
    if (n < 1)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: n is %d, expected 1 or more", __func__,
                            (int)n);
    if (subjects != CLILE_SUBJECTS_DISTINCT && subjects != CLILE_SUBJECTS_BY_NAME)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "%s: subjects is %d, expected CLILE_SUBJECTS_DISTINCT (0) or "
                            "CLILE_SUBJECTS_BY_NAME (1)",
                            __func__, (int)subjects);
    for (int32_t k = 0; k < n; ++k)
        if (datasets[k] == NULL)
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: datasets[%d] is NULL", __func__,
                                (int)k);
    const clile_status status = join(&j, subjects == CLILE_SUBJECTS_BY_NAME, out);
    clile_i_free(j.holder);
    clile_i_free(j.first);
    clile_i_free(j.person);
    clile_i_free(j.begin);
    clile_i_free(j.of);
    clile_i_free(j.column);
    return status;
}
