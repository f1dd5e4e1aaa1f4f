/* The options API over the one table. Values that were not set are not stored: the getters read
 * the table. */
#include "base/base.h"
#include "base/options_table.h"

#include <string.h>

static const clile_option_info TABLE[] = {
#define ROW(row_type, row_name, row_default, row_choices, row_minimum, row_maximum, row_group,     \
            row_help)                                                                              \
    {.struct_size = sizeof(clile_option_info),                                                     \
     .type = CLILE_OPTION_##row_type,                                                              \
     .name = row_name,                                                                             \
     .default_value = row_default,                                                                 \
     .choices = row_choices,                                                                       \
     .minimum = row_minimum,                                                                       \
     .maximum = row_maximum,                                                                       \
     .group = row_group,                                                                           \
     .help = row_help},
    CLILE_I_OPTIONS_TABLE(ROW)
#undef ROW
};
enum { COUNT = sizeof TABLE / sizeof TABLE[0] };

typedef struct {
    int set;
    int64_t integer;
    double real;
    char *text; /* of a choice or text; owned */
} option_value;

struct clile_options {
    option_value values[COUNT];
    clile_i_log log;
};

static const char AUTO[] = "auto";

/* ---- keys ---- */

/* Levenshtein distance. Both texts are cut to 63 bytes; no key is that long. */
static int edit_distance(const char *left, const char *right)
{
    int row[64];
    const int left_size = (int)strnlen(left, 63), right_size = (int)strnlen(right, 63);
    for (int j = 0; j <= right_size; ++j) row[j] = j;
    for (int i = 1; i <= left_size; ++i) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= right_size; ++j) {
            const int replaced = diagonal + (left[i - 1] != right[j - 1]);
            diagonal = row[j];
            const int gap = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            row[j] = replaced < gap ? replaced : gap;
        }
    }
    return row[right_size];
}

static int find(const char *key)
{
    for (int i = 0; i < COUNT; ++i)
        if (strcmp(TABLE[i].name, key) == 0) return i;
    return -1;
}

static clile_status find_key(const char *key, int *out)
{
    if (key == NULL) return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "the key of an option is NULL");
    *out = find(key);
    if (*out >= 0) return CLILE_OK;
    int nearest = 0, least = 1000;
    for (int i = 0; i < COUNT; ++i) {
        const int distance = edit_distance(key, TABLE[i].name);
        if (distance < least) {
            least = distance;
            nearest = i;
        }
    }
    return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                        "option \"%.200s\" is not known; the nearest is \"%s\"", key,
                        TABLE[nearest].name);
}

static const char *type_name(int32_t type)
{
    static const char *const names[] = {"an integer", "a real number", "a choice", "a text"};
    return names[type];
}

static clile_status fail_type(int index, const char *used_as)
{
    return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "option %s is %s and cannot be used as %s",
                        TABLE[index].name, type_name(TABLE[index].type), used_as);
}

/* ---- checked assignment ---- */

static clile_status assign_integer(clile_options *options, int index, int64_t value)
{
    const clile_option_info *row = &TABLE[index];
    if (value < (int64_t)row->minimum || value > (int64_t)row->maximum)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "option %s: expected an integer from %lld to %lld, found %lld",
                            row->name, (long long)row->minimum, (long long)row->maximum,
                            (long long)value);
    options->values[index].integer = value;
    options->values[index].set = 1;
    return CLILE_OK;
}

static clile_status assign_real(clile_options *options, int index, double value)
{
    const clile_option_info *row = &TABLE[index];
    if (!clile_i_is_within(value, row->minimum, row->maximum))
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "option %s: expected a number from %.10g to %.10g, found %.10g",
                            row->name, row->minimum, row->maximum, value);
    options->values[index].real = value == 0 ? 0 : value; /* no -0 */
    options->values[index].set = 1;
    return CLILE_OK;
}

