"""Text classification and its ensemble with CLIP's zero-shot opinion."""
from typing import List, Optional, Union

import torch
import torch.nn.functional as F
from torch import Tensor

# CLIP's own ceiling of the temperature, exp(s) <= 100.
MAX_LOGIT_SCALE = 100.


def average_templates(features: Tensor, num_templates: int) -> Tensor:
    """Rows of a text classifier from the features of its prompts.

    Source: FC-CLIP, after ViLD.

    Args:
        features (Tensor): Of any length, shape [S * T, D]: the T templates of
            the first synonym, then those of the next.
        num_templates (int): Number of templates T.

    Returns:
        Tensor: L2-normalised, shape [S, D].
    """
    features = F.normalize(features, dim=-1)
    features = features.view(-1, num_templates, features.shape[-1])
    return F.normalize(features.mean(1), dim=-1)


def class_logits(embed: Tensor, text_classifier: Tensor,
                 logit_scale: Union[Tensor, float],
                 num_synonyms: List[int]) -> Tensor:
    """Cosine logits of embeddings against a text classifier.

    A class is as likely as its best synonym: the logits of its synonyms are
    reduced by their maximum. Source: DEARLi section 3.1 (FC-CLIP's
    in-vocabulary classifier).

    Args:
        embed (Tensor): Embeddings of any length, shape [..., D].
        text_classifier (Tensor): L2-normalised rows, shape [S+1, D]: the
            synonyms class by class, then void.
        logit_scale (Tensor | float): Logarithm of the temperature; its
            exponential is clamped to at most 100.
        num_synonyms (list[int]): Number of synonyms of each of the C
            classes; they sum to S.

    Returns:
        Tensor: Logits, shape [..., C+1], void last.

    Raises:
        ValueError: If ``num_synonyms`` does not add up to S.
    """
    num_rows = text_classifier.shape[0]
    if sum(num_synonyms) + 1 != num_rows:
        raise ValueError(
            f'num_synonyms adds up to {sum(num_synonyms)}, but '
            f'text_classifier has {num_rows} rows: it must hold one row a '
            'synonym and the void row last')
    scale = torch.as_tensor(logit_scale).exp().clamp(max=MAX_LOGIT_SCALE)
    embed = scale * F.normalize(embed, dim=-1)
    logits = embed @ text_classifier.T
    if num_rows == len(num_synonyms) + 1:  # every class has one name
        return logits
    # One column per class: the best of its synonyms, then void.
    of_class = torch.tensor([
        c for c, count in enumerate([*num_synonyms, 1]) for _ in range(count)
    ])
    of_class = of_class.to(logits.device, non_blocking=True).expand_as(logits)
    # Not new_empty and include_self=False: what is in the memory by chance
    # takes its share of the gradient where it equals the result.
    best = logits.new_full((*logits.shape[:-1], len(num_synonyms) + 1),
                           -torch.inf)
    return best.scatter_reduce(-1, of_class, logits, 'amax')


def geometric_ensemble(in_vocab_logits: Tensor,
                       zero_shot_logits: Tensor,
                       alpha: float,
                       valid: Optional[Tensor] = None) -> Tensor:
    """Mix the trained classifier with the zero-shot one, void aside.

    ``p = p_in^(1-alpha) * p_out^alpha``, renormalised over the classes; the
    void probability is that of the trained classifier. Worked out in
    logarithms, so that no probability underflows. Source: DEARLi section 3.1
    (FC-CLIP's geometric ensemble with one exponent).

    Args:
        in_vocab_logits (Tensor): Shape [..., Q, C+1], void last.
        zero_shot_logits (Tensor): Shape [..., Q, C], or [..., Q, C+1] with
            a void column, which is ignored.
        alpha (float): Weight of the zero-shot classifier, in [0, 1].
        valid (Tensor, optional): bool [..., Q]; where False, ``alpha`` is 0
            (queries whose mask is empty say nothing of CLIP's features).

    Returns:
        Tensor: Log-probabilities ``log(p + 1e-8)``, shape [..., Q, C+1].
    """
    num_classes = in_vocab_logits.shape[-1] - 1
    log_p_in = in_vocab_logits[..., :-1].log_softmax(-1)
    log_p_out = zero_shot_logits[..., :num_classes].log_softmax(-1)
    weight = torch.full_like(log_p_in[..., :1], alpha)
    if valid is not None:
        weight = weight * valid.unsqueeze(-1)
    p = ((1 - weight) * log_p_in + weight * log_p_out).softmax(-1)
    p_void = in_vocab_logits.softmax(-1)[..., -1:]
    return (torch.cat((p * (1 - p_void), p_void), dim=-1) + 1e-8).log()
