/* Child processes with a pipe each way. */
#include "bench.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int bench_process_start(bench_process *process, char *const *argv)
{
    int down[2] = {-1, -1}, up[2] = {-1, -1};
    *process = (bench_process){0};
    if (pipe(down) != 0 || pipe(up) != 0) goto failed;
    for (int i = 0; i < 2; ++i) /* another child must not hold the ends of this one open */
        if (fcntl(down[i], F_SETFD, FD_CLOEXEC) != 0 || fcntl(up[i], F_SETFD, FD_CLOEXEC) != 0)
            goto failed;
    fflush(stdout);
    process->pid = (int)fork();
    if (process->pid < 0) goto failed;
    if (process->pid == 0) {
        if (dup2(down[0], STDIN_FILENO) < 0 || dup2(up[1], STDOUT_FILENO) < 0) _exit(127);
        execvp(argv[0], argv);
        _exit(127);
    }
    close(down[0]);
    close(up[1]);
    process->to = fdopen(down[1], "w");
    process->from = fdopen(up[0], "r");
    if (process->to != NULL && process->from != NULL) return 1;
    bench_process_end(process);
    return 0;
failed:
    for (int i = 0; i < 2; ++i) {
        if (down[i] >= 0) close(down[i]);
        if (up[i] >= 0) close(up[i]);
    }
    *process = (bench_process){0};
    return 0;
}

int bench_process_ask(bench_process *process, const char *line, char *answer, size_t size)
{
    if (process->to == NULL || process->from == NULL) return 0;
    if (line != NULL && (fprintf(process->to, "%s\n", line) < 0 || fflush(process->to) != 0))
        return 0;
    if (fgets(answer, (int)size, process->from) == NULL) return 0;
    answer[strcspn(answer, "\n")] = '\0';
    return 1;
}

void bench_process_end(bench_process *process)
{
    if (process->to != NULL) fclose(process->to); /* its standard input ends */
    if (process->pid > 0) waitpid((pid_t)process->pid, NULL, 0);
    if (process->from != NULL) fclose(process->from);
    *process = (bench_process){0};
}
