/* The command `clile`: trains, evaluates and uses CL-ILE models. Each subcommand is a file of
 * its own. */
#include "command.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* libgomp spins at every barrier for milliseconds before it sleeps: on a machine where something
 * else runs, a training step then takes several times as long (docs/results.md). It reads its
 * settings when it is loaded, so a program can only change them by starting itself again. It leaves
 * them alone if the user has set one. */
static void spin_less(char **argv)
{
    if (getenv("GOMP_SPINCOUNT") || getenv("OMP_WAIT_POLICY")) return;
    char path[4096]; /* the link itself would show as "exe" in process lists */
    const ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length <= 0 || setenv("GOMP_SPINCOUNT", "10000", 1) != 0) return;
    path[length] = '\0';
    execv(path, argv); /* if that fails, continue as before */
}

static const subcommand subcommands[] = {
    {"synth", "draw labelled faces, for those without a data set", run_synth},
    {"train", "train a model on a labelled folder", run_train},
    {"eval", "evaluate models on people they never saw", run_eval},
    {"compare", "compare models or saved evaluations on the same images", run_compare},
    {"report", "make a page of saved evaluations: figures, tables, faces", run_report},
    {"predict", "read action units from images", run_predict},
    {"data", "show what a labelled folder or a pack contains", run_data},
    {"pack", "write a labelled folder as one file, aligned and resized", run_pack},
    {"info", "show the contents of a file, or the table of options", run_info},
    {"card", "print or set the card of a model", run_card},
    {"import", "make a model from a torchvision ResNet (safetensors or .pth)", run_import},
    {"export", "write a model as ONNX or int8", run_export},
    {"bench", "measure how fast this machine trains and predicts", run_bench},
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
