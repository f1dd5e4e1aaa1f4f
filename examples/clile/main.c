/* The command `clile`: trains, evaluates and uses CL-ILE models. Each subcommand is a file of
 * its own. */
#include "command.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* libgomp spins at every barrier for milliseconds before it sleeps: on a machine where something
 * else runs, a step then takes several times as long (docs/results.md). It reads its settings
 * when it is loaded, so that a program can only choose by starting again. Whoever has set one of
 * them is left alone. */
static void spin_less(char **argv)
{
    if (getenv("GOMP_SPINCOUNT") || getenv("OMP_WAIT_POLICY")) return;
    char path[4096]; /* the link itself would show as "exe" in process lists */
    const ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length <= 0 || setenv("GOMP_SPINCOUNT", "10000", 1) != 0) return;
    path[length] = '\0';
    execv(path, argv); /* where that fails, all goes on as it was */
}

static const subcommand subcommands[] = {
    {"synth", "draw labelled faces where there is no data set", run_synth},
    {"train", "train a model on a labelled folder", run_train},
    {"eval", "evaluate models on people they never saw", run_eval},
    {"predict", "action units of face images", run_predict},
    {"data", "what is in a labelled folder or a pack", run_data},
    {"pack", "a labelled folder to one file, aligned and resized", run_pack},
    {"info", "what a model file holds; the table of options", run_info},
    {"import", "a model from a torchvision ResNet (safetensors or .pth)", run_import},
    {"export", "write a model as ONNX or in int8", run_export},
    {"bench", "how fast this machine trains and answers", run_bench},
};
enum { SUBCOMMANDS = (int)(sizeof subcommands / sizeof subcommands[0]) };

static void print_usage(FILE *out)
{
    fprintf(out, "usage: clile COMMAND [ARGUMENTS]\n\nFacial action units of people the model "
                 "never saw (CL-ILE).\n\n");
    for (int i = 0; i < SUBCOMMANDS; ++i)
        fprintf(out, "  %-10s %s\n", subcommands[i].name, subcommands[i].summary);
    fprintf(out, "\n`clile COMMAND --help` says more; `clile --version` prints %s.\n",
            clile_version());
}

int main(int argc, char **argv)
{
    spin_less(argv);
    if (argc < 2) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_usage(stdout);
        return EXIT_FINE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("clile %s\n", clile_version());
        return EXIT_FINE;
    }
    for (int i = 0; i < SUBCOMMANDS; ++i)
        if (strcmp(argv[1], subcommands[i].name) == 0) {
            const int code = subcommands[i].run(argc - 2, argv + 2);
            if (code == EXIT_FINE && (fflush(stdout) != 0 || ferror(stdout))) {
                fprintf(stderr, "clile: standard output could not be written\n");
                return EXIT_FAILED;
            }
            return code;
        }
    fprintf(stderr, "clile: no command \"%s\"\n", argv[1]);
    print_usage(stderr);
    return EXIT_USAGE;
}
