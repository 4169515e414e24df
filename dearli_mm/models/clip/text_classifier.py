"""Class weights from CLIP's text tower."""
import copy
import hashlib
import json
import logging
import os
from pathlib import Path
from typing import Optional, Sequence, Union

import torch
import torch.nn.functional as F
from mmdet.registry import MODELS
from mmengine.dist import (broadcast_object_list, get_rank,
                           get_world_size)
from mmengine.logging import print_log
from mmengine.model import BaseModule
from torch import Tensor, nn
from tqdm import tqdm

from dearli_mm.functional.classification import average_templates
from dearli_mm.utils import atomic_path
from dearli_mm.utils.lazy import lazy_module

from .class_prompts import (Classes, make_prompts, parse_classes,
                            resolve_templates)
from .loading import build_clip, build_tokenizer, clip_weights_path
from .name_checks import tell_cut, tell_names

open_clip = lazy_module('open_clip')
DEFAULT_CACHE = '~/.cache/dearli_mm/text_classifiers'


@MODELS.register_module()
class CLIPTextClassifier(BaseModule):
    """Text embeddings of the classes: a classifier that needs no training.

    Each synonym is put into the templates, embedded by CLIP's text tower,
    normalised, averaged over the templates and normalised again. The result
    depends on nothing that is trained: it is worked out once (when weights are
    initialised, or at first use), kept on disk, and the text tower is
    dropped. Source: DEARLi section 3.1 and FC-CLIP.

    Args:
        classes (Sequence[str] | Mapping | str): Class names with synonyms;
            see :func:`parse_classes`.
        model_name (str): Name of the open_clip model.
        pretrained (str, optional): Path of its weights; ``None`` for a
            randomly initialised text tower (not cached).
        templates (str | Sequence[str]): Key of ``TEMPLATES`` or own
            templates. Defaults to ``'vild'``.
        cache_dir (str, optional): Folder of the cached embeddings; ``None``
            for no cache. An entry is named after a hash of model, weights,
            templates and names.
        batch_size (int): Prompts per forward pass. Defaults to 256.
    """

    def __init__(self,
                 classes: Classes,
                 model_name: str,
                 pretrained: Optional[str] = None,
                 templates: Union[str, Sequence[str]] = 'vild',
                 cache_dir: Optional[str] = DEFAULT_CACHE,
                 batch_size: int = 256) -> None:
        super().__init__()
        self.model_name = model_name
        self.pretrained = pretrained
        self.templates = resolve_templates(templates)
        self.cache_dir = cache_dir
        self.batch_size = batch_size
        if pretrained is not None:
            clip_weights_path(model_name, pretrained)  # there, or an error
        # Not a part of checkpoints: these move between vocabularies.
        self.register_buffer('embeddings', torch.empty(0), persistent=False)
        self.set_classes(classes)

    @property
    def embed_dims(self) -> int:
        """int: Width D of the embeddings."""
        return open_clip.get_model_config(self.model_name)['embed_dim']

    @property
    def num_classes(self) -> int:
        """int: Number of classes C."""
        return len(self.num_synonyms)

    def set_classes(self, classes: Classes) -> None:
        """Change the vocabulary; the embeddings stay on their device."""
        parsed = parse_classes(classes)
        self.num_synonyms = [len(names) for names in parsed]
        self._synonyms = [name for names in parsed for name in names]
        tell_names(parsed)
        self.embeddings = self.embeddings.new_empty(0)

    def init_weights(self) -> None:
        """Work out the embeddings, before the first step of a training.

        Of several processes the first works them out and the others are sent
        them: all processes have to take part.
        """
        super().init_weights()
        if get_world_size() > 1 and self.embeddings.numel() == 0:
            self._prepare_in_first_process()
        self.prepare()

    def _prepare_in_first_process(self) -> None:
        message = [None, None]
        if get_rank() == 0:
            try:
                self.prepare()
                message[0] = self.embeddings.cpu()
            except Exception as error:  # the others must not wait for ever
                message[1] = error
        broadcast_object_list(message)
        if message[1] is not None:
            raise message[1]
        self.embeddings = message[0].to(self.embeddings.device)

    def prepare(self) -> None:
        """Work out the embeddings, or read them, if that is not done yet."""
        if self.embeddings.numel() > 0:
            return
        # Tensors made in inference mode could never be trained with.
        with torch.inference_mode(False), torch.no_grad():
            self.embeddings = self._load_or_compute().to(
                self.embeddings.device)

    def forward(self, void_embedding: Tensor) -> Tensor:
        """Append the void class.

        Args:
            void_embedding (Tensor): Shape [1, D], of any length.

        Returns:
            Tensor: L2-normalised rows, shape [S+1, D]: the synonyms class by
            class, void last.
        """
        self.prepare()
        return torch.cat(
            (self.embeddings, F.normalize(void_embedding, dim=-1)))

    def _load_or_compute(self) -> Tensor:
        if self.pretrained is None:
            print_log(
                f'CLIPTextClassifier: pretrained=None, so the text tower of '
                f'{self.model_name!r} is random; its classes mean nothing',
                'current', logging.WARNING)
            return self._compute()
        weights = clip_weights_path(self.model_name, self.pretrained)
        if self.cache_dir is None:
            return self._compute()
        try:
            path = Path(self.cache_dir).expanduser() / (
                self._cache_key(weights) + '.pt')
        except RuntimeError as error:  # there is no home
            self._warn(f'cannot be used ({error})')
            return self._compute()
        embeddings = self._read(path)
        if embeddings is None:
            embeddings = self._compute()
            try:
                with atomic_path(path) as part:
                    torch.save(embeddings, part)
            except OSError as error:
                self._warn(f'cannot be written ({error}); each run will '
                           'compute the text classifier anew')
        return embeddings

    def _read(self, path: Path) -> Optional[Tensor]:
        """A cached entry; None if there is none, or none that is whole."""
        if not os.path.isfile(path):
            return None
        try:
            embeddings = torch.load(path, weights_only=True)
            if embeddings.shape == (len(self._synonyms), self.embed_dims):
                return embeddings
            problem = f'its shape is {tuple(embeddings.shape)}'
        except Exception as error:
            problem = repr(error)[:200]
        self._warn(f'holds a damaged entry, which is made anew: {path} '
                   f'({problem})')
        return None

    def _warn(self, problem: str) -> None:
        print_log(
            f'CLIPTextClassifier: cache_dir={str(self.cache_dir)!r} '
            f'{problem}', 'current', logging.WARNING)

    def _cache_key(self, weights: Path) -> str:
        digest = hashlib.sha256()
        with weights.open('rb') as file:
            for block in iter(lambda: file.read(1 << 24), b''):
                digest.update(block)
        config = open_clip.get_model_config(self.model_name)
        digest.update(
            json.dumps([config, self.templates, self._synonyms]).encode())
        return f'{self.model_name}-{digest.hexdigest()[:24]}'

    def _tokenize(self, prompts: Sequence[str],
                  synonyms: Sequence[str]) -> Tensor:
        """Tokens of prompts, int64 [N, context length]; tells what is cut."""
        tokenizer = build_tokenizer(self.model_name)
        length = tokenizer.context_length
        pad = getattr(
            getattr(tokenizer, 'tokenizer', None), 'pad_token_id', 0) or 0
        # With room for one more: it is used by what does not fit.
        longer = tokenizer(list(prompts), context_length=length + 1)
        cut = (longer[:, -1] != pad).view(len(synonyms), -1).any(1)
        tell_cut([name for name, is_cut in zip(synonyms, cut) if is_cut],
                 length, self.model_name)
        return tokenizer(list(prompts))

    @torch.no_grad()
    def _compute(self) -> Tensor:
        prompts = make_prompts(self._synonyms, self.templates)
        # Before what takes long.
        tokens = self._tokenize(prompts, self._synonyms)
        print_log(
            f'CLIPTextClassifier: {self.num_classes} classes, '
            f'{len(self._synonyms)} names, {len(prompts)} prompts through the '
            f'text tower of {self.model_name!r}', 'current')
        # Building draws random numbers: a run must not depend on whether its
        # classes were in the cache, nor a random tower on the run.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            clip = build_clip(self.model_name, self.pretrained)
        features = encode_text(clip.text.eval(), tokens, self.batch_size)
        return average_templates(features, len(self.templates))


@torch.no_grad()
def encode_text(text_tower: nn.Module, tokens: Tensor,
                batch_size: int) -> Tensor:
    """Features of tokenised prompts, with a progress bar for long jobs.

    A causal tower that pools the end token sees nothing behind it, so the
    padding behind the longest prompt is cut off: the same features in a
    fraction of the time.

    Args:
        text_tower (nn.Module): open_clip's text tower.
        tokens (Tensor): int64 [N, context length], zero-padded.
        batch_size (int): Prompts per forward pass.

    Returns:
        Tensor: Not normalised, shape [N, D].
    """
    causal = getattr(text_tower, 'attn_mask', None) is not None
    if causal and getattr(text_tower, 'pool_type', '') == 'argmax':
        length = int(tokens.argmax(1).max()) + 1
        tokens = tokens[:, :length]
        # open_clip cuts the positions to the length, but not the mask.
        text_tower = copy.copy(text_tower)
        text_tower._buffers = dict(
            text_tower._buffers,
            attn_mask=text_tower.attn_mask[:length, :length])
    batches = tqdm(
        tokens.split(batch_size),
        desc='text classifier',
        mininterval=2,
        disable=len(tokens) <= batch_size or None)
    return torch.cat([text_tower(batch) for batch in batches])
