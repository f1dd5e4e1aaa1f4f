/* One call of each function that needs neither data set nor model: status, options, losses,
 * metrics, report. */
#include "reliability/world.h"

#include <stdlib.h>

#define READS_ONLY "reads or copies what is there"

/* ---- status ---- */

static void abi_version(world *w)
{
    int32_t version = 0;
    CALL_VALUE(version = clile_abi_version());
    world_need(w, version == CLILE_ABI_VERSION, "the ABI number");
}

static void version_number(world *w)
{
    int32_t number = 0;
    CALL_VALUE(number = clile_version_number());
    world_need(w, number == CLILE_VERSION_NUMBER, "the headers' release");
}

static void au_name(world *w)
{
    const char *text = NULL;
    CALL_VALUE(text = clile_au_name(7));
    world_need(w, text != NULL && strcmp(text, "Lid tightener") == 0, "the name of AU7");
}

static void version(world *w)
{
    const char *text = NULL;
    CALL_VALUE(text = clile_version());
    world_need(w, text != NULL && text[0] >= '0' && text[0] <= '9', "a version");
}

static void status_name(world *w)
{
    const char *text = NULL;
    CALL_VALUE(text = clile_status_name(CLILE_E_IO));
    world_need(w, strcmp(text, "CLILE_E_IO") == 0, "the status's name");
}

static void last_error(world *w)
{
    const char *text = NULL;
    CALL_VALUE(text = clile_last_error());
    world_need(w, text != NULL, "a text");
}

static void free_memory(world *w)
{
    void *memory = clile_i_calloc(4, 1);
    CALL_VALUE(clile_free(O(memory, memory)));
    if (w->null_argument != NULL) clile_free(memory);
}

/* ---- options ---- */

static void options_create(world *w)
{
    clile_options *out = NULL;
    WATCH(out);
    CALL(clile_options_create(A(out, &out)));
    clile_options_destroy(out);
}

static void options_copy(world *w)
{
    clile_options *out = NULL;
    WATCH(out);
    CALL(clile_options_copy(O(source, w->options), A(out, &out)));
    int64_t batch = 0;
    if (out != NULL) NEED(clile_options_get_i64(out, "batch", &batch));
    TAKE(batch);
    clile_options_destroy(out);
}

static void options_destroy(world *w)
{
    clile_options *options = NULL;
    NEED(clile_options_create(&options));
    CALL_VALUE(clile_options_destroy(O(options, options)));
    if (w->null_argument != NULL) clile_options_destroy(options);
}

static clile_options *fresh_options(world *w)
{
    clile_options *options = NULL;
    NEED(clile_options_copy(w->options, &options));
    return options;
}

/* Sets must leave the options as they were when they fail. */
static void check_options(world *w, clile_options *options, const char *key)
{
    clile_i_text text = {0};
    if (!world_ok(w))
        world_need(w, !clile_options_is_set(options, key), "a failed call sets nothing");
    if (world_ok(w)) world_need(w, clile_options_is_set(options, key), "the key is set");
    NEED(clile_i_options_to_text(options, &text));
    world_take(w, text.data, text.size);
    clile_i_text_free(&text);
    clile_options_destroy(options);
}

static void options_set(world *w)
{
    clile_options *options = fresh_options(w);
    CALL(clile_options_set(A(options, options), A(key, "au_set"), A(value, "1,2,4")));
    check_options(w, options, "au_set");
}

static void options_set_i64(world *w)
{
    clile_options *options = fresh_options(w);
    CALL(clile_options_set_i64(A(options, options), A(key, "seed"), 5));
    check_options(w, options, "seed");
}

static void options_set_f64(world *w)
{
    clile_options *options = fresh_options(w);
    CALL(clile_options_set_f64(A(options, options), A(key, "tau"), 0.5));
    check_options(w, options, "tau");
}

static void options_set_str(world *w)
{
    clile_options *options = fresh_options(w);
    CALL(clile_options_set_str(A(options, options), A(key, "au_set"), A(value, "1,2,4")));
    check_options(w, options, "au_set");
}

static void no_log(int32_t level, const char *text, void *user)
{
    (void)level;
    (void)text;
    (void)user;
}

static void options_set_log(world *w)
{
    clile_options *options = fresh_options(w);
    CALL(clile_options_set_log(A(options, options), CALLBACK(fn, no_log), O(user, w)));
    clile_options_destroy(options);
}

