/* Sets a locale with a decimal comma, for tests that nothing depends on the locale. */
#ifndef CLILE_TESTS_COMMA_H
#define CLILE_TESTS_COMMA_H

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char comma_folder[64];

static inline void comma_remove(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r '%s'", comma_folder);
    if (system(command) != 0) fprintf(stderr, "%s is left\n", comma_folder);
}

/* setlocale to one with a comma: the machine's, or one that localedef makes. 0: there is none,
 * and a line says so. */
static inline int comma_locale(void)
{
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "es_ES.UTF-8", "it_IT.UTF-8"};
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i)
        if (setlocale(LC_ALL, names[i]) != NULL) return 1;
    if (comma_folder[0] == '\0') {
        char command[160];
        snprintf(comma_folder, sizeof comma_folder, "/tmp/clile_comma_XXXXXX");
        if (mkdtemp(comma_folder) == NULL) return 0;
        atexit(comma_remove);
        snprintf(command, sizeof command,
                 "localedef -i de_DE -f UTF-8 '%s/de_DE.UTF-8' >/dev/null 2>&1", comma_folder);
        if (system(command) == 0 && setenv("LOCPATH", comma_folder, 1) == 0 &&
            setlocale(LC_ALL, names[0]) != NULL)
            return 1;
    }
    printf("LEFT OUT: there is no locale with a decimal comma, and localedef makes none (package "
           "locales)\n");
    return 0;
}

#endif