static int is_choice(const char *choices, const char *value)
{
    const size_t size = strlen(value);
    for (const char *choice = choices; size > 0 && choice != NULL;) {
        const char *bar = strchr(choice, '|');
        const size_t length = bar == NULL ? strlen(choice) : (size_t)(bar - choice);
        if (length == size && memcmp(choice, value, size) == 0) return 1;
        choice = bar == NULL ? NULL : bar + 1;
    }
    return 0;
}

static clile_status assign_text(clile_options *options, int index, const char *value)
{
    const clile_option_info *row = &TABLE[index];
    if (row->type == CLILE_OPTION_CHOICE && !is_choice(row->choices, value))
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "option %s: expected one of %s, found \"%s\"",
                            row->name, row->choices, value);
    for (const char *byte = value; *byte != '\0';
         ++byte) /* no line breaks: options are stored as lines */
        if ((unsigned char)*byte < 0x20)
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                "option %s: expected text without control characters", row->name);
    char *copy = clile_i_strdup(value);
    if (copy == NULL) return CLILE_E_OUT_OF_MEMORY;
    clile_i_free(options->values[index].text);
    options->values[index].text = copy;
    options->values[index].set = 1;
    return CLILE_OK;
}

static clile_status fail_parse(int index, const char *value)
{
    const clile_option_info *row = &TABLE[index];
    if (row->type == CLILE_OPTION_REAL)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "option %s: expected a number from %.10g to %.10g, found \"%s\"",
                            row->name, row->minimum, row->maximum, value);
    const int is_auto = strcmp(row->default_value, AUTO) == 0;
    return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                        "option %s: expected an integer from %lld to %lld%s, found \"%s\"",
                        row->name, (long long)row->minimum, (long long)row->maximum,
                        is_auto ? " or auto" : "", value);
}

clile_status clile_options_set(clile_options *options, const char *key, const char *value)
{
    CLILE_I_CHECK_NOT_NULL(options);
    CLILE_I_CHECK_NOT_NULL(value);
    int index = 0;
    CLILE_I_RETURN_IF(find_key(key, &index));
    const clile_option_info *row = &TABLE[index];
    const char *end = value + strlen(value);
    if (row->type == CLILE_OPTION_INTEGER) {
        int64_t integer = 0;
        if (strcmp(value, AUTO) == 0 && strcmp(row->default_value, AUTO) == 0) {
            options->values[index].set = 0;
            return CLILE_OK;
        }
        if (!clile_i_parse_i64(value, end, &integer)) return fail_parse(index, value);
        return assign_integer(options, index, integer);
    }
    if (row->type == CLILE_OPTION_REAL) {
        double real = 0;
        if (!clile_i_parse_f64(value, end, &real)) return fail_parse(index, value);
        return assign_real(options, index, real);
    }
    return assign_text(options, index, value);
}

clile_status clile_options_set_i64(clile_options *options, const char *key, int64_t value)
{
    CLILE_I_CHECK_NOT_NULL(options);
    int index = 0;
    CLILE_I_RETURN_IF(find_key(key, &index));
    if (TABLE[index].type != CLILE_OPTION_INTEGER) return fail_type(index, "an integer");
    return assign_integer(options, index, value);
}

clile_status clile_options_set_f64(clile_options *options, const char *key, double value)
{
    CLILE_I_CHECK_NOT_NULL(options);
    int index = 0;
    CLILE_I_RETURN_IF(find_key(key, &index));
    if (TABLE[index].type != CLILE_OPTION_REAL) return fail_type(index, "a real number");
    return assign_real(options, index, value);
}

static int is_text(int index)
{
    return TABLE[index].type == CLILE_OPTION_CHOICE || TABLE[index].type == CLILE_OPTION_TEXT;
}

clile_status clile_options_set_str(clile_options *options, const char *key, const char *value)
{
    CLILE_I_CHECK_NOT_NULL(options);
    CLILE_I_CHECK_NOT_NULL(value);
    int index = 0;
    CLILE_I_RETURN_IF(find_key(key, &index));
    if (!is_text(index)) return fail_type(index, "a text");
    return assign_text(options, index, value);
}

/* ---- values in force ---- */

