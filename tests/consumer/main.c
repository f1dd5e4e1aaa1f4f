/* A C program that uses an installed library: the losses, without any handle. Prints the
 * library's version. */
#include <clile/clile.h>

#include <math.h>
#include <stdio.h>

int main(void)
{
    /* one image, one AU that is present, logit 1 * 2 = 2: loss log(1 + exp(-2)) */
    const float embedding[1] = {1.0f}, ile[1] = {2.0f};
    const int32_t subject[1] = {0};
    const int8_t labels[1] = {1};
    double loss = 0.0;
    if (clile_loss_stage1(1, 1, 1, 1, embedding, ile, subject, labels, NULL, &loss, NULL, NULL) !=
        CLILE_OK) {
        fprintf(stderr, "%s\n", clile_last_error());
        return 1;
    }
    if (!(fabs(loss - 0.126928011) < 1e-6)) {
        fprintf(stderr, "loss is %.9f\n", loss);
        return 1;
    }
    printf("%s\n", clile_version());
    return 0;
}
