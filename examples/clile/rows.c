/* Rows of `clile predict` in a file of the run's own, to print them later: a row is the structure,
 * whose pointers say only what is there, then what they point to. */
#include "predict.h"

#include <string.h>

void row_keep(FILE *to, int32_t c, const answer *row)
{
    const uint32_t sizes[2] = {row->image ? (uint32_t)strlen(row->image) + 1 : 0,
                               row->message ? (uint32_t)strlen(row->message) + 1 : 0};
    fwrite(row, sizeof *row, 1, to);
    fwrite(sizes, sizeof sizes, 1, to);
    if (row->box) fwrite(row->box, sizeof(float), 4, to);
    if (row->place) fwrite(row->place, sizeof(float), 4, to);
    if (row->points > 0) fwrite(row->xy, sizeof(float), 2 * (size_t)row->points, to);
    if (row->success) fwrite(row->probability, sizeof(float), (size_t)c, to);
    if (row->success) fwrite(row->present, 1, (size_t)c, to);
    if (row->success && row->intensity) fwrite(row->intensity, sizeof(float), (size_t)c, to);
    if (row->image) fwrite(row->image, 1, sizes[0], to);
    if (row->message) fwrite(row->message, 1, sizes[1], to);
}

static int read_all(FILE *from, void *to, size_t size)
{
    return fread(to, 1, size, from) == size;
}

int row_read(FILE *from, int32_t c, row_room *room, answer *row)
{
    uint32_t sizes[2];
    const size_t aus = (size_t)c;
    if (!read_all(from, row, sizeof *row) || !read_all(from, sizes, sizeof sizes)) return 0;
    if (sizes[0] > sizeof room->image || sizes[1] > sizeof room->message) return 0;
    if (row->points < 0 || row->points > MAX_POINTS) return 0;
    if ((row->box && !read_all(from, room->box, sizeof room->box)) ||
        (row->place && !read_all(from, room->place, sizeof room->place)) ||
        !read_all(from, room->xy, 2 * sizeof *room->xy * (size_t)row->points) ||
        (row->success && !read_all(from, room->probability, aus * sizeof *room->probability)) ||
        (row->success && !read_all(from, room->present, aus)) ||
        (row->success && row->intensity &&
         !read_all(from, room->intensity, aus * sizeof *room->intensity)) ||
        !read_all(from, room->image, sizes[0]) || !read_all(from, room->message, sizes[1]))
        return 0;
    row->box = row->box ? room->box : NULL;
    row->image = row->image ? room->image : NULL;
    row->message = row->message ? room->message : NULL;
    row->xy = room->xy;
    row->probability = room->probability;
    row->present = room->present;
    row->intensity = row->intensity ? room->intensity : NULL;
    row->place = row->place ? room->place : NULL;
    return 1;
}
