"""The losses of CL-ILE (docs/method.md) in PyTorch, written from the method alone: an independent implementation
to compare libclile with. Gradients come from autograd. Readable rather than fast.

Shapes: n images, d embedding, c AUs, s subjects. labels [n,c]: 1 present, 0 absent, -1 not coded.
"""
import torch
import torch.nn.functional as F

LEAST_NORM = 1e-8  # a shorter vector has no direction: similarity 0, gradient 0


def unit(x):
    """x / |x| along the last axis; zeros where |x| is below LEAST_NORM."""
    norm = x.pow(2).sum(-1, keepdim=True)
    short = norm < LEAST_NORM**2
    return torch.where(short, torch.zeros_like(x), x / torch.where(short, torch.ones_like(norm), norm).sqrt())


def similarity(embedding, vectors, kind):
    """sim(F_k, V_kc) [n,c] of embedding [n,d] and vectors [c,d] or [n,c,d]."""
    if kind == "cosine":
        embedding, vectors = unit(embedding), unit(vectors)
    return (embedding[:, None, :] * vectors).sum(-1)


def au_weights(labels):
    """w_c = (1/r_c) C / sum_j (1/r_j), r_c the rate of AU c among its coded labels; an AU that never occurs has weight 0
    and does not count in C."""
    coded = (labels >= 0).double().sum(0)
    rate = (labels == 1).double().sum(0) / coded.clamp(min=1)
    occurs = rate > 0
    inverse = torch.where(occurs, 1 / torch.where(occurs, rate, torch.ones_like(rate)), torch.zeros_like(rate))
    return inverse * occurs.sum() / inverse.sum()


def weighted_bce(logits, labels, weight=None):
    """Mean over images of (1/C_k) sum over the C_k coded AUs of w_c BCE(z_kc, y_kc); an image with none coded adds 0."""
    coded = (labels >= 0).to(logits.dtype)
    each = F.binary_cross_entropy_with_logits(logits, (labels == 1).to(logits.dtype), reduction="none")
    if weight is not None:
        each = each * weight
    return ((each * coded).sum(1) / coded.sum(1).clamp(min=1)).mean()


def stage1(id_embedding, ile, subject, labels, weight=None):
    """L_BCE of the paper: the image of subject i meets the identity-label embeddings AU^Sub_i [c,d], by dot product."""
    return weighted_bce(similarity(id_embedding, ile[subject], "dot"), labels, weight)


def stage2(embedding, au, labels, tau, null=None):
    """L_Contra of the paper, with the null anchor when one is given."""
    total = embedding.new_zeros(())
    for f, y in zip(embedding, labels):
        positives = (y == 1).nonzero().flatten().tolist()
        candidates = (y >= 0).nonzero().flatten().tolist()
        if not candidates:
            continue
        anchors = au
        if null is not None:
            anchors = torch.cat([au, null[None]])
            candidates.append(len(au))
            positives = positives or [len(au)]
        if not positives:
            continue
        logits = similarity(f[None], anchors, "cosine")[0] / tau
        total = total + sum(torch.logsumexp(logits[candidates], 0) - logits[p] for p in positives) / len(positives)
    return total / len(embedding)


def bce(embedding, au, scale, bias, labels, weight=None, kind="cosine"):
    """L_BCE(general): weighted BCE on scale * sim(F, AU_c) + bias_c."""
    return weighted_bce(scale * similarity(embedding, au, kind) + bias, labels, weight)


def mixed(embedding, au, scale, bias, deviation, deviation_bias, subject, labels, lambda_deviation, lambda_bias,
          weight=None, kind="cosine"):
    """The image of subject i meets AU_c + D'_ic and bias_c + B'_ic, D' and B' centred over subjects, with a ridge on
    their mean squares."""
    deviation = deviation - deviation.mean(0, keepdim=True)
    deviation_bias = deviation_bias - deviation_bias.mean(0, keepdim=True)
    logits = scale * similarity(embedding, au + deviation[subject], kind) + bias + deviation_bias[subject]
    ridge = lambda_deviation * deviation.pow(2).mean() + lambda_bias * deviation_bias.pow(2).mean()
    return weighted_bce(logits, labels, weight) + ridge


