/* Replaces libFuzzer when a corpus is only replayed: runs the target on every file of the folders
 * given. A crash, a broken promise or a sanitizer's finding ends the program. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { LIMIT_MEMORY = 0 }; /* shadow and quarantine are not the library's */
#else
enum { LIMIT_MEMORY = 1 };
#endif
enum { MOST_MEMORY_MB = 512 };

static int64_t replay_folder(const char *folder)
{
    clile_i_names names;
    int64_t count = 0;
    if (clile_i_folder_list(folder, &names) != CLILE_OK) {
        fprintf(stderr, "%s\n", clile_last_error());
        exit(1);
    }
    for (int64_t i = 0; i < names.count; ++i) {
        clile_i_file file;
        char *path = clile_i_path_join(folder, names.names[i]);
        if (path == NULL || clile_i_file_open(path, &file) != CLILE_OK) {
            fprintf(stderr, "%s\n", clile_last_error());
            exit(1);
        }
        if (getenv("CLILE_FUZZ_VERBOSE") != NULL) fprintf(stderr, "%s\n", path);
        /* a block of its own size, so that a read past the end is seen */
        uint8_t *bytes = malloc(file.size + (file.size == 0));
        FUZZ_CHECK(bytes != NULL);
        memcpy(bytes, file.data, file.size);
        LLVMFuzzerTestOneInput(bytes, file.size);
        if (getenv("CLILE_FUZZ_VERBOSE") != NULL) fprintf(stderr, "    %s\n", clile_last_error());
        free(bytes);
        clile_i_file_close(&file);
        clile_i_free(path);
        ++count;
    }
    clile_i_names_free(&names);
    return count;
}

int main(int argc, char **argv)
{
    struct rusage usage;
    int64_t count = 0;
    for (int i = 1; i < argc; ++i) count += replay_folder(argv[i]);
    if (count == 0) {
        fprintf(stderr, "%s FOLDER...: no file to replay\n", argv[0]);
        return 1;
    }
    getrusage(RUSAGE_SELF, &usage);
    printf("%lld inputs, %ld MB at most\n", (long long)count, usage.ru_maxrss / 1024);
    if (LIMIT_MEMORY && usage.ru_maxrss / 1024 > MOST_MEMORY_MB) {
        fprintf(stderr, "a small file made the library take more than %d MB\n",
                (int)MOST_MEMORY_MB);
        return 1;
    }
    return 0;
}
