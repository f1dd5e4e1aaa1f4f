"""custom_loss.py: an idea of your own, tried in the library's trainer, with NumPy (examples/custom_loss.c is the same in C).

Beside the weighted BCE of method=bce, embeddings of one person are pushed apart:

    L = 5 / pairs * sum over pairs i < j of one person of (f_i . f_j)^2,  f = F / |F|
"""
import clile
import numpy as np
from clile import experimental


def spread(batch):
    """The loss, and its gradient by the embeddings."""
    embedding = batch.embedding.astype(np.float64)
    norm = np.sqrt((embedding ** 2).sum(1, keepdims=True) + 1e-12)
    f = embedding / norm
    one_person = np.triu(batch.subject[:, None] == batch.subject[None, :], 1)
    share = 5 / max(one_person.sum(), 1)
    similarity = (f @ f.T) * one_person
    diff = 2 * share * (similarity + similarity.T) @ f
    own.append(share * (similarity ** 2).sum())
    return own[-1], {"embedding": (diff - (diff * f).sum(1, keepdims=True) * f) / norm}


def progress(p):
    if p.epoch_end:
        print(f"epoch {p.epoch}: loss {p.loss:.4f}, BCE {p.loss_bce:.4f}, own {own[-1]:.4f}")


own = []
faces = clile.Dataset.synth(subjects=4, tasks=1, frames=32, size=48)
options = clile.Options(method="bce", backbone="resnet10", width=0.125, embedding=16, image_size=32, batch=16, epochs=4, learning_rate=1e-3,
                        augment_flip=True, threads=1)
trainer = clile.Trainer(clile.Model(faces.au_ids, options), faces, options)
experimental.set_loss(trainer, spread, adds=True)
trainer.train(progress)
