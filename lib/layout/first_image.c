/* Whether the images of a video are numbered from 0 or from 1. Labels do not say, but the counts
 * do. */
#include "layout/layout.h"

typedef struct {
    int64_t labels_without_image, images_without_label;
} misfit;

static misfit count_misfit(int64_t count, const clile_i_numbering *sequences, int64_t origin,
                           int32_t first)
{
    misfit out = {0};
    for (int64_t s = 0; s < count; ++s) {
        int64_t found = 0;
        for (int64_t i = 0; i < sequences[s].n; ++i)
            found += clile_i_frames_find(sequences[s].images,
                                         sequences[s].frame[i] - origin + first) != NULL;
        out.labels_without_image += sequences[s].n - found;
        out.images_without_label += sequences[s].images->count - found;
    }
    return out;
}

int clile_i_numbering_counts(const clile_i_numbering *sequence, int64_t origin, int64_t images)
{
    if (sequence->n != images) return 0;
    for (int64_t i = 0; i < sequence->n; ++i)
        if (sequence->frame[i] != origin + i) return 0;
    return 1;
}

int clile_i_numbering_is_exact(const clile_i_numbering *sequence, int64_t origin, int32_t first)
{
    const misfit fit = count_misfit(1, sequence, origin, first);
    return fit.labels_without_image == 0 && fit.images_without_label == 0;
}

static int has_image_0(int64_t count, const clile_i_numbering *sequences)
{
    for (int64_t s = 0; s < count; ++s)
        if (sequences[s].images->count > 0 && sequences[s].images->frames[0].number == 0) return 1;
    return 0;
}

clile_status clile_i_first_image(int32_t wanted, int64_t count, const clile_i_numbering *sequences,
                                 int64_t origin, clile_i_table *table, int32_t *first)
{
    misfit fit[2];
    int64_t sum[2];
    for (int32_t k = 0; k < 2; ++k) {
        fit[k] = count_misfit(count, sequences, origin, k);
        sum[k] = fit[k].labels_without_image + fit[k].images_without_label;
    }
    *first = wanted >= 0        ? wanted
             : sum[0] != sum[1] ? sum[1] < sum[0]
                                : !has_image_0(count, sequences);
    table->numbered = 1;
    table->first_image = *first;
    for (int32_t k = 0; k < 2; ++k)
        clile_i_text_append(
            &table->notes, "%s %d: %lld labels without image, %lld images without label",
            k == 0 ? "images numbered from" : "; from", k, (long long)fit[k].labels_without_image,
            (long long)fit[k].images_without_label);
    clile_i_text_append(&table->notes, "; %s %d\n", wanted >= 0 ? "as set: from" : "taken: from",
                        *first);
    if (wanted < 0 && sum[0] == sum[1])
        clile_i_text_append(&table->notes,
                            "warning: both numberings fit equally well; look at a sheet of faces "
                            "and set first_image=0 or first_image=1\n");
    if (wanted >= 0 && sum[wanted] > sum[1 - wanted])
        clile_i_text_append(&table->notes,
                            "warning: first_image=%d fits worse than first_image=%d\n", wanted,
                            1 - wanted);
    return table->notes.status;
}