static void options_get_i64(world *w)
{
    int64_t out = 77;
    WATCH(out);
    CALL(clile_options_get_i64(O(options, w->options), A(key, "batch"), A(out, &out)));
    TAKE(out);
}

static void options_get_f64(world *w)
{
    double out = 77;
    WATCH(out);
    CALL(clile_options_get_f64(O(options, w->options), A(key, "width"), A(out, &out)));
    TAKE(out);
}

static void options_get_str(world *w)
{
    const char *out = NULL;
    WATCH(out);
    CALL(clile_options_get_str(O(options, w->options), A(key, "backbone"), A(out, &out)));
    if (out != NULL) world_take(w, out, strlen(out));
}

static void options_is_set(world *w)
{
    int32_t set = 7;
    CALL_VALUE(set = clile_options_is_set(O(options, w->options), O(key, "batch")));
    world_need(w, set == (w->null_argument == NULL), "1 for a key that was set, 0 for NULL");
}

static void options_count(world *w)
{
    int32_t count = 0;
    CALL_VALUE(count = clile_options_count());
    world_need(w, count > 10, "a count");
}

static void options_describe(world *w)
{
    clile_option_info info = {.struct_size = sizeof info};
    CALL(clile_options_describe(0, A(info, &info)));
    if (w->null_argument == NULL) world_take(w, info.name, strlen(info.name));
}

/* ---- losses: [n,d] [c,d] [s,c,d]; diff_ arrays are unspecified after a failure, the loss is
 *   untouched */

typedef struct {
    float embedding[WORLD_N][WORLD_D], au[WORLD_S][WORLD_C][WORLD_D], bias[WORLD_S][WORLD_C],
        one[WORLD_D];
    double scale;
} gradients;

static void take_loss(world *w, double loss, const gradients *g)
{
    if (!world_ok(w) || w->null_argument != NULL) return;
    TAKE(loss);
    world_take(w, g, sizeof *g);
}

#define LOSS_BEGIN                                                                                 \
    double loss = -77;                                                                             \
    gradients g = {.scale = 0};                                                                    \
    WATCH(loss)
#define COMMON_FORWARD A(embedding, &w->embedding[0][0])
#define COMMON_AU A(au_embedding, &w->vectors[0][0][0])
#define COMMON_LABELS A(labels, &w->labels[0][0])
#define DIFF_EMBEDDING O(diff_embedding, &g.embedding[0][0])
#define DIFF_AU O(diff_au_embedding, &g.au[0][0][0])

static void loss_stage1(world *w)
{
    LOSS_BEGIN;
    CALL(clile_loss_stage1(WORLD_N, WORLD_D, WORLD_C, WORLD_S, A(id_embedding, &w->embedding[0][0]),
                           A(ile, &w->vectors[0][0][0]), A(subject, w->subject), COMMON_LABELS,
                           O(au_weight, w->ones), O(loss, &loss),
                           O(diff_id_embedding, &g.embedding[0][0]), O(diff_ile, &g.au[0][0][0])));
    take_loss(w, loss, &g);
}

static void loss_stage2(world *w)
{
    LOSS_BEGIN;
    CALL(clile_loss_stage2(WORLD_N, WORLD_D, WORLD_C, COMMON_FORWARD, COMMON_AU, COMMON_LABELS, 0.1,
                           O(loss, &loss), DIFF_EMBEDDING, DIFF_AU));
    take_loss(w, loss, &g);
}

static void loss_stage2_null(world *w)
{
    LOSS_BEGIN;
    CALL(clile_loss_stage2_null(WORLD_N, WORLD_D, WORLD_C, COMMON_FORWARD, COMMON_AU,
                                A(null_embedding, w->ones), COMMON_LABELS, 0.1, O(loss, &loss),
                                DIFF_EMBEDDING, DIFF_AU, O(diff_null_embedding, g.one)));
    take_loss(w, loss, &g);
}

static void loss_bce(world *w)
{
    LOSS_BEGIN;
    CALL(clile_loss_bce(WORLD_N, WORLD_D, WORLD_C, CLILE_SIMILARITY_COSINE, COMMON_FORWARD,
                        COMMON_AU, 2, A(bias, w->zeros), COMMON_LABELS, O(au_weight, w->ones),
                        O(loss, &loss), DIFF_EMBEDDING, DIFF_AU, O(diff_scale, &g.scale),
                        O(diff_bias, &g.bias[0][0])));
    take_loss(w, loss, &g);
}

