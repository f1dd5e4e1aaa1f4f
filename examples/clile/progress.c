/* The progress line, rewritten in place on a terminal; elsewhere, a line for each epoch, and a line
 * a minute of what takes longer. Also the clock and SIGINT. */
#include "command.h"

#include <math.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const double LINE_SECONDS = 60; /* between two lines where there is no terminal */

static volatile sig_atomic_t interrupt_seen;

static void on_interrupt(int number)
{
    (void)number;
    interrupt_seen = 1;
}

void interrupt_install(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_interrupt;
    sigemptyset(&action.sa_mask);
    action.sa_flags = (int)SA_RESETHAND; /* a second one ends the program at once */
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int interrupted(void)
{
    return interrupt_seen != 0;
}

double now_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void time_text(double seconds, char *text, size_t size)
{
    if (!isfinite(seconds) || seconds < 0 || seconds > 1e7) {
        snprintf(text, size, "--:--");
        return;
    }
    const long whole = lround(seconds);
    if (whole >= 3600)
        snprintf(text, size, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
    else
        snprintf(text, size, "%02ld:%02ld", whole / 60, whole % 60);
}

void progress_begin(progress_state *state)
{
    const int32_t stop_every = state->stop_every;
    const int quiet = state->quiet;
    memset(state, 0, sizeof *state);
    state->stop_every = stop_every;
    state->quiet = quiet;
    state->terminal = isatty(STDERR_FILENO);
    state->last_print = now_seconds();
    state->summary.validation_f1 = NAN;
    state->summary.validation_auc = NAN;
}

/* " (BCE 0.3, points 0.1)": the parts where there is more to learn than AUs. */
static void parts_text(const clile_progress *p, char *text, size_t size)
{
    static const char *const names[] = {"BCE",    "contrast", "elimination",
                                        "points", "values",   "method"};
    const double parts[] = {p->mean_loss_bce,    p->mean_loss_contra, p->mean_loss_elimination,
                            p->mean_loss_points, p->mean_loss_values, p->mean_loss_method};
    size_t used = 0;
    text[0] = '\0';
    if (p->mean_loss_points == 0 && p->mean_loss_values == 0 && p->mean_loss_method == 0) return;
    for (int i = 0; i < 6; ++i)
        if (parts[i] != 0)
            used += (size_t)snprintf(text + used, size - used, "%s%s %.4f", used == 0 ? " (" : ", ",
                                     names[i], parts[i]);
    snprintf(text + used, size - used, ")");
}

static void print_line(progress_state *state, const clile_progress *p)
{
    char left[32], validation[64] = "", parts[224];
    parts_text(p, parts, sizeof parts);
    time_text(p->seconds_left, left, sizeof left);
    if (p->epoch_end && isfinite(p->validation_f1))
        snprintf(validation, sizeof validation, "  validation F1 %.3f AUC %.3f", p->validation_f1,
                 p->validation_auc);
    fprintf(stderr,
            "%sstage %d  epoch %d/%d  step %lld/%lld  loss %.4f%s%s  %.0f images/s  %s left%s",
            state->terminal ? "\r" : "", (int)p->stage, (int)p->epoch, (int)p->epochs,
            (long long)p->step, (long long)p->steps, p->mean_loss, parts, validation,
            p->images_per_second, left, state->terminal ? "\033[K" : "\n");
    if (state->terminal && (p->step == p->steps || validation[0])) fputc('\n', stderr);
    fflush(stderr);
}

int32_t progress_step(const clile_progress *p, void *user)
{
    progress_state *state = user;
    stage_summary *summary = &state->summary;
    if (p->epoch_end) {
        summary->loss = p->mean_loss;
        summary->loss_bce = p->mean_loss_bce;
        summary->loss_contra = p->mean_loss_contra;
        summary->loss_elimination = p->mean_loss_elimination;
        summary->loss_points = p->mean_loss_points;
        summary->loss_values = p->mean_loss_values;
        summary->loss_method = p->mean_loss_method;
        summary->validation_f1 = p->validation_f1;
        summary->validation_auc = p->validation_auc;
    }
    summary->steps = p->step;
    summary->epochs = p->epoch;
    summary->images_per_second = p->images_per_second;

    const double now = now_seconds();
    const double every = state->terminal ? 0.2 : LINE_SECONDS;
    if (!state->quiet && (p->epoch_end || now - state->last_print > every)) {
        print_line(state, p);
        state->last_print = now;
    }
    if (interrupted()) return 1;
    /* Not on the last step, where the stage ends anyway. */
    if (p->epoch_end && p->step < p->steps && state->stop_every > 0 &&
        p->epoch % state->stop_every == 0) {
        state->at_checkpoint = 1;
        return 1;
    }
    return 0;
}

void progress_count(const char *what, int64_t done, int64_t all, double since)
{
    static double last, of; /* of: the work that was shown last, by when it began */
    const int terminal = isatty(STDERR_FILENO);
    const double now = now_seconds(), elapsed = now - since;
    char left[32];
    if (of != since) {
        of = since;
        last = since;
    }
    /* elsewhere, work that is done speaks for itself */
    if (terminal ? done < all && now - last < 0.1 : now - last < LINE_SECONDS || done == all)
        return;
    last = now;
    time_text(done > 0 ? elapsed * (double)(all - done) / (double)done : NAN, left, sizeof left);
    fprintf(stderr, "%s%s  %lld/%lld  %.0f images/s  %s left%s%s", terminal ? "\r" : "", what,
            (long long)done, (long long)all, elapsed > 0 ? (double)done / elapsed : 0.0, left,
            terminal ? "\033[K" : "\n", terminal && done == all ? "\n" : "");
    fflush(stderr);
}
