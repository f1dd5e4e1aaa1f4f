/* Subject-exclusive parts of a data set. */
#include "data/core.h"

#include <string.h>

/* The three parts of the published protocols (docs/method.md). */
static const char *const bp4d_parts[3] = {
    " F001 M007 F018 F008 F002 M004 F010 F009 M012 M001 F016 M014 F023 M008 ",
    " M011 F003 M010 M002 F005 F022 M018 M017 F013 M016 F020 F011 M013 M005 ",
    " F007 F015 F006 F019 M006 M009 F012 M003 F004 F021 F017 M015 F014 "};
static const char *const disfa_parts[3] = {
    " SN002 SN010 SN001 SN026 SN027 SN032 SN030 SN009 SN016 ",
    " SN013 SN018 SN011 SN028 SN012 SN006 SN031 SN021 SN024 ",
    " SN003 SN029 SN023 SN025 SN008 SN005 SN007 SN017 SN004 "};

/* Two numberings of the same folds are in use. Fold f of ME-GraphAU's files tests part 4 - f;
 * elsewhere fold f tests part f. */
typedef struct {
    const char *name;
    const char *const *part; /* [3] names, each surrounded by blanks */
    int32_t descending;      /* fold 1 tests the last part */
} protocol;

static const protocol protocols[] = {{"bp4d", bp4d_parts, 1},
                                     {"disfa", disfa_parts, 1},
                                     {"bp4d-parts", bp4d_parts, 0},
                                     {"disfa-parts", disfa_parts, 0}};

static const char kfold[] = "kfold:", subject_file[] = "file:";

static int is_in_part(const char *part, const char *name)
{
    const size_t size = strlen(name);
    /* at[-1] then exists at a match */
    if (size == 0 || strchr(name, ' ') != NULL) return 0;
    for (const char *at = strstr(part, name); at != NULL; at = strstr(at + 1, name))
        if (at[-1] == ' ' && at[size] == ' ') return 1;
    return 0;
}

static clile_status fail_range(const char *name, int32_t fold, int32_t folds)
{
    return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "fold %d of protocol %s: there are folds 1 to %d",
                        fold, name, folds);
}

/* marks [subjects]: 1 test, 0 training */
static clile_status mark_published(const clile_dataset *dataset, const protocol *p, int32_t fold,
                                   uint8_t *marks)
{
    if (fold < 1 || fold > 3) return fail_range(p->name, fold, 3);
    for (int32_t s = 0; s < dataset->subjects; ++s) {
        const char *name = clile_dataset_get_subject_name(dataset, s);
        int32_t part = 0;
        while (part < 3 && !is_in_part(p->part[part], name)) ++part;
        if (part == 3)
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                "subject %s of the data set is not in the protocol %s", name,
                                p->name);
        marks[s] = part == (p->descending ? 3 - fold : fold - 1);
    }
    return CLILE_OK;
}

/* "kfold:K" or "kfold:K:SEED". */
static clile_status parse_kfold(const clile_dataset *dataset, const char *name, int32_t *folds,
                                uint64_t *seed)
{
    const char *text = name + sizeof kfold - 1, *end = text + strlen(text),
               *colon = strchr(text, ':');
    int64_t k = 0, value = 1;
    if (!clile_i_parse_i64(text, colon != NULL ? colon : end, &k) || k < 2 ||
        k > dataset->subjects ||
        (colon != NULL && (!clile_i_parse_i64(colon + 1, end, &value) || value < 0)))
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "protocol %s: expected kfold:K or kfold:K:SEED with K from 2 to %d "
                            "(the subjects) and a SEED of 0 or more",
                            name, dataset->subjects);
    *folds = (int32_t)k;
    *seed = (uint64_t)value;
    return CLILE_OK;
}

/* Shuffles the subjects by the seed and deals them out in turn. */
static clile_status mark_kfold(const clile_dataset *dataset, const char *name, int32_t fold,
                               uint8_t *marks)
{
    clile_status status = CLILE_OK;
    int64_t *order = NULL;
    int32_t folds = 0;
    uint64_t seed = 0;
    CLILE_I_RETURN_IF(parse_kfold(dataset, name, &folds, &seed));
    if (fold < 1 || fold > folds) return fail_range(name, fold, folds);
    CLILE_I_ALLOC(order, dataset->subjects);
    clile_i_sampler_order(dataset->subjects, seed, 0, order);
    for (int32_t k = 0; k < dataset->subjects; ++k) marks[order[k]] = k % folds == fold - 1;
cleanup:
    clile_i_free(order);
    return status;
}

static clile_status mark_file(const clile_dataset *dataset, const char *name, int32_t fold,
                              uint8_t *marks)
{
    int32_t folds = 0;
    CLILE_I_RETURN_IF(
        clile_i_subject_file_mark(dataset, name + sizeof subject_file - 1, fold, marks, &folds));
    return fold < 1 || fold > folds ? fail_range(name, fold, folds) : CLILE_OK;
}

static int starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static const protocol *find_published(const char *name)
{
    for (size_t p = 0; p < sizeof protocols / sizeof *protocols; ++p)
        if (strcmp(name, protocols[p].name) == 0) return &protocols[p];
    return NULL;
}

