#include "layout/table.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

clile_status clile_i_table_begin(clile_i_table *table, const char *root, int32_t c,
                                 const int32_t *au_ids)
{
    clile_status status = CLILE_OK;
    table->c = c;
    CLILE_I_ALLOC(table->au_ids, c);
    memcpy(table->au_ids, au_ids, (size_t)c * sizeof *au_ids);
    table->root = clile_i_strdup(root);
    if (table->root == NULL) status = CLILE_E_OUT_OF_MEMORY;
cleanup:
    return status;
}

void clile_i_table_free(clile_i_table *table)
{
    for (int32_t s = 0; s < table->subject_count; ++s) clile_i_free(table->subject_names[s]);
    clile_i_free(table->root);
    clile_i_free(table->origin);
    clile_i_free(table->au_ids);
    clile_i_free(table->name);
    clile_i_free(table->labels);
    clile_i_free(table->intensity);
    clile_i_free(table->subject);
    clile_i_free(table->points);
    clile_i_free(table->landmarks);
    clile_i_free(table->boxes);
    clile_i_free(table->placed);
    clile_i_free(table->row);
    clile_i_targets_free(&table->targets);
    clile_i_text_free(&table->notes);
    clile_i_text_free(&table->fit.first);
    clile_i_free(table->first_not_read);
    clile_i_text_free(&table->misplaced_first);
    clile_i_free(table->subject_names);
    clile_i_free(table->subject_order);
    clile_i_free(table->text);
    clile_i_st_close(table->pack);
    for (int32_t kind = 0; kind < 2; ++kind)
        for (int32_t i = 0; i < table->left_out_count[kind]; ++i)
            clile_i_free(table->left_out[kind][i]);
    memset(table, 0, sizeof *table);
}

static int compare_to_name(const char *begin, size_t size, const char *name)
{
    const size_t other = strlen(name);
    const int bytes = memcmp(begin, name, size < other ? size : other);
    return bytes != 0 ? bytes : size < other ? -1 : size > other;
}

