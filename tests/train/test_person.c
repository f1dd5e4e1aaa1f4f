/* What training learns of how people differ: of toy faces whose people have offsets. */
#include "train/internal.h"
#include "train/toy.h"

#include <math.h>

/* Scores by the mixed model itself: the fit must find its parameters. */
static void the_fit_finds_what_the_scores_were_made_with(void **state)
{
    (void)state;
    enum { PEOPLE = 40, FRAMES = 60, N = PEOPLE * FRAMES };
    static uint8_t rgb[N * 3];
    static int8_t labels[N];
    static int32_t subject[N];
    static float score[N];
    static const int32_t au[1] = {12};
    const double gap = 3, noise = 0.4, spread = 1.2;
    double mean_offset = 0;
    clile_i_rng rng = clile_i_rng_make(5, 2);
    for (int s = 0; s < PEOPLE; ++s) {
        const double offset = sqrt(spread) * clile_i_rng_normal(&rng);
        mean_offset += offset / PEOPLE;
        for (int k = 0; k < FRAMES; ++k) {
            const int i = k * PEOPLE + s; /* people take turns */
            subject[i] = s;
            labels[i] = clile_i_rng_uniform(&rng) < 0.25;
            score[i] =
                (float)(offset + gap * labels[i] - 1 + sqrt(noise) * clile_i_rng_normal(&rng));
            if (i % 17 == 0) labels[i] = -1;
        }
    }
    clile_dataset *data = NULL;
    assert_int_equal(CLILE_OK,
                     clile_dataset_from_arrays(N, 1, 1, rgb, 1, au, labels, subject, &data));
    const clile_trainer t = {.train = data, .n = N, .c = 1, .s = PEOPLE};
    float person[CLILE_I_PERSON_ROWS];
    assert_int_equal(CLILE_OK, clile_i_trainer_fit_person(&t, score, labels, person));
    const clile_i_person_au a = clile_i_person_of(person, 1, 0);
    assert_true(fabs(a.absent - (mean_offset - 1)) < 0.15);
    assert_true(fabs(a.present - a.absent - gap) < 0.1);
    assert_true(fabs(a.noise - noise) < 0.05);
    assert_true(fabs(a.spread - spread) < 0.6);
    assert_true(fabs(a.rate - 0.25) < 0.03);
    /* the threshold lies between the classes, without offsets */
    assert_true(person[CLILE_I_PERSON_THRESHOLD] > a.absent &&
                person[CLILE_I_PERSON_THRESHOLD] < a.present);
    clile_dataset_destroy(data);
}

static void a_model_has_it_after_training_and_the_same_after_a_resumed_run(void **state)
{
    (void)state;
    clile_dataset *data = toy_dataset();
    clile_options *options = toy_options("");
    clile_model *model = toy_model(options), *again = toy_model(options);
    clile_trainer *t = NULL;
    const size_t bytes = CLILE_I_PERSON_ROWS * TOY_C * sizeof(float);
    assert_int_equal(CLILE_OK, clile_trainer_create(model, data, options, &t));
    assert_null(model->person);
    assert_int_equal(CLILE_OK, clile_trainer_run(t, 1, NULL, NULL));
    assert_int_equal(CLILE_OK, clile_trainer_run(t, 2, NULL, NULL));
    assert_non_null(model->person);
    for (int32_t c = 0; c < TOY_C; ++c) {
        const clile_i_person_au a = clile_i_person_of(model->person, TOY_C, c);
        assert_true(a.noise > 0 && a.spread > 0 && a.present > a.absent);
    }
    assert_int_equal(CLILE_OK, clile_trainer_save(t, "person.ckpt"));
    clile_trainer_destroy(t);
    assert_int_equal(CLILE_OK, clile_trainer_create(again, data, options, &t));
    assert_int_equal(CLILE_OK, clile_trainer_resume(t, "person.ckpt"));
    assert_memory_equal(model->person, again->person, bytes);
    clile_trainer_destroy(t);
    clile_model_destroy(model);
    clile_model_destroy(again);
    clile_options_destroy(options);
    clile_dataset_destroy(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fit_finds_what_the_scores_were_made_with),
        cmocka_unit_test(a_model_has_it_after_training_and_the_same_after_a_resumed_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
