"""A loss of the caller's own."""
import clile
import numpy as np
import pytest
from clile import experimental
from conftest import N, SIDE, SMALL


def bce(batch):
    """Plain weighted BCE by the logits (docs/method.md)."""
    coded, z = batch.labels >= 0, batch.logits.astype(float)
    share = coded * batch.au_weight / np.maximum(coded.sum(1, keepdims=True), 1) / len(z)
    loss = (share * (np.maximum(z, 0) - z * batch.labels + np.log1p(np.exp(-abs(z))))).sum()
    return loss, {"logits": share * (1 / (1 + np.exp(-z)) - batch.labels)}


def trained(untrained, data, loss, **settings):
    losses = []
    with clile.Trainer(untrained, data, method="bce", exchange_halves=0, **{**SMALL, **settings}) as trainer:
        if loss is not None:
            experimental.set_loss(trainer, loss)
        trainer.train(lambda progress: losses.append(progress.loss))
    return np.array(losses), untrained.au_embedding


def copy_of(model):
    return clile.Model.load(model.to_bytes())


def test_bce_of_ones_own_is_the_library_s(untrained, data):
    theirs, vectors = trained(copy_of(untrained), data, None, optimizer="sgd")
    ours, own_vectors = trained(copy_of(untrained), data, bce, optimizer="sgd")
    assert np.allclose(theirs, ours, atol=1e-6) and np.allclose(vectors, own_vectors, atol=1e-6) and len(theirs) == 6


def test_a_batch_is_what_the_data_set_says(untrained, data):
    kept = []

    def look(batch):
        kept.append(batch)
        assert (data.labels[batch.index] == batch.labels).all() and (data.subjects[batch.index] == batch.subject).all()
        assert repr(batch) == f"LossBatch(step {batch.step} of 6; 4 images, embedding 8, 2 AUs)"
        assert batch.input.shape == (4, 3, SIDE, SIDE) and batch.embedding.shape == (4, 8) and batch.partner is None
        assert batch.index.min() >= 0 and batch.index.max() < N and batch.step == len(kept) and batch.steps == 6
        return 0.25, {}

    losses, _ = trained(untrained, data, look)
    assert (losses == 0.25).all() and kept[0].labels.shape == (4, 2)
    with pytest.raises(clile.StateError, match="over"):
        _ = kept[0].input


@pytest.mark.parametrize("answer, error, text", [
    (lambda b: 1 / 0, ZeroDivisionError, ""), (lambda b: (0, {"logit": b.logits}), ValueError, "by 'logit'"), (lambda b: None, TypeError, ""),
    (lambda b: (0, {"logits": b.logits[:1]}), ValueError, "has shape"), (lambda b: (np.nan, {}), clile.NotFinite, "the loss nan"),
    (lambda b: (0, {"embedding": np.inf * b.embedding}), clile.NotFinite, "diff_embedding")])
def test_what_fails_is_raised(untrained, data, answer, error, text):
    trainer = clile.Trainer(untrained, data, method="bce", exchange_halves=0, **SMALL)
    experimental.set_loss(trainer, answer)
    with pytest.raises(error, match=text):
        trainer.train()
    with pytest.raises(clile.StateError):
        trainer.train()
    with pytest.raises(clile.StateError, match="has run"):
        experimental.set_loss(trainer, None)


def test_no_loss_again(untrained, data):
    trainer = clile.Trainer(untrained, data, method="bce", exchange_halves=0, **SMALL)
    experimental.set_loss(trainer, lambda batch: 1 / 0, adds=True)
    experimental.set_loss(trainer, None)
    trainer.train()
    assert untrained.is_trained