static void loss_mixed(world *w)
{
    LOSS_BEGIN;
    float diff_deviation[WORLD_S][WORLD_C][WORLD_D] = {0},
          diff_deviation_bias[WORLD_S][WORLD_C] = {0};
    CALL(clile_loss_mixed(WORLD_N, WORLD_D, WORLD_C, WORLD_S, CLILE_SIMILARITY_COSINE,
                          COMMON_FORWARD, COMMON_AU, 2, A(bias, w->zeros),
                          A(deviation, &w->vectors[0][0][0]), A(deviation_bias, w->zeros),
                          A(subject, w->subject), COMMON_LABELS, O(au_weight, w->ones), 0.1, 0.1,
                          O(loss, &loss), DIFF_EMBEDDING, DIFF_AU, O(diff_scale, &g.scale),
                          O(diff_bias, &g.bias[0][0]), O(diff_deviation, &diff_deviation[0][0][0]),
                          O(diff_deviation_bias, &diff_deviation_bias[0][0])));
    take_loss(w, loss, &g);
    if (w->null_argument == NULL) TAKE(diff_deviation);
}

static void loss_orthogonal(world *w)
{
    LOSS_BEGIN;
    CALL(clile_loss_orthogonal(WORLD_N, WORLD_D, COMMON_FORWARD, A(id_embedding, &w->other[0][0]),
                               O(loss, &loss), DIFF_EMBEDDING));
    take_loss(w, loss, &g);
}

static void loss_decorrelate(world *w)
{
    LOSS_BEGIN;
    CALL(clile_loss_decorrelate(WORLD_N, WORLD_D, COMMON_FORWARD, A(id_embedding, &w->other[0][0]),
                                O(loss, &loss), DIFF_EMBEDDING));
    take_loss(w, loss, &g);
}

static void loss_adversarial(world *w)
{
    LOSS_BEGIN;
    CALL(clile_loss_adversarial(WORLD_N, WORLD_D, WORLD_S, COMMON_FORWARD,
                                A(weight, &w->vectors[0][0][0]), A(bias, w->zeros),
                                A(subject, w->subject), O(loss, &loss), DIFF_EMBEDDING,
                                O(diff_weight, &g.au[0][0][0]), O(diff_bias, &g.bias[0][0])));
    take_loss(w, loss, &g);
}

static void losses_api_version(world *w)
{
    int32_t number = 0;
    CALL_VALUE(number = clile_losses_api_version());
    world_need(w, number == CLILE_LOSSES_API_VERSION, "the version of the losses");
}

/* ---- events ---- */

static const float strong[2 * WORLD_C] = {0.9f, 0.2f, 0.1f, 0.8f};
static const int64_t two[2] = {7, 3};

/* Person 7 shows the first AU, person 3 the second, from second 0 on. */
static clile_events *fresh_events(world *w)
{
    clile_events *events = NULL;
    NEED(clile_events_create(WORLD_C, w->au_ids, w->options, &events));
    NEED(clile_events_add(events, 0, 0.0, 2, two, strong));
    return events;
}

static void take_events(world *w, clile_events *events)
{
    clile_event event = {.struct_size = sizeof event};
    int32_t more = 1;
    while (more) {
        NEED(clile_events_take(events, &event, &more));
        if (more) TAKE(event);
    }
}

static void events_create(world *w)
{
    clile_events *out = NULL;
    WATCH(out);
    CALL(clile_events_create(WORLD_C, A(au_ids, w->au_ids), O(options, w->options), A(out, &out)));
    clile_events_destroy(out);
}

static void events_add(world *w)
{
    static const int64_t others[2] = {7, 4};
    clile_events *events = fresh_events(w);
    CALL(clile_events_add(A(events, events), 1, 1.0, 2, A(person, others), A(probability, strong)));
    if (world_ok(w)) NEED(clile_events_end(events));
    take_events(w, events);
    clile_events_destroy(events);
}

static void events_end(world *w)
{
    clile_events *events = fresh_events(w);
    NEED(clile_events_add(events, 1, 1.0, 0, NULL, NULL));
    NEED(clile_events_add(events, 2, 1.1, 2, two, strong));
    CALL(clile_events_end(A(events, events)));
    take_events(w, events);
    clile_events_destroy(events);
}

