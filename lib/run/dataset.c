/* The loop over the images of a data set. */
#include "run/run.h"

clile_status clile_i_run_dataset(const clile_i_encoder *encoder, const clile_dataset *data,
                                 clile_i_embedding_sink sink, void *context)
{
    clile_status status = CLILE_OK;
    int64_t *indices = NULL;
    float *embedding = NULL, *src = NULL;
    const int64_t n = clile_dataset_size(data), batch = encoder->batch, size = encoder->size;
    CLILE_I_ALLOC(indices, batch);
    CLILE_I_ALLOC(embedding, batch * encoder->d);
    CLILE_I_ALLOC(src, batch * 3 * size * size);
    for (int64_t first = 0; first < n; first += batch) {
        const int64_t count = n - first < batch ? n - first : batch;
        if (encoder->ranks > 1 && first / batch % encoder->ranks != encoder->rank) continue;
        for (int64_t k = 0; k < batch; ++k) indices[k] = first + (k < count ? k : 0);
        CLILE_I_TRY(clile_i_batch_load_slots(data, batch, indices, encoder->size,
                                             encoder->standardize, NULL, 0, 0, NULL, src));
        for (int64_t k = 0; clile_i_exec_point_count(encoder->exec) > 0 && k < batch; ++k)
            CLILE_I_TRY(clile_i_dataset_copy_five(data, indices[k],
                                                  clile_i_exec_points(encoder->exec) + 10 * k));
        CLILE_I_TRY(clile_i_exec_forward(encoder->exec, src, embedding));
        sink(context, first, count, embedding);
    }
cleanup:
    clile_i_free(indices);
    clile_i_free(embedding);
    clile_i_free(src);
    return status;
}