/* The value that other options imply for an option that was not set: PRESETS of options_table.h. */
static const char *implied(const clile_options *options, int index)
{
    static const struct {
        const char *key, *value, *name, *implies;
    } presets[] = {
#define ROW(preset_key, preset_value, preset_name, preset_implies)                                 \
    {preset_key, preset_value, preset_name, preset_implies},
        CLILE_I_OPTIONS_PRESETS(ROW)
#undef ROW
    };
    for (size_t i = 0; options != NULL && i < sizeof presets / sizeof presets[0]; ++i) {
        if (strcmp(presets[i].name, TABLE[index].name) != 0) continue;
        const option_value *value = &options->values[find(presets[i].key)];
        if (value->set && strcmp(value->text, presets[i].value) == 0) return presets[i].implies;
    }
    return TABLE[index].default_value;
}

static int64_t integer_in_force(const clile_options *options, int index)
{
    if (options != NULL && options->values[index].set) return options->values[index].integer;
    const char *text = implied(options, index);
    int64_t value = 0;
    return clile_i_parse_i64(text, text + strlen(text), &value) ? value
                                                                : clile_i_threads_available();
}

static double real_in_force(const clile_options *options, int index)
{
    if (options != NULL && options->values[index].set) return options->values[index].real;
    const char *text = implied(options, index);
    double value = 0;
    clile_i_parse_f64(text, text + strlen(text),
                      &value); /* cannot fail: a test reads every default */
    return value;
}

static const char *text_in_force(const clile_options *options, int index)
{
    return options != NULL && options->values[index].set ? options->values[index].text
                                                         : implied(options, index);
}

clile_status clile_options_get_i64(const clile_options *options, const char *key, int64_t *out)
{
    CLILE_I_CHECK_NOT_NULL(out);
    int index = 0;
    CLILE_I_RETURN_IF(find_key(key, &index));
    if (TABLE[index].type != CLILE_OPTION_INTEGER) return fail_type(index, "an integer");
    *out = integer_in_force(options, index);
    return CLILE_OK;
}

clile_status clile_options_get_f64(const clile_options *options, const char *key, double *out)
{
    CLILE_I_CHECK_NOT_NULL(out);
    int index = 0;
    CLILE_I_RETURN_IF(find_key(key, &index));
    if (TABLE[index].type != CLILE_OPTION_REAL) return fail_type(index, "a real number");
    *out = real_in_force(options, index);
    return CLILE_OK;
}

clile_status clile_options_get_str(const clile_options *options, const char *key, const char **out)
{
    CLILE_I_CHECK_NOT_NULL(out);
    int index = 0;
    CLILE_I_RETURN_IF(find_key(key, &index));
    if (!is_text(index)) return fail_type(index, "a text");
    *out = text_in_force(options, index);
    return CLILE_OK;
}

int32_t clile_options_is_set(const clile_options *options, const char *key)
{
    const int index = key == NULL ? -1 : find(key);
    return options != NULL && index >= 0 && options->values[index].set;
}

/* ---- the handle ---- */

clile_status clile_options_create(clile_options **out)
{
    CLILE_I_CHECK_NOT_NULL(out);
    *out = clile_i_calloc(1, sizeof **out);
    return *out == NULL ? CLILE_E_OUT_OF_MEMORY : CLILE_OK;
}

clile_status clile_options_copy(const clile_options *source, clile_options **out)
{
    CLILE_I_CHECK_NOT_NULL(out);
    *out = NULL;
    clile_status status = CLILE_OK;
    clile_options *copy = NULL;
    CLILE_I_TRY(clile_options_create(&copy));
    for (int i = 0; i < COUNT && source != NULL; ++i) {
        const option_value *value = &source->values[i];
        if (!value->set) continue;
        if (is_text(i))
            CLILE_I_TRY(assign_text(copy, i, value->text));
        else
            copy->values[i] = *value;
    }
    copy->log = clile_i_options_log(source);
    *out = copy;
    copy = NULL;
cleanup:
    clile_options_destroy(copy);
    return status;
}

