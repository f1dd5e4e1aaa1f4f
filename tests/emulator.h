/* Tests for another processor run in an emulator, which tests/arm64.sh names in
 * CLILE_TEST_EMULATOR. A program started by a test needs it too, and everything is much slower. */
#ifndef CLILE_TESTS_EMULATOR_H
#define CLILE_TESTS_EMULATOR_H

#include <stdlib.h>

/* The emulator's command; empty where there is none. */
static inline const char *emulator(void)
{
    const char *name = getenv("CLILE_TEST_EMULATOR");
    return name != NULL ? name : "";
}

/* What alarm() takes for something that should end within seconds. */
static inline unsigned patience(unsigned seconds)
{
    return *emulator() != '\0' ? 20 * seconds : seconds;
}

#endif
