# The grid of ade20k.py on Cityscapes; the paper has no such table.
_base_ = './ade20k.py'

title = 'DEARLi on Cityscapes'
work_dir = 'work_dirs/benchmark_cityscapes'
claims = 'projects/paper_benchmark/claims_cityscapes.yaml'

_data = 'data/cityscapes'
_setting = 'cityscapes-{fraction}-768x768.py'

methods = dict(
    supervised=dict(
        config='configs/baselines/supervised_clip-convnext-b_1xb8-80k_' +
        _setting),
    mean_teacher=dict(
        config='configs/baselines/'
        'mean-teacher_clip-convnext-b_1xb8+8-80k_' + _setting),
    dear=dict(
        config='configs/dear/dear_clip-convnext-b_1xb8+8-80k_' + _setting),
    dearli=dict(
        config='configs/dearli/dearli_clip-convnext-b_1xb8+8-80k_' + _setting))

fractions = {
    '_delete_': True,
    '1-30': dict(labeled=100),
    '1-16': dict(labeled=186),
    '1-8': dict(labeled=372),
    '1-4': dict(labeled=744),
    '1-2': dict(labeled=1488),
}

prepare = {
    'masks': dict(
        command='{python} tools/sam_masks.py ' + _data + '/leftImg8bit/train '
        '{output} --generator sam --checkpoint weights/sam_vit_h_4b8939.pth',
        output=f'{_data}/sam_masks/train'),
    'warm-up': dict(
        config='configs/sam_warmup/'
        'sam-warmup_clip-convnext-b_1xb16-160k_cityscapes-768x768.py'),
}