void clile_options_destroy(clile_options *options)
{
    if (options == NULL) return;
    for (int i = 0; i < COUNT; ++i) clile_i_free(options->values[i].text);
    clile_i_free(options);
}

clile_status clile_options_set_log(clile_options *options, clile_log_fn fn, void *user)
{
    CLILE_I_CHECK_NOT_NULL(options);
    options->log = (clile_i_log){fn, user};
    return CLILE_OK;
}

clile_i_log clile_i_options_log(const clile_options *options)
{
    return options != NULL ? options->log : (clile_i_log){NULL, NULL};
}

int32_t clile_options_count(void)
{
    return COUNT;
}

clile_status clile_options_describe(int32_t index, clile_option_info *info)
{
    CLILE_I_CHECK_NOT_NULL(info);
    if (index < 0 || index >= COUNT)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: index %d is outside [0, %d)", __func__,
                            index, (int)COUNT);
    CLILE_I_RETURN_IF(
        clile_i_struct_check(__func__, info, CLILE_I_STRUCT_LEAST(clile_option_info, help)));
    clile_i_struct_put(info, &TABLE[index], sizeof TABLE[index]);
    return CLILE_OK;
}

/* ---- as text ---- */

enum { EXACT = 17, SHOWN = 10 }; /* digits of a real number */

static void append_value(const clile_options *options, int index, int digits, clile_i_text *out)
{
    if (TABLE[index].type == CLILE_OPTION_INTEGER)
        clile_i_text_append(out, "%lld", (long long)integer_in_force(options, index));
    else if (TABLE[index].type == CLILE_OPTION_REAL)
        clile_i_text_append(out, "%.*g", digits, real_in_force(options, index));
    else
        clile_i_text_append(out, "%s", text_in_force(options, index));
}

clile_status clile_i_options_to_text(const clile_options *options, clile_i_text *out)
{
    for (int i = 0; i < COUNT; ++i) {
        clile_i_text_append(out, "%s=", TABLE[i].name);
        append_value(options, i, EXACT, out);
        clile_i_text_append(out, "\n");
    }
    return out->status;
}

/* Reads [begin, end), line `number`; `buffer` has room for it and a NUL. */
static clile_status read_line(clile_options *options, const char *begin, const char *end,
                              long long number, char *buffer)
{
    const size_t size = (size_t)(end - begin);
    memcpy(buffer, begin, size);
    buffer[size] = '\0';
    char *equals = strchr(buffer, '=');
    if (equals == NULL)
        return clile_i_fail(CLILE_E_FORMAT, "options, line %lld: expected key=value, found \"%s\"",
                            number, buffer);
    *equals = '\0';
    const clile_status status = clile_options_set(options, buffer, equals + 1);
    if (status == CLILE_OK || status == CLILE_E_OUT_OF_MEMORY) return status;
    return clile_i_fail_context(CLILE_E_FORMAT, "options, line %lld", number);
}

clile_status clile_i_options_from_text(const char *text, clile_options **out)
{
    CLILE_I_CHECK_NOT_NULL(text);
    CLILE_I_CHECK_NOT_NULL(out);
    *out = NULL;
    clile_status status = CLILE_OK;
    clile_options *options = NULL;
    char *buffer = NULL;
    clile_i_lines lines = {.data = text, .size = strlen(text)};
    const char *begin = NULL, *end = NULL;
    CLILE_I_ALLOC(buffer, lines.size + 1);
    CLILE_I_TRY(clile_options_create(&options));
    while (clile_i_lines_next(&lines, &begin, &end))
        if (begin < end) CLILE_I_TRY(read_line(options, begin, end, (long long)lines.line, buffer));
    *out = options;
    options = NULL;
cleanup:
    clile_options_destroy(options);
    clile_i_free(buffer);
    return status;
}

/* ---- options of a resumed run ---- */

static int same_value(const clile_options *a, const clile_options *b, int index)
{
    if (TABLE[index].type == CLILE_OPTION_INTEGER)
        return integer_in_force(a, index) == integer_in_force(b, index);
    if (is_text(index)) return strcmp(text_in_force(a, index), text_in_force(b, index)) == 0;
    return !(real_in_force(a, index) < real_in_force(b, index) ||
             real_in_force(a, index) > real_in_force(b, index));
}

