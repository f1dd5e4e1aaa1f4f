/* train DATA MODEL: trains CL-ILE on fold 1 of a folder in BP4D's layout, in one page of code. */
#include <clile/clile.h>

#include <stdio.h>

static int32_t on_progress(const clile_progress *p, void *user)
{
    (void)user;
    if (p->epoch_end)
        printf("stage %d, epoch %d of %d: loss %.4f\n", (int)p->stage, (int)p->epoch,
               (int)p->epochs, p->loss);
    return 0; /* anything else stops the run */
}

static clile_status train(const char *data_path, const char *model_path)
{
    clile_options *options = NULL;
    clile_dataset *all = NULL, *part = NULL;
    clile_model *model = NULL;
    clile_trainer *trainer = NULL;
    int32_t au_ids[64];
    clile_status status = clile_options_create(&options);
    if (status == CLILE_OK) status = clile_options_set_i64(options, CLILE_OPT_EPOCHS, 3);
    if (status == CLILE_OK) status = clile_options_set_i64(options, CLILE_OPT_EPOCHS_STAGE1, 2);
    if (status == CLILE_OK) status = clile_dataset_open(data_path, options, &all);
    if (status == CLILE_OK) status = clile_dataset_fold(all, "bp4d", 1, &part, NULL);
    if (status == CLILE_OK) status = clile_dataset_copy_au_ids(part, au_ids);
    if (status == CLILE_OK)
        status = clile_model_create(options, clile_dataset_au_count(part), au_ids, &model);
    if (status == CLILE_OK) status = clile_trainer_create(model, part, options, &trainer);
    if (status == CLILE_OK && clile_trainer_next_stage(trainer) == 1)
        status = clile_trainer_run(trainer, 1, on_progress, NULL);
    if (status == CLILE_OK) status = clile_trainer_run(trainer, 2, on_progress, NULL);
    clile_trainer_destroy(trainer); /* all that knows the training subjects is gone */
    if (status == CLILE_OK) status = clile_model_save(model, model_path);
    clile_model_destroy(model);
    clile_dataset_destroy(part);
    clile_dataset_destroy(all);
    clile_options_destroy(options);
    return status;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: train DATA MODEL\n");
        return 2;
    }
    const clile_status status = train(argv[1], argv[2]);
    if (status != CLILE_OK) {
        fprintf(stderr, "%s: %s\n", clile_status_name(status), clile_last_error());
        return 1;
    }
    return 0;
}