def orthogonal(embedding, id_embedding):
    """Mean over the batch of cos(F, F^ID)^2."""
    return (unit(embedding) * unit(id_embedding)).sum(1).pow(2).mean()


def decorrelate(embedding, id_embedding):
    """|X^T Y|_F^2 / d, X and Y the columns of F and F^ID centred and of unit length over the batch."""
    def columns(x):
        return unit((x - x.mean(0)).t()).t()
    return (columns(embedding).t() @ columns(id_embedding)).pow(2).sum() / embedding.shape[1]


class Reverse(torch.autograd.Function):
    """Identity forward, gradient times -factor backward (Ganin and Lempitsky, 2015)."""

    @staticmethod
    def forward(ctx, x, factor):
        ctx.factor = factor
        return x.view_as(x)

    @staticmethod
    def backward(ctx, diff):
        return -ctx.factor * diff, None


def adversarial(embedding, weight, bias, subject, factor=1.0):
    """Cross-entropy of a subject classifier on F/|F| after a gradient reversal layer."""
    return F.cross_entropy(Reverse.apply(unit(embedding), factor) @ weight.t() + bias, subject)


def identity_part(part, id_embedding, labels, subject, subjects):
    """The part of F^ID [n,d] that counts as identity, the n images being the whole training set: all of it; what a linear
    regression on the labels leaves; the mean of the subject's images less the grand mean."""
    if part == "all":
        return id_embedding
    if part == "subject_mean":
        means = torch.stack([id_embedding[subject == i].mean(0) for i in range(subjects)])
        return (means - id_embedding.mean(0))[subject]
    coded = labels >= 0
    rate = (labels == 1).sum(0) / coded.sum(0).clamp(min=1)
    x = torch.where(coded, labels.to(id_embedding.dtype), rate.to(id_embedding.dtype))
    x = torch.cat([torch.ones_like(x[:, :1]), x], 1)
    ridge = 1e-8 * len(x) * torch.eye(x.shape[1], dtype=x.dtype)
    ridge[0, 0] = 0  # not on the intercept
    return id_embedding - x @ torch.linalg.solve(x.t() @ x + ridge, x.t() @ id_embedding)


def stage2_total(embedding, id_embedding, vectors, labels, subject, weight, options):
    """(what autograd descends, reported total, bce, contra, elimination) of one batch of stage 2 or of method=bce.

    vectors: the learned vectors by name (au, null, scale, bias, deviation, deviation_bias, classifier, classifier_bias);
    those the options do not use are absent. L = lambda_contra L_Contra + lambda_bce L_BCE + lambda_id L_elim."""
    o = options
    plain = o["method"] == "bce"
    zero = embedding.new_zeros(())
    l_bce = l_contra = l_elimination = zero
    lambda_contra = 0.0 if plain else o["lambda_contra"]
    lambda_bce = 1.0 if plain else o["lambda_bce"]
    if lambda_contra > 0:
        l_contra = stage2(embedding, vectors["au"], labels, o["tau"], vectors.get("null"))
    if lambda_bce > 0:
        scale = vectors.get("scale", torch.ones(1, dtype=embedding.dtype))
        if "deviation" in vectors:
            l_bce = mixed(embedding, vectors["au"], scale, vectors["bias"], vectors["deviation"],
                          vectors["deviation_bias"], subject, labels, o["lambda_ile"], o["lambda_ile_bias"], weight,
                          o["similarity"])
        else:
            l_bce = bce(embedding, vectors["au"], scale, vectors["bias"], labels, weight, o["similarity"])
    elimination = "none" if plain else o["elimination"]
    descended = lambda_contra * l_contra + lambda_bce * l_bce
    total = descended
    if elimination in ("orthogonal", "decorrelate"):
        l_elimination = {"orthogonal": orthogonal, "decorrelate": decorrelate}[elimination](embedding, id_embedding)
        descended = descended + o["lambda_id"] * l_elimination
    elif elimination == "adversarial":
        # lambda_id scales what reaches the encoder; the classifier learns at full strength
        l_elimination = adversarial(embedding, vectors["classifier"], vectors["classifier_bias"], subject, o["lambda_id"])
        descended = descended + l_elimination
    total = total + o["lambda_id"] * l_elimination
    return descended, total, l_bce, l_contra, l_elimination
