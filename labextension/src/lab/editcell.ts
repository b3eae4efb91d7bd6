/** Changes to a cell through its shared model, so that they can be undone and reach everybody who has it open. */
import type { Cell } from '@jupyterlab/cells';
import type { PartialJSONValue } from '@lumino/coreutils';
import type { CellText } from '../grammar/write.ts';

const OURS = ['pressrun', 'pressrun.register', 'tags'];

/** Make a cell's text and our part of its metadata those of `wanted`, in one step. */
export function editCell(cell: Cell, wanted: CellText): void {
  const shared = cell.model.sharedModel;
  const before = shared.getSource();
  shared.transact(() => {
    for (const key of OURS) {
      const value = wanted.metadata[key];
      if (value === undefined) {
        if (shared.getMetadata(key) !== undefined) {
          shared.deleteMetadata(key);
        }
      } else {
        shared.setMetadata(key, value as PartialJSONValue);
      }
    }
    if (before !== wanted.source) {
      const kept = sameEnd(before, wanted.source);
      shared.updateSource(0, before.length - kept, wanted.source.slice(0, wanted.source.length - kept));
    }
  });
}

/** How many letters two texts have in common at their ends: what stays, with the cursor in it. */
function sameEnd(a: string, b: string): number {
  let count = 0;
  while (count < Math.min(a.length, b.length) && a.at(-1 - count) === b.at(-1 - count)) {
    count += 1;
  }
  return count;
}
