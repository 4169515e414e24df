"""A network with its classes as an ONNX file."""
import copy
import json
from importlib.util import find_spec
from pathlib import Path
from typing import List, Sequence, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..models.fast_paths.deformable_attention import FastDeformableAttention
from ..models.heads.mask_classification_fusion_head import final_logits
from ..utils.atomic import atomic_path
from .checkpoint import dataset_of_tests
from .inferencer import DEARLiInferencer
from .onnx_network import METADATA, STRIDE, ONNXNetwork

PACKAGES = ('onnx', 'onnxscript', 'onnxruntime')
OPSET = 20  # the first with grid_sample of today's meaning
AGREE = 1e-3  # largest difference of probabilities


def export_onnx(inferencer: DEARLiInferencer, target: str) -> float:
    """Write the network of an inferencer, with its present classes.

    The file takes RGB images, float32 [B, 3, H, W] of 0..255, with H and W
    multiples of 32 and any number of images, and gives ``class_probs``
    [B, Q, C+1] (void last, the ensemble with CLIP included) and
    ``mask_logits`` [B, Q, H/4, W/4]. Its metadata hold what
    :class:`~dearli_mm.apis.onnx_network.ONNXNetwork` needs besides.

    Args:
        inferencer (DEARLiInferencer): The network, on a CPU.
        target (str): File to write.

    Returns:
        float: Largest difference of a class probability to PyTorch's, on
        noise of two other sizes.

    Raises:
        FileExistsError: If the file is there.
        ImportError: If the packages of the extra ``onnx`` are missing.
        ValueError: If ONNX Runtime computes something else.
    """
    path = Path(target).expanduser()
    if path.exists():
        raise FileExistsError(f'{path} is there; choose another name')
    check_packages()
    network = _Exportable(inferencer).eval()
    example = torch.rand(2, 3, 3 * STRIDE, 4 * STRIDE) * 255
    sizes = {0: torch.export.Dim.DYNAMIC,
             2: STRIDE * torch.export.Dim('rows', min=1),
             3: STRIDE * torch.export.Dim('columns', min=1)}
    with torch.no_grad():
        program = torch.onnx.export(
            network, (example, ), dynamo=True, opset_version=OPSET,
            optimize=False, verbose=False, input_names=['images'],
            output_names=['class_probs', 'mask_logits'],
            dynamic_shapes=dict(images=sizes))
    program.model.metadata_props[METADATA] = json.dumps(_metadata(inferencer))
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as part:
        program.save(str(part))
        difference = _difference(network, str(part))
        if not difference < AGREE:
            raise ValueError(
                f'{path}: class probabilities by ONNX Runtime differ by '
                f'{difference:.2g} from those of PyTorch; nothing was written')
    return difference


def check_packages() -> None:
    """Whether the packages of the extra ``onnx`` are there.

    Raises:
        ImportError: If some are missing; names them.
    """
    lacking = [name for name in PACKAGES if find_spec(name) is None]
    if lacking:
        raise ImportError(f'ONNX needs {", ".join(lacking)}: '
                          f'pip install {" ".join(PACKAGES)}')


class _Exportable(nn.Module):
    """From pixels to probabilities; layers that ONNX lacks are replaced."""

    def __init__(self, inferencer: DEARLiInferencer) -> None:
        super().__init__()
        self.network = copy.deepcopy(inferencer.network)
        for module in self.network.modules():
            if isinstance(module, FastDeformableAttention):
                module.__class__ = _GridSampleAttention
        norm = _norm(inferencer)
        self.register_buffer('mean', norm.mean.detach().clone())
        self.register_buffer('std', norm.std.detach().clone())

    def forward(self, images: Tensor) -> Tuple[Tensor, Tensor]:
        logits, masks = self.network.predict_queries(
            (images - self.mean) / self.std)
        fusion = self.network.panoptic_fusion_head
        return final_logits(logits, fusion.test_cfg).softmax(-1), masks


class _GridSampleAttention(FastDeformableAttention):
    """Deformable attention by ``grid_sample``, for sizes that are symbols."""

    def forward(self, query: Tensor, *args, **kwargs) -> Tensor:
        return self._forward(query, *args, **kwargs)

    def _weighted_sum(self, value: Tensor, spatial_shapes: Tensor,
                      level_shapes: Sequence[Tuple[int, int]],
                      positions: Tensor, weights: Tensor) -> Tensor:
        found: List[Tensor] = []
        levels = value.split([h * w for h, w in level_shapes], 1)
        for k, (size, level) in enumerate(zip(level_shapes, levels)):
            # [B * heads, C / heads, h, w] at [B * heads, Q, P, 2].
            maps = level.permute(0, 2, 3, 1).flatten(0, 1).unflatten(-1, size)
            places = (2 * positions[:, :, :, k] + 1) / spatial_shapes[k].flip(
                0) - 1
            samples = F.grid_sample(maps, places.transpose(1, 2).flatten(0, 1),
                                    align_corners=False)
            share = weights[:, :, :, k].transpose(1, 2).flatten(0, 1)
            found.append((samples * share[:, None]).sum(-1))
        out = sum(found).unflatten(0, (-1, self.num_heads))
        return out.flatten(1, 2).transpose(1, 2)


def _norm(inferencer: DEARLiInferencer) -> nn.Module:
    """mmdet's data preprocessor, with ``mean`` and ``std`` [3, 1, 1]."""
    outer = inferencer.model.data_preprocessor
    return getattr(outer, 'data_preprocessor', outer)


def _metadata(inferencer: DEARLiInferencer) -> dict:
    vocabulary = inferencer.vocabulary
    test_cfg = inferencer.network.panoptic_fusion_head.test_cfg
    return dict(
        names=vocabulary.names,
        prompts=vocabulary.prompts,
        num_things=vocabulary.num_things,
        palette=vocabulary.palette.tolist(),
        pipeline=dataset_of_tests(inferencer.cfg).pipeline,
        network=inferencer.settings()['network'],
        mean=_norm(inferencer).mean.flatten().tolist(),
        alpha=inferencer.alpha,
        score_thr=inferencer.score_thr,
        overlap_thr=test_cfg.get('overlap_thr', 0.8))


def _difference(network: nn.Module, path: str) -> float:
    """Of class probabilities, on noise of sizes that export has not seen."""
    session = ONNXNetwork(path)
    generator = torch.Generator().manual_seed(0)
    differences = []
    for shape in ((1, 3, 2 * STRIDE, 5 * STRIDE),
                  (3, 3, 4 * STRIDE, 4 * STRIDE)):
        images = 255 * torch.rand(shape, generator=generator)
        with torch.no_grad():
            expected, _ = network(images)
        found, _ = session.run(images.numpy())
        differences.append(float(abs(expected.numpy() - found).max()))
    return max(differences)
