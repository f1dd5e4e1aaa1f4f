/* Opens a data set of BP4D's size, 150,000 frames: the folder as distributed (labels and empty
 * image files), and JSON lines of the same images. Asserts what was found and how much memory it
 * took. Prints the time, without asserting it.
 *     open_large FOLDER      creates FOLDER and removes it at the end */
#define _XOPEN_SOURCE 700
#include <clile/clile.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    SUBJECTS = 41,
    TASKS = 8,
    FRAMES = 458,
    N = SUBJECTS * TASKS * FRAMES,
    MOST_KIB = 200 * 1024
};

static void give_up(const char *what, const char *path)
{
    fprintf(stderr, "open_large: %s %s: %s\n", what, path, strerror(errno));
    exit(1);
}

static void make_folder(const char *format, ...)
{
    char path[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(path, sizeof path, format, arguments);
    va_end(arguments);
    if (mkdir(path, 0700) != 0) give_up("cannot make", path);
}

static FILE *open_file(const char *path)
{
    FILE *file = fopen(path, "w");
    if (file == NULL) give_up("cannot write", path);
    return file;
}

/* Labels and images of one sequence, and their JSON lines. */
static void write_sequence(const char *root, int subject, int task, FILE *json)
{
    static const int aus[12] = {1, 2, 4, 6, 7, 10, 12, 14, 15, 17, 23, 24};
    char path[1024];
    make_folder("%s/Sequences/F%03d/T%d", root, subject, task);
    snprintf(path, sizeof path, "%s/Sequences/F%03d/T%d", root, subject, task);
    const int folder = open(path, O_RDONLY | O_DIRECTORY);
    snprintf(path, sizeof path, "%s/AUCoding/AU_OCC/F%03d_T%d.csv", root, subject, task);
    FILE *labels = open_file(path);
    fputs("0", labels);
    for (int a = 0; a < 12; ++a) fprintf(labels, ",%d", aus[a]);
    for (int f = 0; f < FRAMES; ++f) {
        const int frame = 100 + f;
        char name[16];
        snprintf(name, sizeof name, "%04d.jpg", frame);
        const int image = openat(folder, name, O_WRONLY | O_CREAT, 0600);
        if (image < 0) give_up("cannot write", name);
        close(image);
        fprintf(labels, "\n%d", frame);
        fprintf(json, "{\"img_path\": \"F%03d/T%d/%s\", \"AUs\": [", subject, task, name);
        for (int a = 0; a < 12; ++a) {
            const int present = (frame + a * subject) % 5 == 0;
            fprintf(labels, ",%d", present);
            fprintf(json, "%s%d", a > 0 ? ", " : "", present ? aus[a] : 999);
        }
        fputs("]}\n", json);
    }
    fclose(labels);
    close(folder);
}

static void write_set(const char *root)
{
    char path[1024];
    make_folder("%s", root);
    make_folder("%s/AUCoding", root);
    make_folder("%s/AUCoding/AU_OCC", root);
    make_folder("%s/Sequences", root);
    snprintf(path, sizeof path, "%s/all.json", root);
    FILE *json = open_file(path);
    for (int s = 1; s <= SUBJECTS; ++s) {
        make_folder("%s/Sequences/F%03d", root, s);
        for (int t = 1; t <= TASKS; ++t) write_sequence(root, s, t, json);
    }
    fclose(json);
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

static double seconds_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Highest resident memory of this process so far in KiB; -1 when the system does not say. */
static long peak_memory(void)
{
    char line[256];
    long peak = -1;
    FILE *file = fopen("/proc/self/status", "r");
    if (file == NULL) return -1;
    while (fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "VmHWM: %ld kB", &peak) == 1) break;
    fclose(file);
    return peak;
}

/* 0: fine */
static int check(const char *what, const char *path)
{
    clile_dataset *dataset = NULL;
    clile_dataset_counts counts = {.struct_size = sizeof counts};
    int8_t labels[12];
    const double start = seconds_of(CLOCK_MONOTONIC), used = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    if (clile_dataset_open(path, NULL, &dataset) != CLILE_OK) {
        fprintf(stderr, "open_large: %s\n", clile_last_error());
        return 1;
    }
    const double seconds = seconds_of(CLOCK_MONOTONIC) - start;
    const double processor = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - used;
    const long peak = peak_memory();
    int wrong = clile_dataset_size(dataset) != N ||
                clile_dataset_subject_count(dataset) != SUBJECTS ||
                clile_dataset_au_count(dataset) != 12;
    wrong |= clile_dataset_copy_counts(dataset, &counts) != CLILE_OK || counts.label_rows != N ||
             counts.labels_without_image != 0 || counts.images_without_labels != 0;
    for (int64_t i = 0; i < N && !wrong; i += 997) {
        /* the rule by which write_sequence made the labels */
        const int subject = (int)(i / (TASKS * FRAMES)) + 1, frame = 100 + (int)(i % FRAMES);
        wrong = clile_dataset_copy_labels(dataset, i, 1, labels) != CLILE_OK;
        for (int a = 0; a < 12; ++a) wrong |= labels[a] != ((frame + a * subject) % 5 == 0);
    }
    printf("%s: %lld frames in %.2f s (%.2f s of a processor), highest memory %ld KiB\n", what,
           (long long)clile_dataset_size(dataset), seconds, processor, peak);
    if (wrong) fprintf(stderr, "open_large: %s: wrong counts or labels\n", what);
    if (peak > MOST_KIB)
        fprintf(stderr, "open_large: %s: %ld KiB, expected at most %d\n", what, peak, MOST_KIB);
    clile_dataset_destroy(dataset);
    return wrong || peak > MOST_KIB;
}

int main(int argc, char **argv)
{
    char json[1024];
    if (argc != 2) {
        fprintf(stderr, "usage: open_large FOLDER\n");
        return 2;
    }
    nftw(argv[1], remove_one, 32, FTW_DEPTH | FTW_PHYS); /* what an interrupted run left */
    write_set(argv[1]);
    snprintf(json, sizeof json, "%s/all.json", argv[1]);
    const int bad = check("bp4d", argv[1]) + check("jsonl", json);
    nftw(argv[1], remove_one, 32, FTW_DEPTH | FTW_PHYS);
    return bad != 0;
}
