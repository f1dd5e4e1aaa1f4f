/* Data sets, protocols and names for the subcommands. */
#include "command.h"

#include <stdlib.h>
#include <string.h>

static void print_warnings(const char *notes)
{
    static const char mark[] = "warning: ";
    for (const char *at = notes; *at != '\0';) {
        const size_t size = strcspn(at, "\n");
        if (strncmp(at, mark, sizeof mark - 1) == 0)
            fprintf(stderr, "clile: %.*s\n", (int)size, at);
        at += size + (at[size] != '\0');
    }
}

static void print_left_out(const clile_dataset *data)
{
    static const char *const what[2] = {"label rows without image", "images without label row"};
    clile_dataset_counts counts = {.struct_size = sizeof counts};
    if (clile_dataset_copy_counts(data, &counts) != CLILE_OK) return;
    const int64_t left_out[2] = {counts.labels_without_image, counts.images_without_labels};
    for (int32_t kind = 0; kind < 2; ++kind) {
        const char *name = clile_dataset_get_left_out(data, kind, 0);
        if (left_out[kind] == 0) continue;
        fprintf(stderr, "clile: left out: %lld %s%s%s\n", (long long)left_out[kind], what[kind],
                name ? ", the first is " : "", name ? name : "");
    }
    if (counts.rows_without_face > 0)
        fprintf(stderr, "clile: left out: %lld label rows that say that no face was found\n",
                (long long)counts.rows_without_face);
}

int dataset_open(const char *path, const clile_options *options, clile_dataset **out)
{
    if (clile_dataset_open(path, options, out) != CLILE_OK) return failed(NULL);
    if (!ranks_is_first()) return EXIT_FINE; /* all ranks would say the same */
    print_warnings(clile_dataset_get_notes(*out));
    print_left_out(*out);
    return EXIT_FINE;
}

int32_t protocol_folds(const char *protocol, const clile_dataset *dataset)
{
    int32_t folds = 0;
    if (strcmp(protocol, "none") == 0) return 1;
    return clile_dataset_fold_count(dataset, protocol, &folds) == CLILE_OK ? folds : 0;
}

clile_status protocol_fold(const clile_dataset *dataset, const char *protocol, int32_t fold,
                           clile_dataset **train, clile_dataset **test)
{
    if (strcmp(protocol, "none") != 0)
        return clile_dataset_fold(dataset, protocol, fold, train, test);
    if (test) *test = NULL;
    return clile_dataset_fold(dataset, "all", 1, train, NULL);
}

char *subject_names(const clile_dataset *dataset)
{
    const int32_t count = clile_dataset_subject_count(dataset);
    size_t length = 1;
    for (int32_t s = 0; s < count; ++s)
        length += strlen(clile_dataset_get_subject_name(dataset, s)) + 1;
    char *text = malloc(length);
    if (text == NULL) return NULL;
    char *end = text;
    for (int32_t s = 0; s < count; ++s) {
        const char *name = clile_dataset_get_subject_name(dataset, s);
        if (s > 0) *end++ = ' ';
        memcpy(end, name, strlen(name));
        end += strlen(name);
    }
    *end = '\0';
    return text;
}

void au_ids_to_text(int32_t c, const int32_t *au_ids, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (int32_t i = 0; i < c && used < size; ++i)
        used +=
            (size_t)snprintf(text + used, size - used, "%s%d", i > 0 ? "," : "", (int)au_ids[i]);
}
