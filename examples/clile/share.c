/* clile predict on several ranks: each reads its share of the images and keeps the rows; when all
 * are through, rank 0 takes them, in the order of the images, and prints. */
#include "predict.h"

#include <errno.h>
#include <string.h>

static int no_file(void)
{
    fprintf(stderr, "clile: rank %d of %d: the file in which rows are kept: %s\n",
            (int)ranks_number(), (int)ranks_count(), strerror(errno));
    return EXIT_FAILED;
}

int share_open(share *s, int64_t images, answers *out)
{
    const int64_t parts = (int64_t)SHARE_BLOCKS * ranks_count();
    int64_t first = images;
    *s = (share){.images = images, .block = images > parts ? (images + parts - 1) / parts : 1};
    if (ranks_copy(0, sizeof first, &first) != EXIT_FINE) return EXIT_FAILED;
    if (first != images) {
        fprintf(stderr, "clile: rank %d of %d finds %lld images, rank 0 finds %lld\n",
                (int)ranks_number(), (int)ranks_count(), (long long)images, (long long)first);
        return EXIT_FAILED;
    }
    s->rows = out->share = tmpfile();
    return s->rows ? EXIT_FINE : no_file();
}

int share_takes(const share *s, int64_t number)
{
    return s->rows == NULL || (number - 1) / s->block % ranks_count() == ranks_number();
}

void share_took(share *s, int64_t number)
{
    if (s->rows == NULL) return;
    const int64_t block = (number - 1) / s->block / ranks_count();
    if (block < SHARE_BLOCKS) s->ends[block] = ftello(s->rows);
}

/* A block of rank `root`, of these bytes, into rank 0's file. */
static int move_block(share *s, int32_t root, int64_t bytes, FILE *to)
{
    enum { PIECE = 1 << 16 };
    static char piece[PIECE];
    for (int64_t at = 0; at < bytes; at += PIECE) {
        const int64_t size = bytes - at < PIECE ? bytes - at : PIECE;
        if (ranks_number() == root && fread(piece, (size_t)size, 1, s->rows) != 1) return no_file();
        if (ranks_copy(root, size, piece) != EXIT_FINE) return EXIT_FAILED;
        if (to != NULL && fwrite(piece, (size_t)size, 1, to) != 1) return no_file();
    }
    return EXIT_FINE;
}

static int move_all(share *s, FILE *to)
{
    const int64_t blocks = (s->images + s->block - 1) / s->block;
    int code = EXIT_FINE;
    for (int64_t k = 0; k < blocks && code == EXIT_FINE; ++k) {
        const int32_t root = (int32_t)(k % ranks_count());
        const int64_t own = k / ranks_count();
        int64_t bytes = s->ends[own] - (own > 0 ? s->ends[own - 1] : 0);
        code = ranks_copy(root, sizeof bytes, &bytes);
        if (code == EXIT_FINE) code = move_block(s, root, bytes, to);
    }
    return code;
}

static int print_rows(FILE *from, answers *out)
{
    static row_room room;
    answer row;
    int64_t left = ftello(from);
    int fine = left >= 0 && fflush(from) == 0;
    rewind(from);
    while (fine && ftello(from) < left && !ferror(stdout)) {
        fine = row_read(from, out->c, &room, &row);
        if (fine) answers_print(out, &row);
    }
    return fine ? EXIT_FINE : no_file();
}

int share_print(share *s, answers *out)
{
    FILE *const all = ranks_is_first() ? tmpfile() : NULL;
    int code = EXIT_FINE;
    out->share = NULL;
    if (ferror(s->rows) || fflush(s->rows) != 0 || (ranks_is_first() && all == NULL))
        code = no_file();
    rewind(s->rows);
    if (code == EXIT_FINE) code = move_all(s, all);
    if (code == EXIT_FINE && all != NULL) {
        answers_begin(out);
        code = print_rows(all, out);
    }
    if (all != NULL) fclose(all);
    share_close(s);
    return code;
}

void share_close(share *s)
{
    if (s->rows) fclose(s->rows);
    s->rows = NULL;
}