clile_status clile_i_options_check_same(const clile_options *here, const clile_options *there,
                                        const char *where, const char *key)
{
    int index = 0;
    CLILE_I_RETURN_IF(find_key(key, &index));
    if (!clile_options_is_set(here, key) || same_value(here, there, index)) return CLILE_OK;
    clile_i_text theirs = {0}, ours = {0};
    append_value(there, index, SHOWN, &theirs);
    append_value(here, index, SHOWN, &ours);
    clile_status status = theirs.status == CLILE_OK ? ours.status : theirs.status;
    if (status == CLILE_OK)
        status = clile_i_fail(CLILE_E_INVALID_ARGUMENT, "option %s is %s in %s, but %s here", key,
                              theirs.data, where, ours.data);
    clile_i_text_free(&theirs);
    clile_i_text_free(&ours);
    return status;
}

enum { CHECKPOINTS, HERE, AHEAD };

static int whose(const char *key)
{
    static const struct {
        const char *key;
        int whose;
    } rows[] = {
#define ROW(row_key, row_whose) {row_key, row_whose},
        CLILE_I_OPTIONS_RESUME(ROW)
#undef ROW
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; ++i)
        if (strcmp(rows[i].key, key) == 0) return rows[i].whose;
    return CHECKPOINTS;
}

clile_status clile_i_options_resume(const clile_options *here, const clile_options *checkpoint,
                                    clile_options **out)
{
    clile_status status = CLILE_OK;
    clile_options *result = NULL;
    clile_i_text value = {0};
    CLILE_I_TRY(clile_options_copy(checkpoint, &result));
    for (int i = 0; i < COUNT; ++i) {
        const char *key = TABLE[i].name;
        const int from = whose(key);
        if (from == CHECKPOINTS)
            CLILE_I_TRY(clile_i_options_check_same(here, checkpoint, "the checkpoint", key));
        if (from == CHECKPOINTS || (from == AHEAD && !clile_options_is_set(here, key))) continue;
        append_value(here, i, EXACT, &value);
        CLILE_I_TRY(value.status);
        CLILE_I_TRY(clile_options_set(result, key, value.data));
        clile_i_text_free(&value);
    }
    result->log = clile_i_options_log(here);
    *out = result;
    result = NULL;
cleanup:
    clile_i_text_free(&value);
    clile_options_destroy(result);
    return status;
}

clile_status clile_i_options_append_changed(const clile_options *options, clile_i_text *out)
{
    for (int i = 0, shown = 0; i < COUNT && out->status == CLILE_OK; ++i) {
        clile_i_text value = {0}, usual = {0};
        append_value(options, i, SHOWN, &value);
        append_value(NULL, i, SHOWN, &usual);
        if (value.status == CLILE_OK && usual.status == CLILE_OK && whose(TABLE[i].name) != HERE &&
            strcmp(TABLE[i].group, "data") != 0 && strcmp(value.data, usual.data) != 0)
            clile_i_text_append(out, "%s%s=%s", shown++ ? " " : "", TABLE[i].name, value.data);
        if (out->status == CLILE_OK) out->status = value.status ? value.status : usual.status;
        clile_i_text_free(&value);
        clile_i_text_free(&usual);
    }
    return out->status;
}

clile_status clile_i_options_crc(const clile_options *options, uint32_t *crc)
{
    clile_i_text text = {0};
    for (int i = 0; i < COUNT; ++i) {
        if (whose(TABLE[i].name) != CHECKPOINTS) continue;
        clile_i_text_append(&text, "%s=", TABLE[i].name);
        append_value(options, i, EXACT, &text);
        clile_i_text_append(&text, "\n");
    }
    const clile_status status = text.status;
    if (status == CLILE_OK) *crc = clile_i_crc32(*crc, text.data, text.size);
    clile_i_text_free(&text);
    return status;
}
