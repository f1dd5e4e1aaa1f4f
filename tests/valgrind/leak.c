/* Loses a block and branches on a value that was never set: what tests/valgrind/run.sh must not
 * let pass. */
#include <stdlib.h>

int main(void)
{
    int *volatile lost = malloc(sizeof *lost);
    const int odd = lost != NULL && *lost % 2 != 0;
    lost = NULL;
    return odd ? 0 : 0 * (int)(lost != NULL);
}
