/* Leaks a block and branches on an uninitialised value: tests/valgrind/run.sh must report both. */
#include <stdlib.h>

int main(void)
{
    int *volatile lost = malloc(sizeof *lost);
    const int odd = lost != NULL && *lost % 2 != 0;
    lost = NULL;
    return odd ? 0 : 0 * (int)(lost != NULL);
}
