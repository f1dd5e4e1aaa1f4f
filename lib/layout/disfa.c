/* DISFA as distributed (Mavadati et al., "DISFA", IEEE Transactions on Affective Computing 2013):
 *   ActionUnit_Labels/SUBJECT/SUBJECT_auN.txt   rows frame,intensity; frames from 1; intensity
 *                                               0 (absent), 1..5 (A..E)
 *   .../SUBJECT/INDEX.png                       frames of the video, counted from 0 or from 1
 *   landmarks/SUBJECT.csv, boxes/SUBJECT.csv    optional; their frame is the number in the
 *                                               image's name
 * Label frame k belongs to image k - 1 + first_image, see first_image.c. */
#include "layout/au_files.h"

#include <string.h>

static const char *const label_folders[] = {"ActionUnit_Labels", "", NULL};

static void file_name(const char *subject, int32_t au, char *out, size_t size)
{
    snprintf(out, size, "%s_au%d.txt", subject, au);
}

static int32_t file_au(const char *name, const char *subject)
{
    const size_t size = strlen(subject);
    const char *dot = strrchr(name, '.');
    int64_t au = 0;
    if (dot == NULL || strcmp(dot, ".txt") != 0 || strncmp(name, subject, size) != 0) return 0;
    if (strncmp(name + size, "_au", 3) != 0 || !clile_i_parse_i64(name + size + 3, dot, &au))
        return 0;
    return au >= 1 && au <= 999 ? (int32_t)au : 0;
}

static clile_status parse_row(const clile_i_rows *rows, int64_t n, int64_t *frame,
                              int64_t *intensity, int32_t *skip)
{
    (void)n;
    *skip = 0;
    if (rows->count != 2)
        return clile_i_rows_fail(rows, "%lld columns, expected frame,intensity",
                                 (long long)rows->count);
    CLILE_I_RETURN_IF(clile_i_rows_whole(rows, 0, "a frame", frame));
    CLILE_I_RETURN_IF(clile_i_rows_whole(rows, 1, "an intensity", intensity));
    if (*intensity > 5 && *intensity != 9)
        return clile_i_rows_fail(rows, "intensity %lld, expected 0 to 5 or 9 (not coded)",
                                 (long long)*intensity);
    return CLILE_OK;
}

static const clile_i_au_files form = {
    .layout = "DISFA",
    .kind = "DISFA label file",
    .item = "frame",
    .row = "frame,intensity",
    .name = file_name,
    .au = file_au,
    .parse = parse_row,
};

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
    .name = "DISFA",
    .layout = &clile_i_layout_disfa,
    .label_folders = label_folders,
    .find = find,
    .au_count = 8,
    .au_ids = clile_i_au_set_disfa,
};

static clile_status recognise(const char *path, int32_t *fits)
{
    return clile_i_sequences_recognise(&rules, path, fits);
}

/* Reads the labels of all subjects, then finds the number of the first image. */
static clile_status read_labels(clile_i_sequences *s, clile_i_au_labels *labels, int32_t *first)
{
    clile_status status = CLILE_OK;
    clile_i_numbering *numbering = NULL;
    CLILE_I_ALLOC(numbering, s->count);
    for (int64_t i = 0; i < s->count; ++i) {
        CLILE_I_TRY(clile_i_sequence_list(s, &s->each[i]));
        CLILE_I_TRY(clile_i_au_files_read(&form, s, &s->each[i], &labels[i]));
        numbering[i] = (clile_i_numbering){
            .images = &s->each[i].frames, .n = labels[i].n, .frame = labels[i].frame};
    }
    status = clile_i_first_image(s->request->first_image, s->count, numbering, 1, s->table, first);
cleanup:
    clile_i_free(numbering);
    return status;
}

static clile_status open_disfa(const clile_i_layout_request *request, clile_i_table *table)
{
    clile_status status = CLILE_OK;
    clile_i_sequences s = {0};
    clile_i_au_labels *labels = NULL;
    int32_t first = 0;
    CLILE_I_TRY(clile_i_sequences_open(&rules, request, table, &s));
    CLILE_I_ALLOC(labels, s.count);
    CLILE_I_TRY(read_labels(&s, labels, &first));
    for (int64_t i = 0; i < s.count; ++i)
        CLILE_I_TRY(clile_i_au_labels_put(&labels[i], first - 1, &s, &s.each[i]));
    status = clile_i_sequences_finish(&s);
cleanup:
    for (int64_t i = 0; labels != NULL && i < s.count; ++i) clile_i_au_labels_free(&labels[i]);
    clile_i_free(labels);
    clile_i_sequences_free(&s);
    return status;
}

const clile_i_layout clile_i_layout_disfa = {
    .looked_for = "SUBJECT/SUBJECT_auN.txt (such as SN001/SN001_au1.txt) in ActionUnit_Labels and "
                  "the folder itself",
    .recognise = recognise,
    .open = open_disfa,
};
