"""Text classification and its ensemble with CLIP's zero-shot opinion."""
from functools import lru_cache
from itertools import accumulate
from typing import List, NamedTuple, Optional, Union

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
    if num_rows == len(num_synonyms) + 1:  # every class has one name
        return embed @ text_classifier.T
    blocks = _synonym_blocks(tuple(num_synonyms), text_classifier.device)
    return _best_synonyms(embed @ text_classifier[blocks.rows].T, blocks)


class _SynonymBlocks(NamedTuple):
    """Rows of a text classifier, first synonyms first.

    Classes stand in the order of their number of synonyms, most first, so
    that block k, of the k-th synonyms, belongs to the first classes: maxima
    are taken between whole blocks, in as many steps as a class has synonyms.
    """
    rows: Tensor  # int64 [S+1]: first synonyms, void, second synonyms, ...
    sizes: List[int]  # rows of the blocks, void among the first
    place: Tensor  # int64 [C+1]: of each class, and void, in the first block
    num_synonyms: tuple


@lru_cache(maxsize=16)
def _synonym_blocks(num_synonyms: tuple,
                    device: torch.device) -> _SynonymBlocks:
    void = sum(num_synonyms)
    start = [0, *accumulate(num_synonyms)]
    order = sorted(range(len(num_synonyms)), key=lambda c: -num_synonyms[c])
    blocks = [[start[c] + k for c in order if num_synonyms[c] > k]
              for k in range(num_synonyms[order[0]])]
    blocks[0].append(void)
    place = torch.tensor([*order, len(order)]).argsort()
    return _SynonymBlocks(
        torch.tensor(sum(blocks, []), device=device), list(map(len, blocks)),
        place.to(device), num_synonyms)


def _best_synonyms(logits: Tensor, blocks: _SynonymBlocks) -> Tensor:
    """The highest logit of each class, [..., S+1] to [..., C+1]."""
    with torch.no_grad():
        first, *others = logits.split(blocks.sizes, -1)
        best = first.clone()
        columns = torch.arange(logits.shape[-1], device=logits.device)
        index = columns[:first.shape[-1]].expand(first.shape).clone()
        for part, column in zip(others, columns.split(blocks.sizes)[1:]):
            so_far = best[..., :len(column)]
            own = index[..., :len(column)]
            torch.where(part > so_far, column, own, out=own)
            torch.maximum(part, so_far, out=so_far)
        index = index.index_select(-1, blocks.place)
    # The gradient goes to one synonym a class.
    return logits.gather(-1, index)


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
