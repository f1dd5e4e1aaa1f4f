/* clile bench: runs clile-bench, a separate program because it uses the library's internals
 * (examples/bench). */
#include "command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef CLILE_BENCH_FROM_BIN
#define CLILE_BENCH_FROM_BIN "../libexec/clile"
#endif

/* Directory of this program, with a slash at its end. */
static int own_folder(char *path, size_t size)
{
    const ssize_t length = readlink("/proc/self/exe", path, size - 1);
    if (length <= 0) return 0;
    path[length] = '\0';
    char *slash = strrchr(path, '/');
    if (slash == NULL) return 0;
    slash[1] = '\0';
    return 1;
}

int run_bench(int argc, char **argv)
{
    /* the build folder; the installed tree */
    static const char *const places[] = {"", CLILE_BENCH_FROM_BIN "/"};
    char folder[4096], program[4352];
    char **arguments = calloc((size_t)argc + 2, sizeof *arguments);
    if (arguments == NULL) return EXIT_FAILED;
    arguments[0] = program;
    for (int i = 0; i < argc; ++i) {
        const int is_model = i > 0 && strcmp(argv[i - 1], "--model") == 0;
        const char *value = is_model ? model_file(argv[i]) : argv[i];
        if (value == NULL) {
            free(arguments);
            return EXIT_FAILED;
        }
        arguments[i + 1] = (char *)(uintptr_t)value; /* execv writes to none of them */
    }
    fflush(stdout);
    errno = ENOENT;
    for (size_t i = 0; i < sizeof places / sizeof places[0] && own_folder(folder, sizeof folder);
         ++i) {
        snprintf(program, sizeof program, "%s%sclile-bench", folder, places[i]);
        execv(program, arguments);
        if (errno != ENOENT) break;
    }
    fprintf(stderr, "clile: clile-bench cannot be started: %s\n", strerror(errno));
    free(arguments);
    return EXIT_FAILED;
}
