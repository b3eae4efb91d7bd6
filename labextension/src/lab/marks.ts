/** What a cell is registered as, shown at the cell: a label above it and a border beside it. */
import type { NotebookModel } from '../model/notebook.ts';
import type { Trans } from '../translated.ts';
import { cellMark } from '../view/words.ts';
import type { JupyterNotebook } from './opennotebook.ts';
import type { Settings } from './settings.ts';

/** Keep the labels of a notebook as its rows are. */
export function markCells(notebook: JupyterNotebook, model: NotebookModel, settings: Settings, trans: Trans): void {
  const mark = (): void => {
    if (notebook.isDisposed || notebook.panel.isDisposed) {
      return;
    }
    const rows = settings.hasCellLabels ? new Map(model.rows.map(row => [row.id, row])) : new Map<string, never>();
    for (const cell of notebook.panel.content.widgets) {
      const row = rows.get(cell.model.id);
      if (row === undefined) {
        if (cell.node.dataset['prState'] !== undefined) {
          delete cell.node.dataset['prState'];
          delete cell.node.dataset['prLabel'];
        }
        continue;
      }
      const told = cellMark(row.state, trans);
      const kind = row.kind && row.kind !== row.name ? `${row.kind} ` : '';
      const why = row.state === 'failed' && row.receipt === null ? `: ${row.why}` : '';
      cell.node.dataset['prState'] = row.state;
      cell.node.dataset['prLabel'] = `${told.sign} ${kind}${row.name} · ${told.word}${why}`;
    }
  };
  model.changed.connect(mark);
  settings.changed.connect(mark);
  notebook.panel.disposed.connect(() => settings.changed.disconnect(mark));
  mark();
}
