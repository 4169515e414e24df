"""Public files that configs name: what they are, and how to get them.

The one place where sources are written. This module imports the standard
library only, so that it can be read where nothing is installed.
"""
from pathlib import Path
from shlex import quote
from typing import Dict, NamedTuple, Optional

_HUB = 'https://huggingface.co'
_SAM = 'https://dl.fbaipublicfiles.com/segment_anything'
_REFERENCE = 'https://github.com/helen1c/DEARLi'
_SPLITS = 'https://github.com/LiheYoung/UniMatch-V2/tree/main/splits'
_SPLITS_ST = 'https://github.com/LiheYoung/ST-PlusPlus'
_CONVNEXT_B = 'laion/CLIP-convnext_base_w_320-laion_aesthetic-s13B-b82K-augreg'
_CONVNEXT_L = 'laion/CLIP-convnext_large_d_320.laion2B-s29B-b131K-ft-soup'


class PublicFile(NamedTuple):
    """A file that others publish.

    Attributes:
        name (str): What it is.
        url (str): The file itself; empty if its page has several.
        page (str): Where it is described.
        used_by (str): What needs it.
        path (str): Where our configs and pages have it.
        md5 (str): Checksum, where one is known.
    """
    name: str
    url: str
    page: str
    used_by: str
    path: str = ''
    md5: str = ''

    def command(self, path: str = '') -> str:
        """The shell command that puts it where a config reads it."""
        path = path or self.path
        # -f: an error page is not kept as the file.
        get = f'curl -fL --create-dirs -o {quote(path)} {self.url}'
        return f'{get} && echo "{self.md5}  {path}" | md5sum -c' \
            if self.md5 else get


def _clip(repository: str, used_by: str, name: str) -> PublicFile:
    page = f'{_HUB}/{repository}'
    return PublicFile(repository.split('/')[1],
                      f'{page}/resolve/main/open_clip_model.safetensors',
                      page, used_by, f'weights/{name}.safetensors')


def _sam(size: str, file: str, md5: str) -> PublicFile:
    return PublicFile(
        f'SAM {size}', f'{_SAM}/{file}',
        'https://github.com/facebookresearch/segment-anything', 'SAM masks',
        f'weights/{file}', md5)


# By the name of the open_clip model.
CLIPS: Dict[str, PublicFile] = {
    'convnext_base_w_320': _clip(
        _CONVNEXT_B, 'the clip-convnext-b configs',
        'convnext_base_w_320_laion_aesthetic_s13b_b82k_augreg'),
    'convnext_large_d_320': _clip(
        _CONVNEXT_L, 'the clip-convnext-l configs',
        'convnext_large_d_320_laion2b_s29b_b131k_ft_soup'),
    'ViT-L-14-quickgelu': _clip('timm/vit_large_patch14_clip_224.openai',
                                'projects/other_backbones',
                                'clip_vit_l_14_openai'),
    'ViT-B-16-SigLIP2-256': _clip('timm/ViT-B-16-SigLIP2-256',
                                  'projects/other_backbones',
                                  'vit_b_16_siglip2_256'),
}
# By `--model-type` of tools/sam_masks.py.
SAMS: Dict[str, PublicFile] = {
    'vit_h': _sam('ViT-H', 'sam_vit_h_4b8939.pth',
                  '4b8939a88964f0f4ff5f5b2642c598a6'),
    'vit_l': _sam('ViT-L', 'sam_vit_l_0b3195.pth',
                  '0b3195507c641ddb6910d2bb5adee89c'),
    'vit_b': _sam('ViT-B', 'sam_vit_b_01ec64.pth',
                  '01ec64d29a2fca3f0661936605ae66f8'),
}
# What has pages, of which people choose.
PAGES = (
    PublicFile('Checkpoints of the reference implementation', '', _REFERENCE,
               'official_to_dearli.py (docs/reference-checkpoints.md)'),
    PublicFile('Split files of ADE20K, COCO, Cityscapes and VOC (of UniMatch '
               'V2)', '', _SPLITS, 'the split keys of configs (docs/data.md)'),
    PublicFile('Split files of Cityscapes 1/30 (of ST++)', '', _SPLITS_ST,
               'the cityscapes-1-30 configs (docs/data.md)'),
)

# Converters by the class of the dataset.
_CONVERTERS = {
    'ADE20K150PanopticDataset': 'ade20k_panoptic',
    'COCOObjectsPanopticDataset': 'coco_objects',
    'CityscapesPanopticDataset': 'cityscapes_panoptic',
    'VOC2012PanopticDataset': 'voc2012_panoptic',
}
# Folders with images of validation among them; a dataset tells them apart.
_SHARED_FOLDERS = {
    'JPEGImages': ('configs/_base_/datasets/voc2012_panoptic.py',
                   ' --dataset train_set'),
}
# The scripts of tools/, as this installation has them.
_IN_WHEEL = (Path(__file__).resolve().parents[1] / '.mim').is_dir()


def script(name: str, command: str) -> str:
    """How to call a script: as a file of tools/, or as ``dearli``.

    Args:
        name (str): File within tools/, without suffix.
        command (str): The same for the command ``dearli``.
    """
    return f'dearli {command}' if _IN_WHEEL else f'python tools/{name}.py'


def how_to_get_clip(model_name: str, path: str) -> str:
    """How to get CLIP weights to where a config reads them."""
    if model_name in CLIPS:
        return CLIPS[model_name].command(path)
    return (f'put the weights of {model_name!r} there ({_HUB}/laion has those '
            f'of open_clip, {_HUB}/timm those of timm), or name another file')


def how_to_get_annotation(dataset_type: str, root: Optional[str]) -> str:
    """How to make the annotation of a dataset."""
    name = _CONVERTERS.get(dataset_type)
    if name is None:
        return 'docs/data.md tells how to make it'
    command = script(f'dataset_converters/{name}', f'convert {name}')
    return f'{command} {quote(root or "FOLDER")}  # docs/data.md'


def how_to_get_split(path: str, ann_file: Optional[str]) -> str:
    """How to get a split file."""
    count = '--fraction 1/128'
    # splits/1_128/labeled.txt, splits/92/labeled.txt, splits/labeled_16.txt
    words = (*Path(path).parent.name.split('_'), *Path(path).stem.split('_'))
    numbers = [word for word in words if word.isdigit()]
    if len(numbers) == 1:
        count = f'--number {numbers[0]}'
    elif numbers:
        count = f'--fraction {numbers[0]}/{numbers[1]}'
    # Of VOC, labelled images are those with true instances.
    ann_file = (ann_file or 'ANN_FILE').replace('_trainaug.', '_train.')
    command = script('dataset_converters/make_split', 'convert make_split')
    return (f'{command} {quote(ann_file)} --out {quote(path)} {count}  # or '
            'the public one: docs/data.md')


def how_to_get_masks(images: str, path: str) -> str:
    """How to make the masks of a warm-up's images."""
    source, option = _SHARED_FOLDERS.get(Path(images).name, (images, ''))
    return (f'{script("sam_masks", "masks")} {quote(source)} {quote(path)}'
            f'{option}  # docs/warm-up.md')
