"""Normalisation of the branches of a semi-supervised batch."""
from mmdet.models.data_preprocessors import MultiBranchDataPreprocessor
from mmdet.registry import MODELS

BRANCHES = ('labeled', 'weak', 'strong')


@MODELS.register_module()
class SemiSupDataPreprocessor(MultiBranchDataPreprocessor):
    """mmdet's multi-branch preprocessor that knows which branches to expect.

    Args:
        data_preprocessor (dict): Config of the ``DetDataPreprocessor`` that
            each branch goes through, and images at test.
    """

    def forward(self, data: dict, training: bool = False) -> dict:
        """Pad, normalise and stack the images of each branch.

        Args:
            data (dict): ``inputs`` and ``data_samples``; in training each of
                them a dict of the branches.
            training (bool): Whether it is a batch of training.

        Raises:
            ValueError: If a training batch lacks the branches.
        """
        if training:
            found = sorted(data['inputs']) if isinstance(
                data['inputs'], dict) else 'a single one'
            if set(found) != set(BRANCHES):
                raise ValueError(
                    f'a training batch has the branches {BRANCHES}, but this '
                    f"has {found}: set train_cfg.type='SemiSupTrainLoop' (it "
                    'counts iterations, not epochs) and give '
                    "train_dataloader its two parts 'labeled' and "
                    "'unlabeled'")
        return super().forward(data, training)