static clile_status fail_unknown(const char *name)
{
    return clile_i_fail(
        CLILE_E_INVALID_ARGUMENT,
        "protocol \"%.200s\" is unknown; there are bp4d, disfa, bp4d-parts, disfa-parts, kfold:K, "
        "kfold:K:SEED, file:PATH, loso, all",
        name);
}

static clile_status mark(const clile_dataset *dataset, const char *name, int32_t fold,
                         uint8_t *marks)
{
    const protocol *published = find_published(name);
    if (published != NULL) return mark_published(dataset, published, fold, marks);
    if (starts_with(name, kfold)) return mark_kfold(dataset, name, fold, marks);
    if (starts_with(name, subject_file)) return mark_file(dataset, name, fold, marks);
    if (strcmp(name, "loso") != 0) return fail_unknown(name);
    if (fold < 1 || fold > dataset->subjects) return fail_range(name, fold, dataset->subjects);
    marks[fold - 1] = 1;
    return CLILE_OK;
}

clile_status clile_dataset_fold_count(const clile_dataset *dataset, const char *protocol_name,
                                      int32_t *folds)
{
    uint64_t seed = 0;
    CLILE_I_CHECK_NOT_NULL(dataset);
    if (protocol_name == NULL)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: protocol is NULL", __func__);
    CLILE_I_CHECK_NOT_NULL(folds);
    if (starts_with(protocol_name, kfold)) return parse_kfold(dataset, protocol_name, folds, &seed);
    if (starts_with(protocol_name, subject_file))
        return clile_i_subject_file_mark(dataset, protocol_name + sizeof subject_file - 1, 0, NULL,
                                         folds);
    const int published = find_published(protocol_name) != NULL,
              loso = strcmp(protocol_name, "loso") == 0;
    if (!published && !loso && strcmp(protocol_name, "all") != 0)
        return fail_unknown(protocol_name);
    *folds = published ? 3 : loso ? dataset->subjects : 1;
    return CLILE_OK;
}

/* Creates both parts or none. */
static clile_status take(const clile_dataset *dataset, const uint8_t *marks, uint8_t first_mark,
                         clile_dataset **first, clile_dataset **second)
{
    clile_status status = CLILE_OK;
    clile_dataset *a = NULL, *b = NULL;
    if (first != NULL)
        CLILE_I_TRY(clile_i_view_create(dataset->core, dataset, marks, first_mark, &a));
    if (second != NULL)
        CLILE_I_TRY(clile_i_view_create(dataset->core, dataset, marks, !first_mark, &b));
    if (first != NULL) *first = a;
    if (second != NULL) *second = b;
    a = b = NULL;
cleanup:
    clile_dataset_destroy(a);
    clile_dataset_destroy(b);
    return status;
}

clile_status clile_dataset_fold(const clile_dataset *dataset, const char *name, int32_t fold,
                                clile_dataset **train, clile_dataset **test)
{
    clile_status status = CLILE_OK;
    uint8_t *marks = NULL;
    int32_t tested = 0;

    CLILE_I_CHECK_NOT_NULL(dataset);
    if (name == NULL) /* the name in the public header */
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: protocol is NULL", __func__);
    if (train != NULL) *train = NULL;
    if (test != NULL) *test = NULL;
    if (strcmp(name, "all") == 0) {
        if (train != NULL) CLILE_I_RETURN_IF(clile_i_dataset_retain(dataset, train));
        if (test != NULL) CLILE_I_RETURN_IF(clile_i_dataset_retain(dataset, test));
        return CLILE_OK;
    }
    CLILE_I_ALLOC(marks, dataset->subjects);
    CLILE_I_TRY(mark(dataset, name, fold, marks));
    for (int32_t s = 0; s < dataset->subjects; ++s) tested += marks[s];
    if ((train != NULL && tested == dataset->subjects) || (test != NULL && tested == 0)) {
        status = clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                              "fold %d of protocol %s: the data set has no subject for the %s part",
                              fold, name, tested == 0 ? "test" : "training");
        goto cleanup;
    }
    CLILE_I_TRY(take(dataset, marks, 0, train, test));
    if (train != NULL) status = clile_i_origin_name_part(*train, name, fold, 0);
    if (test != NULL && status == CLILE_OK) status = clile_i_origin_name_part(*test, name, fold, 1);
    if (status == CLILE_OK) goto cleanup;
    if (train != NULL) clile_dataset_destroy(*train);
    if (test != NULL) clile_dataset_destroy(*test);
    if (train != NULL) *train = NULL;
    if (test != NULL) *test = NULL;
cleanup:
    clile_i_free(marks);
    return status;
}

clile_status clile_i_dataset_split(const clile_dataset *dataset, int32_t count,
                                   const int32_t *subjects, clile_dataset **part,
                                   clile_dataset **rest)
{
    clile_status status = CLILE_OK;
    uint8_t *marks = NULL;

    CLILE_I_CHECK_NOT_NULL(dataset);
    CLILE_I_ALLOC(marks, dataset->subjects);
    for (int32_t k = 0; k < count; ++k) {
        if (subjects[k] < 0 || subjects[k] >= dataset->subjects) {
            status = clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                  "split: subject %d, the data set has 0 to %d", subjects[k],
                                  dataset->subjects - 1);
            goto cleanup;
        }
        marks[subjects[k]] = 1;
    }
    status = take(dataset, marks, 1, part, rest);
cleanup:
    clile_i_free(marks);
    return status;
}