static void events_take(world *w)
{
    clile_events *events = fresh_events(w);
    clile_event event = {.struct_size = sizeof event};
    int32_t more = 0;
    NEED(clile_events_add(events, 1, 1.0, 0, NULL, NULL));
    NEED(clile_events_end(events));
    CALL(clile_events_take(A(events, events), A(event, &event), A(more, &more)));
    TAKE(event);
    clile_events_destroy(events);
}

static void events_destroy(world *w)
{
    clile_events *events = fresh_events(w);
    CALL_VALUE(clile_events_destroy(O(events, events)));
    if (w->null_argument != NULL) clile_events_destroy(events);
}

static void events_find(world *w)
{
    static const double time[4] = {0.0, 0.5, 1.0, 1.5};
    static const float probability[4] = {0.1f, 0.7f, 0.9f, 0.2f};
    int64_t place[2][3] = {{0}}, count = 0;
    WATCH(count);
    CALL(clile_events_find(4, A(time, time), A(probability, probability), O(options, w->options), 2,
                           A(place, &place[0][0]), A(count, &count)));
    TAKE(place);
    TAKE(count);
}

/* ---- metrics: outputs are unspecified after a failure ---- */

static void metrics_f1(world *w)
{
    double f1[WORLD_C] = {0};
    int64_t counts[WORLD_C][3] = {{0}};
    CALL(clile_metrics_f1(WORLD_N, WORLD_C, A(present, &w->present[0][0]), COMMON_LABELS, A(f1, f1),
                          O(counts, &counts[0][0])));
    TAKE(f1);
    TAKE(counts);
}

static void metrics_auc(world *w)
{
    double auc[WORLD_C] = {0};
    CALL(
        clile_metrics_auc(WORLD_N, WORLD_C, A(score, &w->score[0][0]), COMMON_LABELS, A(auc, auc)));
    TAKE(auc);
}

static void metrics_intensity(world *w)
{
    double icc[WORLD_C] = {0}, pcc[WORLD_C] = {0}, mae[WORLD_C] = {0}, mse[WORLD_C] = {0};
    CALL(clile_metrics_intensity(WORLD_N, WORLD_C, A(value, &w->score[0][0]),
                                 A(intensity, &w->labels[0][0]), O(icc, icc), O(pcc, pcc),
                                 O(mae, mae), O(mse, mse)));
    TAKE(icc);
    TAKE(pcc);
    TAKE(mae);
    TAKE(mse);
}

static void metrics_auc_within(world *w)
{
    double auc[WORLD_C] = {0};
    CALL(clile_metrics_auc_within(WORLD_N, WORLD_C, A(score, &w->score[0][0]), COMMON_LABELS,
                                  A(subject, w->subject), A(auc, auc)));
    TAKE(auc);
}

static void metrics_thresholds(world *w)
{
    float threshold[WORLD_C] = {0};
    CALL(clile_metrics_thresholds(WORLD_N, WORLD_C, A(score, &w->score[0][0]), COMMON_LABELS,
                                  A(threshold, threshold)));
    TAKE(threshold);
}

static void metrics_calibrate(world *w)
{
    float slope[WORLD_C] = {0}, offset[WORLD_C] = {0};
    CALL(clile_metrics_calibrate(WORLD_N, WORLD_C, A(score, &w->score[0][0]), COMMON_LABELS,
                                 A(slope, slope), A(offset, offset)));
    TAKE(slope);
    TAKE(offset);
}

static void metrics_label_correlation(world *w)
{
    double phi[WORLD_C][WORLD_C] = {{0}};
    CALL(clile_metrics_label_correlation(WORLD_N, WORLD_C, COMMON_LABELS, A(phi, &phi[0][0])));
    TAKE(phi);
}

static void metrics_cosine_matrix(world *w)
{
    double cosine[WORLD_C][WORLD_C] = {{0}};
    CALL(clile_metrics_cosine_matrix(WORLD_C, WORLD_D, A(vectors, &w->vectors[0][0][0]),
                                     A(cosine, &cosine[0][0])));
    TAKE(cosine);
}

