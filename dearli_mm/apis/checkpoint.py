"""What a checkpoint tells of its network, read without running its code."""
import ast
import re
from pathlib import Path
from typing import Optional

from mmengine.config import Config, ConfigDict
from mmengine.utils import import_modules_from_strings

from ..utils.arguments import near_misses
from ..utils.plain_files import load_plain


def load_checkpoint(path: str) -> dict:
    """Load a checkpoint to the CPU, as plain data.

    Args:
        path (str): File.

    Returns:
        dict: ``state_dict`` and ``meta`` (which may be empty).

    Raises:
        FileNotFoundError: If it is not there.
        ValueError: If it is no checkpoint, or holds more than plain data.
    """
    if not Path(path).expanduser().is_file():
        raise FileNotFoundError(
            f'checkpoint={str(path)!r}: no such file; give a .pth file that '
            'a training wrote into its --work-dir')
    content = load_plain(path, 'checkpoint')
    if not isinstance(content, dict):
        raise ValueError(f'checkpoint={str(path)!r} holds a '
                         f'{type(content).__name__}, no weights by name')
    return dict(state_dict=content.get('state_dict', content),
                meta=content.get('meta', {}))


def load_config(checkpoint: dict,
                source: str,
                config: Optional[str] = None,
                cfg_options: Optional[dict] = None) -> Config:
    """The config of a checkpoint, or another one in its place.

    Args:
        checkpoint (dict): From :func:`load_checkpoint`.
        source (str): Its path, for errors.
        config (str, optional): Config file to use instead.
        cfg_options (dict, optional): Values to set, by dotted key.

    Raises:
        FileNotFoundError: If the config file is not there.
        ImportError: If a module of ``custom_imports`` cannot be imported.
        ValueError: If there is no config, or one that is not plain data.
    """
    if config is not None:
        if not Path(config).is_file():
            raise FileNotFoundError(f'config={config!r}: no such file')
        loaded = Config.fromfile(config)
    else:
        text = checkpoint['meta'].get('cfg')
        if not text:
            raise ValueError(
                f'checkpoint={source!r} holds no config (mmengine writes one '
                'in training, converters do not); give it: --config FILE')
        loaded = Config(parse_config_text(text))
    loaded.merge_from_dict(
        {_checked_key(key, loaded, config or source): value
         for key, value in (cfg_options or {}).items()})
    wanted = loaded.get('custom_imports') or {}
    try:
        import_modules_from_strings(
            wanted.get('imports'), wanted.get('allow_failed_imports', False))
    except ImportError as error:
        why = error.__context__ or error  # mmengine names the module alone
        raise ImportError(
            f'{config or source}: custom_imports={wanted["imports"]}: {why}; '
            'run this in the folder that holds the module, or add that '
            'folder to PYTHONPATH') from error
    return loaded


def _checked_key(key: str, config: Config, source: str) -> str:
    """A key to set: those of ``model.detector`` are also of one network.

    Raises:
        ValueError: If the config has nothing of that name.
    """
    if 'detector' not in config.get('model', {}):
        key = re.sub(r'^model\.detector\.', 'model.', key)
    first = key.split('.')[0]
    if first not in config:
        near = near_misses([first], config) or [first]
        raise ValueError(f'cfg_options: {key}: {source} has no {near[0]}')
    return key


def parse_config_text(text: str) -> dict:
    """Read what ``Config.pretty_text`` wrote, without running it.

    mmengine would run the text as Python, and with it whatever someone has
    put into a checkpoint.

    Args:
        text (str): Assignments of literals and ``dict(...)`` calls.

    Returns:
        dict: Values by name.

    Raises:
        ValueError: If the text holds anything else.
    """
    try:
        values = {}
        for statement in _PlainData().visit(ast.parse(text)).body:
            if not isinstance(statement, ast.Assign):
                raise ValueError(ast.unparse(statement))
            values[statement.targets[0].id] = ast.literal_eval(statement.value)
        return values
    except (AttributeError, SyntaxError, ValueError) as error:
        raise ValueError(
            'the config in the checkpoint is not plain data '
            f'({str(error)[:80]}); give it as a file: --config FILE') \
            from error


class _PlainData(ast.NodeTransformer):
    """Makes literals of ``dict(...)``, ``inf`` and ``nan``."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        start = node.args[0] if node.args else ast.Dict([], [])
        if ast.unparse(node.func) != 'dict' or len(node.args) > 1 or \
                not isinstance(start, ast.Dict):
            return node  # which is no literal
        # Without a name, `**b` stays what it is, and no literal either.
        keys = [item.arg and ast.Constant(item.arg) for item in node.keywords]
        return ast.Dict(start.keys + keys,
                        start.values + [item.value for item in node.keywords])

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and node.id in ('inf', 'nan'):
            return ast.Constant(float(node.id))
        return node


def detector_config(config: Config) -> ConfigDict:
    """The part of the config that one network is built of.

    Raises:
        ValueError: If it is not one of this package's models.
    """
    model = config.get('model', {})
    detector = model.get('detector', model)
    if 'text_classifier' not in detector.get('panoptic_head', {}):
        raise ValueError(
            f"model.type={model.get('type')!r} has no "
            'panoptic_head.text_classifier; inference takes DEARLi and '
            'CLIPMask2Former')
    if detector.panoptic_fusion_head.type == 'MaskProposalFusionHead':
        raise ValueError('the checkpoint is of a warm-up, which knows masks '
                         'but no classes; give one of a training after it')
    return detector


def dataset_of_tests(config: Config) -> ConfigDict:
    """The dataset of tests, without its wrappers.

    Raises:
        ValueError: If the config has none, or it has no pipeline.
    """
    dataset = (config.get('test_dataloader') or {}).get('dataset') or {}
    while 'pipeline' not in dataset and 'dataset' in dataset:
        dataset = dataset['dataset']
    if 'pipeline' not in dataset:
        raise ValueError('the config has no test_dataloader.dataset.pipeline, '
                         'which says how images are prepared')
    return dataset
