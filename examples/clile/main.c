/* The command `clile`: trains, evaluates and uses CL-ILE models. Each subcommand is a file of
 * its own. */
#include "command.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file would otherwise take the number of a stream that is closed, and what is printed would end
 * up in it. Writing to these fails as it should. A pipe that nobody reads any longer is an error of
 * writing, too, so that temporary files are removed and training goes on without its progress. */
static void keep_streams_apart(void)
{
    struct stat info;
    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream)
        if (fstat(stream, &info) != 0)
            (void)!open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    (void)signal(SIGPIPE, SIG_IGN);
}

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

static int run(int argc, char **argv)
{
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
        if (strcmp(argv[1], subcommands[i].name) == 0)
            return subcommands[i].run(argc - 2, argv + 2);
    fprintf(stderr, "clile: no command \"%s\"\n", argv[1]);
    print_usage(stderr);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    keep_streams_apart();
    spin_less(argv);
    const int code = run(argc, argv);
    if (fflush(stdout) == 0 && !ferror(stdout)) return code;
    fprintf(stderr, "clile: standard output could not be written\n");
    return code == EXIT_FINE ? EXIT_FAILED : code;
}
