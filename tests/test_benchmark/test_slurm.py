import pytest

from dearli_mm.benchmark import GridError, run_benchmark
from dearli_mm.benchmark.record import read_record

SBATCH = '''#!/bin/sh
echo "$@" >> {log}
[ -e {refuse} ] && echo "no such partition" >&2 && exit 1
echo "$(wc -l < {log});cluster"
'''
SQUEUE = '#!/bin/sh\ncat {queue} 2>/dev/null\nexit 0\n'


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    """Its sbatch takes notes; its squeue shows the file ``queue``."""
    folder = tmp_path / 'bin'
    folder.mkdir()
    files = {name: tmp_path / name for name in ('log', 'refuse', 'queue')}
    for name, text in (('sbatch', SBATCH), ('squeue', SQUEUE)):
        script = folder / name
        script.write_text(text.format(**files))
        script.chmod(0o755)
    monkeypatch.setenv('PATH', f'{folder}:/usr/bin:/bin')
    return tmp_path


@pytest.fixture
def grid(make_grid, config):
    return make_grid(
        methods=dict(a=dict(config=config, needs=['step']),
                     b=dict(config=config)),
        prepare=dict(step=dict(command='true', output='/nowhere')))


def submit(grid, capsys, options='gpu --gres=gpu:1 -t 2-0'):
    run_benchmark(grid, grid.jobs, slurm=options,
                  runner=['python', 'tools/benchmark.py', 'my grid.py'])
    return capsys.readouterr().out.splitlines()


def test_jobs_are_submitted_after_what_they_need(grid, cluster, capsys):
    assert submit(grid, capsys) == [
        'prepare/step: submitted as 1', 'a/2/seed-0: submitted as 2 after 1',
        'b/2/seed-0: submitted as 3']
    first, second, third = (cluster / 'log').read_text().splitlines()
    step, a, _ = (job.work_dir for job in grid.jobs)
    assert first == (
        f'--parsable --job-name={step} --output={step}/benchmark/slurm-%j.log '
        '--partition=gpu --gres=gpu:1 -t 2-0 --wrap exec python '
        "tools/benchmark.py 'my grid.py' --only prepare/step")
    assert '--dependency=afterok:1 --kill-on-invalid-dep=yes --wrap' in second
    assert (a / 'benchmark').is_dir()  # SLURM makes no folder for its log
    assert '--dependency' not in third
    assert not read_record(grid.jobs[0])  # nothing ran here


def test_what_is_in_the_queue_is_not_submitted_again(grid, cluster, capsys):
    (cluster / 'queue').write_text(f'1 {grid.jobs[0].work_dir}\n')
    assert submit(grid, capsys)[:2] == [
        'prepare/step: in the queue as 1', 'a/2/seed-0: submitted as 1 after 1'
    ]


def test_refusal_is_an_error(grid, cluster, capsys):
    (cluster / 'refuse').touch()
    with pytest.raises(GridError, match='prepare/step: sbatch refused it: '
                       'no such partition'):
        submit(grid, capsys)


def test_machine_without_slurm(grid, monkeypatch, capsys):
    monkeypatch.setenv('PATH', '/usr/bin:/bin')
    with pytest.raises(GridError, match='no sbatch on this machine'):
        submit(grid, capsys)