static void metrics_agreement(world *w)
{
    double pearson = 0;
    CALL(clile_metrics_agreement(WORLD_C, A(a, &w->matrix[0][0]), A(b, &w->matrix[0][0]),
                                 A(pearson, &pearson)));
    if (w->null_argument == NULL) world_need(w, pearson != pearson, "NaN for two AUs");
}

static void metrics_subject_probe(world *w)
{
    double accuracy = 0;
    CALL(clile_metrics_subject_probe(WORLD_N, WORLD_D, A(embedding, &w->embedding[0][0]),
                                     A(subject, w->subject), A(accuracy, &accuracy)));
    TAKE(accuracy);
}

/* ---- report ---- */

static const char *const names[WORLD_S] = {"anna", "ben", "cem"};

static clile_report *fresh_report(world *w, int folds)
{
    clile_report *report = NULL;
    NEED(clile_report_create(WORLD_C, w->au_ids, "bp4d", &report));
    if (folds)
        NEED(clile_report_add_fold(report, 1, WORLD_N, &w->score[0][0], &w->present[0][0],
                                   &w->labels[0][0], w->subject, names));
    return report;
}

/* The text of a report that has a fold. */
static void take_report(world *w, clile_report *report)
{
    char *text = NULL;
    if (world_ok(w)) {
        NEED(clile_report_copy_json(report, &text));
        world_take(w, text, strlen(text));
    }
    clile_free(text);
    clile_report_destroy(report);
}

static void report_create(world *w)
{
    clile_report *out = NULL;
    WATCH(out);
    CALL(clile_report_create(WORLD_C, A(au_ids, w->au_ids), O(published, "bp4d"), A(out, &out)));
    clile_report_destroy(out);
}

static void report_destroy(world *w)
{
    clile_report *report = fresh_report(w, 1);
    CALL_VALUE(clile_report_destroy(O(report, report)));
    if (w->null_argument != NULL) clile_report_destroy(report);
}

static void report_add_fold(world *w)
{
    clile_report *report = fresh_report(w, 0);
    CALL(clile_report_add_fold(A(report, report), 1, WORLD_N, A(score, &w->score[0][0]),
                               A(present, &w->present[0][0]), COMMON_LABELS, A(subject, w->subject),
                               O(subject_names, names)));
    take_report(w, report);
}

static void report_add_intensity(world *w)
{
    static const float probability[WORLD_N][WORLD_C] = {{0.5f}};
    clile_report *report = fresh_report(w, 1);
    CALL(clile_report_add_intensity(A(report, report), 1, WORLD_N, A(value, &w->score[0][0]),
                                    O(probability, &probability[0][0]),
                                    A(intensity, &w->labels[0][0])));
    take_report(w, report);
}

static void report_add_value(world *w)
{
    clile_report *report = fresh_report(w, 1);
    CALL(clile_report_add_value(A(report, report), A(name, "subject probe"), 0.5));
    take_report(w, report);
}

static void report_set_correlation(world *w)
{
    clile_report *report = fresh_report(w, 1);
    CALL(clile_report_set_correlation(A(report, report), A(model, &w->matrix[0][0]),
                                      A(labels, &w->matrix[0][0])));
    take_report(w, report);
}

static void report_get_summary(world *w)
{
    clile_report *report = fresh_report(w, 1);
    double value[4] = {0};
    CALL(clile_report_get_summary(A(report, report), A(metric, "auc"), O(mean_of_folds, &value[0]),
                                  O(pooled, &value[1]), O(low, &value[2]), O(high, &value[3])));
    if (w->null_argument == NULL) TAKE(value);
    clile_report_destroy(report);
}

static void report_copy_table(world *w)
{
    clile_report *report = fresh_report(w, 1);
    char *out = NULL;
    WATCH(out);
    CALL(clile_report_copy_table(A(report, report), A(format, "md"), A(out, &out)));
    if (out != NULL) world_take(w, out, strlen(out));
    clile_free(out);
    clile_report_destroy(report);
}

static void report_copy_text(world *w)
{
    clile_report *report = fresh_report(w, 1);
    char *out = NULL;
    WATCH(out);
    CALL(clile_report_copy_text(A(report, report), A(out, &out)));
    if (out != NULL) world_take(w, out, strlen(out));
    clile_free(out);
    clile_report_destroy(report);
}

