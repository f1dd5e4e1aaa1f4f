/* DISFA+ (Mavadati, Sanger, Mahoor, "Extended DISFA Dataset", CVPR Workshops 2016). The data are
 * licensed, so this layout follows public code that reads them (docs/data.md says which code, and
 * what could not be verified):
 *   Labels/SUBJECT/TRIAL/AUn.txt     rows "000.jpg     2": image, intensity 0..5;
 *                                    up to two other lines come first
 *   Images/SUBJECT/TRIAL/000.jpg     such as SN001/A1_AU1_TrailNo_1/000.jpg
 *   landmarks/SUBJECT_TRIAL.csv      optional, and boxes/; their frame is the number in the
 *                                    image's name
 * Rows name their image. The number of the first image does not matter. */
#include "layout/au_files.h"

#include <string.h>

enum { HEADER_LINES = 2 };

static const char *const label_folders[] = {"Labels", "", NULL};

static void file_name(const char *subject, int32_t au, char *out, size_t size)
{
    (void)subject;
    snprintf(out, size, "AU%d.txt", au);
}

static int32_t file_au(const char *name, const char *subject)
{
    const char *dot = strrchr(name, '.');
    int64_t au = 0;
    (void)subject;
    if (dot == NULL || strcmp(dot, ".txt") != 0 || strncmp(name, "AU", 2) != 0) return 0;
    if (!clile_i_parse_i64(name + 2, dot, &au)) return 0;
    return au >= 1 && au <= 999 ? (int32_t)au : 0;
}

/* Splits "000.jpg 2" or "000.jpg,2" into the image's number and the second word. Returns 1, or 0
 * for any other row. */
static int split_row(const clile_i_rows *rows, int64_t *frame, const char **word, const char **end)
{
    char image[64];
    const char *at = rows->begin[0], *blank = at;
    if (rows->count > 2) return 0;
    while (blank < rows->end[0] && *blank != ' ' && *blank != '\t') ++blank;
    if (blank == at || (size_t)(blank - at) >= sizeof image) return 0;
    if (rows->count == 2 && blank != rows->end[0]) return 0;
    memcpy(image, at, (size_t)(blank - at));
    image[blank - at] = '\0';
    while (blank < rows->end[0] && (*blank == ' ' || *blank == '\t')) ++blank;
    *word = rows->count == 2 ? rows->begin[1] : blank;
    *end = rows->end[rows->count - 1];
    return clile_i_frame_number(image, frame);
}

static clile_status parse_row(const clile_i_rows *rows, int64_t n, int64_t *frame,
                              int64_t *intensity, int32_t *skip)
{
    const char *begin = NULL, *end = NULL;
    double value = 0.0;
    const int row = split_row(rows, frame, &begin, &end);
    *skip = !row && (rows->begin[0][0] == '#' || (n == 0 && rows->lines.line <= HEADER_LINES));
    if (*skip) return CLILE_OK;
    if (!row)
        return clile_i_rows_fail(rows, "expected an image and an intensity, such as \"000.jpg 2\"");
    if (!clile_i_parse_f64(begin, end, &value) ||
        !(value == 9.0 || (value >= 0.0 && value <= 5.0 && value == (double)(int32_t)value)))
        return clile_i_rows_fail(rows, "intensity \"%.*s\", expected 0 to 5 or 9 (not coded)",
                                 end - begin < 40 ? (int)(end - begin) : 40, begin);
    *intensity = (int64_t)value;
    return CLILE_OK;
}

static const clile_i_au_files form = {
    .layout = "DISFA+",
    .kind = "DISFA+ label file",
    .item = "image",
    .row = "such as \"000.jpg 2\"",
    .blanks = 1,
    .folders = 1,
    .name = file_name,
    .au = file_au,
    .parse = parse_row,
};

/* Any folder of a subject can be a trial. */
static int is_trial(const char *name)
{
    return name[0] != '\0';
}

static clile_status visit(clile_i_sequences *sequences, const char *path, const char *subject,
                          const char *part)
{
    return clile_i_au_files_visit(&form, sequences, path, subject, part);
}

static clile_status find(const char *labels, clile_i_sequences *sequences)
{
    return clile_i_sequences_walk(sequences, labels, visit);
}

static const clile_i_sequence_rules rules = {
    .name = "DISFA+",
    .layout = &clile_i_layout_disfa_plus,
    .label_folders = label_folders,
    .is_part = is_trial,
    .find = find,
    .au_count = 8,
    .au_ids = clile_i_au_set_disfa,
    .number_digits = 3,
};

static clile_status recognise(const char *path, int32_t *fits)
{
    return clile_i_sequences_recognise(&rules, path, fits);
}

static clile_status read_sequence(clile_i_sequences *s, clile_i_sequence *sequence)
{
    clile_status status = CLILE_OK;
    clile_i_au_labels labels = {0};
    CLILE_I_TRY(clile_i_au_files_read(&form, s, sequence, &labels));
    status = clile_i_au_labels_put(&labels, 0, s, sequence);
cleanup:
    clile_i_au_labels_free(&labels);
    return status;
}

static clile_status open_disfa_plus(const clile_i_layout_request *request, clile_i_table *table)
{
    clile_status status = CLILE_OK;
    clile_i_sequences s = {0};
    CLILE_I_TRY(clile_i_sequences_open(&rules, request, table, &s));
    for (int64_t i = 0; i < s.count; ++i) CLILE_I_TRY(read_sequence(&s, &s.each[i]));
    status = clile_i_sequences_finish(&s);
cleanup:
    clile_i_sequences_free(&s);
    return status;
}

const clile_i_layout clile_i_layout_disfa_plus = {
    .looked_for = "SUBJECT/TRIAL/AUn.txt (such as SN001/A1_AU1_TrailNo_1/AU1.txt) in Labels and "
                  "the folder itself",
    .recognise = recognise,
    .open = open_disfa_plus,
};
