"""Starts student and teacher from a class-agnostic warm-up."""
from pathlib import Path
from typing import Dict, List, Optional

from mmdet.registry import HOOKS
from mmengine.hooks import Hook
from torch import Tensor, nn

from dearli_mm.models.detectors.teacher import weights_of_network
from dearli_mm.models.heads import CLASSIFIER
from dearli_mm.utils.model_wrappers import unwrapped
from dearli_mm.utils.plain_files import load_plain

from .ema_teacher_hook import TEACHER_IS_INITIALIZED

HEAD = 'panoptic_head.'
# Groups of the head's parameters by the beginnings of their names. Those of
# the first three must fit; the classifier comes along untrained.
GROUPS = {
    'pixel decoder': ('pixel_decoder.', ),
    'mask decoder': ('transformer_decoder.', 'decoder_input_projs.',
                     'level_embed.', 'mask_embed.'),
    'queries': ('query_embed.', 'query_feat.'),
    'classifier': CLASSIFIER
}


# How the keys of one group fit, by 'loaded' (in both, of one shape), 'missing'
# (in the checkpoint), 'mismatching' (with both shapes), 'unexpected' (in the
# checkpoint only).
Fit = Dict[str, List[str]]


@HOOKS.register_module()
class SAMWarmupHook(Hook):
    """Gives student and teacher the decoder of a warm-up.

    Pixel decoder, mask decoder and queries are copied into both, so the EMA
    starts at its full decay; class MLP, logit scale and void embedding come
    along. A resumed run is left as it is. A model without a teacher gets the
    decoder as well. Source: DEARLi section 3.3.

    Args:
        checkpoint (str, optional): Checkpoint of a
            :class:`CLIPMask2Former` (of a :class:`DEARLi` the student's), or
            what ``tools/model_converters/official_to_dearli.py`` made of one
            of the reference implementation.
        required (bool): Whether the run stops if there is no such file; else
            it goes on without a warm-up. Defaults to True.

    Raises:
        FileNotFoundError: If the file is required and not there.
        ValueError: If it is no warm-up, or one of another architecture.
    """
    # Before EMATeacherHook asks whether the teacher is initialised.
    priority = 'ABOVE_NORMAL'

    def __init__(self,
                 checkpoint: Optional[str] = None,
                 required: bool = True) -> None:
        self.checkpoint = checkpoint
        self.required = required

    def before_train(self, runner) -> None:
        """Load the decoder, unless the run is resumed."""
        if runner._resume and runner._has_loaded:
            self.summary = 'warm-up', 'not loaded again: the run is resumed'
            return
        path = Path(self.checkpoint or '').expanduser()
        if not self.checkpoint or not path.is_file():
            self._without_warmup(runner)
            return
        weights = read_head(path)
        model = unwrapped(runner.model)
        networks = {
            name: getattr(model, name)
            for name in ('student', 'teacher') if hasattr(model, name)
        } or {'model': model}
        for network in networks.values():
            fits = load_head(network.panoptic_head, weights, str(path))
        runner.logger.info(f'SAMWarmupHook: {" and ".join(networks)} start '
                           f'from {path}\n{_report(fits)}')
        self.summary = 'warm-up', str(path)
        if 'teacher' in networks:
            runner.message_hub.update_info(TEACHER_IS_INITIALIZED, True)

    def _without_warmup(self, runner) -> None:
        message = (
            f'SAMWarmupHook: checkpoint={self.checkpoint!r}: no such file. '
            'Train one with a config of configs/sam_warmup/ (docs/warm-up.md) '
            'and give its path')
        if self.required:
            raise FileNotFoundError(
                f'{message}, or take the hook out of custom_hooks to train '
                'without a warm-up')
        runner.logger.warning(f'{message}. Training starts without a warm-up')
        self.summary = 'warm-up', 'none'


def read_head(path: Path) -> Dict[str, Tensor]:
    """Weights of the head in a checkpoint, names without prefix.

    Args:
        path (Path): The file.

    Raises:
        ValueError: If it cannot be read as plain weights, or holds no head.
    """
    weights = load_plain(path, 'SAMWarmupHook.checkpoint')
    for key in ('state_dict', 'model'):
        if isinstance(weights, dict) and isinstance(weights.get(key), dict):
            weights = weights[key]
    weights = weights_of_network(
        weights if isinstance(weights, dict) else {}, 'student')
    head = {
        name[len(HEAD):]: value
        for name, value in weights.items() if str(name).startswith(HEAD)
    }
    if head:
        return head
    remedy = 'give the checkpoint of a run of configs/sam_warmup/'
    if any(str(name).startswith('sem_seg_head.') for name in weights):
        remedy = ('it looks like one of the reference implementation: turn it '
                  'with tools/model_converters/official_to_dearli.py')
    raise ValueError(f'{path} is no warm-up: it has no weights named '
                     f'{HEAD}...; {remedy}')


def load_head(head: nn.Module, weights: Dict[str, Tensor],
              source: str) -> Dict[str, Fit]:
    """Copy the weights that fit into a head.

    Args:
        head (nn.Module): A :class:`CLIPMask2FormerHead`.
        weights (dict[str, Tensor]): By name within the head.
        source (str): Their file, for messages.

    Returns:
        dict[str, Fit]: How each group fitted.

    Raises:
        ValueError: If pixel decoder, mask decoder or queries differ.
    """
    own = head.state_dict()
    fits = {group: _fit(starts, own, weights)
            for group, starts in GROUPS.items()}
    if any(names for group, fit in fits.items() if group != 'classifier'
           for kind, names in fit.items() if kind != 'loaded'):
        raise ValueError(
            f'{source} is a warm-up of another architecture:\n'
            f'{_report(fits)}\nUse the same backbone, pixel decoder, decoder '
            'and num_queries in both configs')
    head.load_state_dict(
        {name: weights[name]
         for fit in fits.values() for name in fit['loaded']},
        strict=False)
    return fits


def _fit(starts: tuple, own: Dict[str, Tensor],
         weights: Dict[str, Tensor]) -> Fit:
    wanted = [name for name in own if name.startswith(starts)]
    shared = [name for name in wanted if name in weights]
    return dict(
        loaded=[n for n in shared if own[n].shape == weights[n].shape],
        missing=[n for n in wanted if n not in weights],
        mismatching=[
            f'{n} {list(own[n].shape)} here, {list(weights[n].shape)} there'
            for n in shared if own[n].shape != weights[n].shape
        ],
        unexpected=[
            n for n in weights if n.startswith(starts) and n not in own
        ])


def _report(fits: Dict[str, Fit]) -> str:
    """A line a group; what does not fit by name."""
    lines = []
    for group, fit in fits.items():
        line = f'  {group}: {len(fit["loaded"])} tensors loaded'
        for kind, names in fit.items():
            if names and kind != 'loaded':
                more = ', ...' if len(names) > 3 else ''
                line += (f'; {len(names)} {kind} '
                         f'({", ".join(names[:3])}{more})')
        lines.append(line)
    return '\n'.join(lines)
