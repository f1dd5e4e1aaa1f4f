/* Protocols and names, as the command line speaks of them. */
#include "command.h"

#include <stdlib.h>
#include <string.h>

int32_t protocol_folds(const char *protocol, const clile_dataset *dataset)
{
    int32_t folds = 0;
    if (strcmp(protocol, "none") == 0) return 1;
    return clile_dataset_fold_count(dataset, protocol, &folds) == CLILE_OK ? folds : 0;
}

clile_status protocol_fold(const clile_dataset *dataset, const char *protocol, int32_t fold, clile_dataset **train,
                           clile_dataset **test)
{
    if (strcmp(protocol, "none") != 0) return clile_dataset_fold(dataset, protocol, fold, train, test);
    if (test) *test = NULL;
    return clile_dataset_fold(dataset, "all", 1, train, NULL);
}

char *subject_names(const clile_dataset *dataset)
{
    const int32_t count = clile_dataset_subject_count(dataset);
    size_t length = 1;
    for (int32_t s = 0; s < count; ++s) length += strlen(clile_dataset_get_subject_name(dataset, s)) + 1;
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
        used += (size_t)snprintf(text + used, size - used, "%s%d", i > 0 ? "," : "", (int)au_ids[i]);
}