clile_status clile_i_table_subject(clile_i_table *table, const char *begin, const char *end,
                                   int32_t *subject)
{
    const size_t size = (size_t)(end - begin);
    int32_t low = 0, high = table->subject_count;
    while (low < high) {
        const int32_t middle = low + (high - low) / 2;
        const int order =
            compare_to_name(begin, size, table->subject_names[table->subject_order[middle]]);
        if (order == 0) {
            *subject = table->subject_order[middle];
            return CLILE_OK;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    const int32_t count = table->subject_count;
    int64_t names = table->subject_capacity, orders = table->subject_capacity;
    CLILE_I_GROW(table->subject_names, &names, (int64_t)count + 1);
    CLILE_I_GROW(table->subject_order, &orders, (int64_t)count + 1);
    table->subject_capacity = (int32_t)orders;

    char *name = clile_i_calloc((int64_t)size + 1, 1);
    if (name == NULL) return CLILE_E_OUT_OF_MEMORY;
    memcpy(name, begin, size);
    table->subject_names[count] = name;
    memmove(table->subject_order + low + 1, table->subject_order + low,
            (size_t)(count - low) * sizeof *table->subject_order);
    table->subject_order[low] = count;
    table->subject_count = count + 1;
    *subject = count;
    return CLILE_OK;
}

/* Makes room for one more sample in each column. All columns have the same capacity. */
static clile_status reserve(clile_i_table *table, int64_t needed)
{
    enum { COLUMNS = 8, ALWAYS = 4 }; /* the others may be absent */
    const size_t sizes[COLUMNS] = {
        sizeof *table->name,        (size_t)table->c,
        sizeof *table->subject,     sizeof *table->row,
        10 * sizeof *table->points, 4 * sizeof *table->boxes,
        (size_t)table->c,           CLILE_I_LANDMARKS * sizeof *table->landmarks};
    void *blocks[COLUMNS] = {table->name,   table->labels, table->subject,   table->row,
                             table->points, table->boxes,  table->intensity, table->landmarks};
    clile_status status = CLILE_OK;
    int64_t capacity = table->capacity;
    if (needed <= capacity) return CLILE_OK;
    for (int k = 0; k < COLUMNS; ++k) {
        if (k >= ALWAYS && blocks[k] == NULL) continue;
        capacity = table->capacity;
        void *grown = clile_i_grow(blocks[k], &capacity, needed, sizes[k]);
        if (grown == NULL)
            status = CLILE_E_OUT_OF_MEMORY;
        else
            blocks[k] = grown;
    }
    table->name = blocks[0];
    table->labels = blocks[1];
    table->subject = blocks[2];
    table->row = blocks[3];
    table->points = blocks[4];
    table->boxes = blocks[5];
    table->intensity = blocks[6];
    table->landmarks = blocks[7];
    if (status == CLILE_OK) table->capacity = capacity;
    return status;
}

/* Stores the values of sample i. The first sample with any values creates the column. NaN means
 * none. */
static clile_status put_floats(float **column, int64_t capacity, int64_t i, int64_t width,
                               const float *values)
{
    if (*column == NULL && values == NULL) return CLILE_OK;
    if (*column == NULL) {
        *column = clile_i_calloc(capacity, (size_t)width * sizeof **column);
        if (*column == NULL) return CLILE_E_OUT_OF_MEMORY;
        for (int64_t k = 0; k < width * i; ++k) (*column)[k] = NAN;
    }
    for (int64_t k = 0; k < width; ++k) (*column)[width * i + k] = values != NULL ? values[k] : NAN;
    return CLILE_OK;
}

clile_status clile_i_table_add(clile_i_table *table, const char *folder, const char *file,
                               int32_t subject, const int8_t *labels,
                               const clile_i_landmarks *landmarks, const float *box)
{
    const int64_t i = table->n;
    const int whole = landmarks != NULL && !clile_i_is_nan((double)landmarks->all[0]);
    CLILE_I_RETURN_IF(reserve(table, i + 1));
    CLILE_I_RETURN_IF(put_floats(&table->points, table->capacity, i, 10,
                                 landmarks != NULL ? landmarks->five : NULL));
    CLILE_I_RETURN_IF(put_floats(&table->landmarks, table->capacity, i, CLILE_I_LANDMARKS,
                                 whole ? landmarks->all : NULL));
    CLILE_I_RETURN_IF(put_floats(&table->boxes, table->capacity, i, 4, box));

    const size_t folder_size = strlen(folder), file_size = strlen(file);
    const int64_t size = (int64_t)(folder_size + (folder_size > 0) + file_size + 1);
    CLILE_I_GROW(table->text, &table->text_capacity, table->text_size + size);
    char *name = table->text + table->text_size;
    if (folder_size > 0) {
        memcpy(name, folder, folder_size);
        name[folder_size] = '/';
        name += folder_size + 1;
    }
    memcpy(name, file, file_size + 1);

    table->name[i] = table->text_size;
    table->text_size += size;
    table->subject[i] = subject;
    table->row[i] = table->rows - 1;
    memcpy(table->labels + i * table->c, labels, (size_t)table->c);
    if (table->intensity != NULL) memset(table->intensity + i * table->c, -1, (size_t)table->c);
    table->n = i + 1;
    return CLILE_OK;
}

int64_t clile_i_table_images(const clile_i_table *table)
{
    return table->n + table->misplaced + table->faceless;
}

clile_status clile_i_table_put_intensity(clile_i_table *table, const int8_t *intensity)
{
    if (table->intensity == NULL) {
        table->intensity = clile_i_calloc(table->capacity, (size_t)table->c);
        if (table->intensity == NULL) return CLILE_E_OUT_OF_MEMORY;
        memset(table->intensity, -1, (size_t)(table->n * table->c));
    }
    memcpy(table->intensity + (table->n - 1) * table->c, intensity, (size_t)table->c);
    return CLILE_OK;
}

clile_status clile_i_table_put_landmarks(clile_i_table *table, const float *all)
{
    return put_floats(&table->landmarks, table->capacity, table->n - 1, CLILE_I_LANDMARKS, all);
}

clile_status clile_i_table_left_out(clile_i_table *table, int32_t kind, const char *folder,
                                    const char *file)
{
    int32_t *count = &table->left_out_count[kind];
    if (kind == CLILE_I_LEFT_OUT_LABELS)
        ++table->counts.labels_without_image;
    else
        ++table->counts.images_without_labels;
    if (*count == CLILE_I_LEFT_OUT_KEPT) return CLILE_OK;
    char *name = folder[0] == '\0' ? clile_i_strdup(file) : clile_i_path_join(folder, file);
    if (name == NULL) return CLILE_E_OUT_OF_MEMORY;
    table->left_out[kind][(*count)++] = name;
    return CLILE_OK;
}

clile_status clile_i_table_not_read(clile_i_table *table, const char *folder, const char *file)
{
    if (table->not_read++ > 0) return CLILE_OK;
    table->first_not_read = clile_i_path_join(folder, file);
    return table->first_not_read != NULL ? CLILE_OK : CLILE_E_OUT_OF_MEMORY;
}
