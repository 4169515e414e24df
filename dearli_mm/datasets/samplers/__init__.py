from .resumable_infinite_sampler import (Draw, ResumableInfiniteSampler,
                                         mix_seeds, seed_everything,
                                         seeded_by)

__all__ = [
    'Draw', 'ResumableInfiniteSampler', 'mix_seeds', 'seed_everything',
    'seeded_by'
]
