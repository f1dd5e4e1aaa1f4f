/* One label file per AU, see au_files.h. */
#include "layout/au_files.h"

#include <string.h>

enum { NAME_SIZE = 128 };

clile_status clile_i_au_files_visit(const clile_i_au_files *form, clile_i_sequences *sequences,
                                    const char *path, const char *subject, const char *part)
{
    clile_status status = CLILE_OK;
    clile_i_names files = {0};
    int32_t au = 0;
    CLILE_I_TRY(clile_i_folder_list(path, &files));
    for (int64_t i = 0; i < files.count && au == 0; ++i) au = form->au(files.names[i], subject);
    if (au > 0) status = clile_i_sequences_add(sequences, subject, part);
cleanup:
    clile_i_names_free(&files);
    return status;
}

/* INVALID_ARGUMENT, listing the AUs that the sequence has. */
static clile_status fail_without(const clile_i_au_files *form, const char *folder,
                                 const clile_i_sequence *sequence, int32_t au)
{
    clile_status status = CLILE_OK;
    clile_i_names files = {0};
    clile_i_text have = {0};
    CLILE_I_TRY(clile_i_folder_list(folder, &files));
    for (int64_t i = 0; i < files.count; ++i) {
        const int32_t other = form->au(files.names[i], sequence->subject);
        if (other > 0) clile_i_text_append(&have, " %d", other);
    }
    status = clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                          "%s labels of %s: AU %d is not coded there; it has%s", form->layout,
                          sequence->below, au, have.data != NULL ? have.data : " none");
cleanup:
    clile_i_text_free(&have);
    clile_i_names_free(&files);
    return status;
}

/* Makes room for one more frame. codes is [n,c], so each AU's file fills a column. */
static clile_status reserve(clile_i_au_labels *labels, int32_t c)
{
    CLILE_I_GROW(labels->frame, &labels->frame_capacity, labels->n + 1);
    CLILE_I_GROW(labels->codes, &labels->code_capacity, (labels->n + 1) * c);
    CLILE_I_GROW(labels->intensity, &labels->intensity_capacity, (labels->n + 1) * c);
    return CLILE_OK;
}

/* Adds row n of column a. The first AU that is read determines the frames; the others must have the
 * same. `first` is its file. */
static clile_status put_row(const clile_i_au_files *form, const clile_i_rows *rows,
                            const clile_i_table *table, int32_t a, int64_t n, int64_t frame,
                            int8_t code, int64_t intensity, const char *first,
                            clile_i_au_labels *labels)
{
    if (a == 0) {
        if (n > 0 && frame <= labels->frame[n - 1])
            return clile_i_rows_fail(rows, "%s %lld after %s %lld", form->item, (long long)frame,
                                     form->item, (long long)labels->frame[n - 1]);
        CLILE_I_RETURN_IF(reserve(labels, table->c));
        labels->frame[labels->n++] = frame;
    } else if (n >= labels->n || labels->frame[n] != frame) {
        return clile_i_rows_fail(rows, "%s %lld, which %s does not have in this row", form->item,
                                 (long long)frame, first);
    }
    labels->codes[n * table->c + a] = code;
    labels->intensity[n * table->c + a] = (int8_t)(intensity == 9 ? -1 : intensity);
    return CLILE_OK;
}

/* Reads column a of the codes. */
static clile_status read_au(const clile_i_au_files *form, const clile_i_sequences *s,
                            const clile_i_sequence *sequence, const char *folder, int32_t a,
                            clile_i_au_labels *labels)
{
    clile_status status = CLILE_OK;
    const clile_i_layout_request *request = s->request;
    const int32_t au = s->table->au_ids[a];
    clile_i_rows rows = {0};
    int32_t more = 0, skip = 0;
    int64_t n = 0, frame = 0, intensity = 0;
    char name[NAME_SIZE], first[NAME_SIZE];

    form->name(sequence->subject, au, name, sizeof name);
    form->name(sequence->subject, s->table->au_ids[0], first, sizeof first);
    char *path = clile_i_path_join(folder, name);
    if (path == NULL) return CLILE_E_OUT_OF_MEMORY;
    if (!clile_i_path_exists(path)) {
        status = fail_without(form, folder, sequence, au);
        goto cleanup;
    }
    CLILE_I_TRY(clile_i_rows_open(form->kind, path, request->max_label_bytes, &rows));
    rows.blanks = form->blanks;
    if (form->folders) /* path below the label folder */
        rows.name = path + strlen(s->labels) + (s->labels[strlen(s->labels) - 1] != '/');
    for (;;) {
        CLILE_I_TRY(clile_i_rows_next(&rows, &more));
        if (!more) break;
        CLILE_I_TRY(form->parse(&rows, n, &frame, &intensity, &skip));
        if (skip) continue;
        const int8_t code = intensity == 9 ? (int8_t)(request->unknown_negative ? 0 : -1)
                                           : intensity >= request->present_from;
        CLILE_I_TRY(put_row(form, &rows, s->table, a, n, frame, code, intensity, first, labels));
        ++n;
    }
    if (n != labels->n)
        status = clile_i_fail(CLILE_E_FORMAT, "%s %s: %lld %ss, %s has %lld", form->kind, rows.name,
                              (long long)n, form->item, first, (long long)labels->n);
    else if (n == 0)
        status =
            clile_i_fail(CLILE_E_FORMAT, "%s %s has no row %s", form->kind, rows.name, form->row);
cleanup:
    clile_i_rows_close(&rows);
    clile_i_free(path);
    return status;
}

clile_status clile_i_au_files_read(const clile_i_au_files *form, const clile_i_sequences *s,
                                   const clile_i_sequence *sequence, clile_i_au_labels *out)
{
    clile_status status = CLILE_OK;
    char *folder = clile_i_path_join(s->labels, sequence->below);
    if (folder == NULL) return CLILE_E_OUT_OF_MEMORY;
    for (int32_t a = 0; a < s->table->c; ++a)
        CLILE_I_TRY(read_au(form, s, sequence, folder, a, out));
cleanup:
    clile_i_free(folder);
    return status;
}

clile_status clile_i_au_labels_put(const clile_i_au_labels *labels, int64_t shift,
                                   clile_i_sequences *sequences, clile_i_sequence *sequence)
{
    clile_status status = CLILE_OK;
    clile_i_samples samples = {0};
    clile_i_table *table = sequences->table;
    CLILE_I_TRY(clile_i_samples_begin(sequences, sequence, &samples));
    for (int64_t k = 0; k < labels->n; ++k) {
        const int64_t before = table->n, at = k * table->c;
        CLILE_I_TRY(clile_i_samples_add(&samples, labels->frame[k] + shift, labels->codes + at));
        if (table->n > before)
            CLILE_I_TRY(clile_i_table_put_intensity(table, labels->intensity + at));
    }
    status = clile_i_samples_end(&samples);
cleanup:
    clile_i_samples_free(&samples);
    return status;
}

void clile_i_au_labels_free(clile_i_au_labels *labels)
{
    clile_i_free(labels->frame);
    clile_i_free(labels->codes);
    clile_i_free(labels->intensity);
    memset(labels, 0, sizeof *labels);
}
