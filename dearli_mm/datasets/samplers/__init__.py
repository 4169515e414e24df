from .resumable_infinite_sampler import (ResumableInfiniteSampler,
                                         SeededIndex, mix_seeds,
                                         seed_everything, seeded_by)

__all__ = [
    'ResumableInfiniteSampler', 'SeededIndex', 'mix_seeds', 'seed_everything',
    'seeded_by'
]
