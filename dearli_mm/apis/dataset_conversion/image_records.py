"""What is known of converted images, kept such that a run can be stopped."""
import json
from pathlib import Path
from typing import Dict, List, Optional, Sequence

from ...utils.atomic import write_text


class ImageRecords:
    """Entries of a COCO panoptic JSON, with a journal until it is written.

    A record is ``dict(image=..., annotation=...)``, entries of the file's
    ``images`` and ``annotations``. Records of an earlier run are taken over
    if it had the same head.

    Args:
        json_path (Path): The annotation file.
        head (dict): ``info`` (with the ``converter``'s name) and
            ``categories`` of the file.

    Raises:
        ValueError: If the file is there and some other tool wrote it.
    """

    def __init__(self, json_path: Path, head: dict) -> None:
        self.path = json_path
        self.journal = json_path.with_name(json_path.name + '.journal')
        # As JSON knows it: no tuples, no integer keys.
        self.head = json.loads(json.dumps(head))
        self.records: Dict[str, dict] = {}
        self.journal_is_open = False
        self.is_final = self._load_json()
        self._load_journal()

    def get(self, image_id: str) -> Optional[dict]:
        """The record of an image, if there is one."""
        return self.records.get(image_id)

    def add(self, record: dict) -> None:
        """Keep a record, also on disk."""
        if not self.journal_is_open:
            lines = [self.head, *self.records.values()]
            write_text(self.journal,
                       ''.join(json.dumps(line) + '\n' for line in lines))
            self.journal_is_open = True
            self.is_final = False
        self.records[record['image']['id']] = record
        with open(self.journal, 'a', encoding='utf-8') as file:
            file.write(json.dumps(record) + '\n')

    def finish(self, image_ids: Sequence[str]) -> List[dict]:
        """Write the annotation file, if anything in it changes.

        Args:
            image_ids (Sequence[str]): The images of the file, in order; each
                has a record.

        Returns:
            list[dict]: Records of other images, which are left out.
        """
        gone = set(self.records) - set(image_ids)
        if not self.is_final or gone:
            kept = [self.records[image_id] for image_id in image_ids]
            content = dict(
                **self.head,
                images=[record['image'] for record in kept],
                annotations=[record['annotation'] for record in kept])
            write_text(self.path, json.dumps(content), durable=True)
        self.journal.unlink(missing_ok=True)
        return [self.records[image_id] for image_id in gone]

    def _load_json(self) -> bool:
        """Returns whether the file is there with the same head."""
        if not self.path.exists():
            return False
        content = json.loads(self.path.read_text())
        info = content.get('info', {})
        if info.get('converter') != self.head['info']['converter']:
            raise ValueError(
                f'{self.path} is there and was not written by this tool: '
                'choose another output, or move the file away')
        if any(content[key] != value for key, value in self.head.items()):
            return False
        for image, annotation in zip(content['images'],
                                     content['annotations']):
            self.records[image['id']] = dict(
                image=image, annotation=annotation)
        return True

    def _load_journal(self) -> None:
        if not self.journal.exists():
            return
        text = self.journal.read_text(encoding='utf-8')
        # The last line may have been cut off.
        lines = [json.loads(line)
                 for line in text[:text.rfind('\n') + 1].splitlines()]
        if lines and lines[0] == self.head:
            self.records.update({r['image']['id']: r for r in lines[1:]})
            self.is_final = False