static void report_copy_json(world *w)
{
    clile_report *report = fresh_report(w, 1);
    char *out = NULL;
    WATCH(out);
    CALL(clile_report_copy_json(A(report, report), A(out, &out)));
    if (out != NULL) world_take(w, out, strlen(out));
    clile_free(out);
    clile_report_destroy(report);
}

const world_case world_cases_plain[] = {
    {"clile_abi_version", abi_version, "a number", 0},
    {"clile_version_number", version_number, "a number", 0},
    {"clile_au_name", au_name, "static text", 0},
    {"clile_version", version, "static text", 0},
    {"clile_status_name", status_name, "static text", 0},
    {"clile_last_error", last_error, "memory of the thread", 0},
    {"clile_free", free_memory, "frees", 0},
    {"clile_options_create", options_create, NULL, 0},
    {"clile_options_copy", options_copy, NULL, 0},
    {"clile_options_destroy", options_destroy, "frees", 0},
    {"clile_options_set", options_set, NULL, 0},
    {"clile_options_set_i64", options_set_i64, "a number is kept in place", 0},
    {"clile_options_set_f64", options_set_f64, "a number is kept in place", 0},
    {"clile_options_set_str", options_set_str, NULL, 0},
    {"clile_options_set_log", options_set_log, "a pointer is kept in place", 0},
    {"clile_options_get_i64", options_get_i64, READS_ONLY, 0},
    {"clile_options_get_f64", options_get_f64, READS_ONLY, 0},
    {"clile_options_get_str", options_get_str, READS_ONLY, 0},
    {"clile_options_is_set", options_is_set, READS_ONLY, 0},
    {"clile_options_count", options_count, READS_ONLY, 0},
    {"clile_options_describe", options_describe, READS_ONLY, 0},
    {"clile_loss_stage1", loss_stage1, NULL, 0},
    {"clile_loss_stage2", loss_stage2, NULL, 0},
    {"clile_loss_stage2_null", loss_stage2_null, NULL, 0},
    {"clile_loss_bce", loss_bce, NULL, 0},
    {"clile_loss_mixed", loss_mixed, NULL, 0},
    {"clile_loss_orthogonal", loss_orthogonal, NULL, 0},
    {"clile_loss_decorrelate", loss_decorrelate, NULL, 0},
    {"clile_loss_adversarial", loss_adversarial, NULL, 0},
    {"clile_losses_api_version", losses_api_version, "a number", 0},
    {"clile_metrics_f1", metrics_f1, "counts in place", 0},
    {"clile_metrics_auc", metrics_auc, NULL, 0},
    {"clile_metrics_intensity", metrics_intensity, "sums in place", 0},
    {"clile_metrics_auc_within", metrics_auc_within, NULL, 0},
    {"clile_metrics_thresholds", metrics_thresholds, NULL, 0},
    {"clile_metrics_calibrate", metrics_calibrate, NULL, 0},
    {"clile_metrics_label_correlation", metrics_label_correlation, "sums in place", 0},
    {"clile_metrics_cosine_matrix", metrics_cosine_matrix, "sums in place", 0},
    {"clile_metrics_agreement", metrics_agreement, "sums in place", 0},
    {"clile_metrics_subject_probe", metrics_subject_probe, NULL, 0},
    {"clile_events_create", events_create, NULL, 0},
    {"clile_events_add", events_add, NULL, 0},
    {"clile_events_end", events_end, "clile_events_add has made room for what ends", 0},
    {"clile_events_take", events_take, READS_ONLY, 0},
    {"clile_events_destroy", events_destroy, "frees", 0},
    {"clile_events_find", events_find, NULL, 0},
    {"clile_report_create", report_create, NULL, 0},
    {"clile_report_destroy", report_destroy, "frees", 0},
    {"clile_report_add_fold", report_add_fold, NULL, 0},
    {"clile_report_add_intensity", report_add_intensity, NULL, 0},
    {"clile_report_add_value", report_add_value, NULL, 0},
    {"clile_report_set_correlation", report_set_correlation, NULL, 0},
    {"clile_report_get_summary", report_get_summary, NULL, 0},
    {"clile_report_copy_table", report_copy_table, NULL, 0},
    {"clile_report_copy_text", report_copy_text, NULL, 0},
    {"clile_report_copy_json", report_copy_json, NULL, 0},
    {NULL, NULL, NULL, 0},
};
