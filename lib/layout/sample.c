/* One more image of a table: where its face is, by the data set or by the file of the option faces,
 * and whether that can be a face's place. */
#include "layout/layout.h"

#include "image/image.h"

/* Whether the landmarks can belong to a face; without landmarks, whether the box can. If not, `why`
 * says why. */
static int is_place(const float *five, const float *box, char *why)
{
    double value[10];
    const float *from = five != NULL ? five : box;
    if (from == NULL) return 1;
    for (int k = 0; k < (five != NULL ? 10 : 4); ++k) value[k] = (double)from[k];
    return !(five != NULL ? clile_i_align_five_fault(value, why)
                          : clile_i_align_box_fault(value, why));
}

/* Looks the image up in the file of the option faces. */
static clile_status look_up(clile_i_table *table, const char *folder, const char *file,
                            clile_i_face_row *out)
{
    char *name = clile_i_path_join(folder, file);
    char *path = name == NULL     ? NULL
                 : name[0] == '/' ? clile_i_strdup(name)
                                  : clile_i_path_join(table->root, name);
    const clile_status status =
        path != NULL ? clile_i_face_file_look_up(table->faces, path, out) : CLILE_E_OUT_OF_MEMORY;
    clile_i_free(name);
    clile_i_free(path);
    return status;
}

clile_status clile_i_places_add(clile_i_table *table, const char *folder, const char *file,
                                int32_t subject, const int8_t *labels,
                                const clile_i_landmarks *landmarks, const float *box)
{
    char why[CLILE_I_WHY_SIZE];
    clile_i_face_row row = {0};
    if (table->faces != NULL) {
        CLILE_I_RETURN_IF(look_up(table, folder, file, &row));
        table->faceless += row.faceless;
        if (row.faceless) return CLILE_OK;
        landmarks = row.has_points ? &row.landmarks : NULL;
        box = row.has_box ? row.box : NULL;
    }
    const float *five = landmarks != NULL ? landmarks->five : NULL;
    table->with_place += five != NULL || box != NULL;
    if (!is_place(five, box, why)) {
        if (table->misplaced++ == 0)
            clile_i_text_append(&table->misplaced_first, "%s%s%s: %s", folder,
                                folder[0] != '\0' ? "/" : "", file, why);
        return table->misplaced_first.status;
    }
    table->counts.images_without_landmarks += five == NULL;
    table->counts.images_by_box += five == NULL && box != NULL;
    return clile_i_table_add(table, folder, file, subject, labels, landmarks,
                             five == NULL ? box : NULL);
}
