/** Going to a cell of the open notebook, and back to it from the panel. */
import type { NotebookPanel } from '@jupyterlab/notebook';

/** Make a cell the active one, show it, and put the cursor on a line (from 1) where one is given. */
export async function goToCell(panel: NotebookPanel, index: number, line: number | null): Promise<void> {
  const notebook = panel.content;
  const cell = notebook.widgets[index];
  if (cell === undefined) {
    return;
  }
  notebook.deselectAll();
  notebook.activeCellIndex = index;
  await notebook.scrollToCell(cell, 'center');
  if (line !== null) {
    await cell.ready;
    const editor = cell.editor;
    if (editor !== null) {
      notebook.mode = 'edit';
      editor.setCursorPosition({ line: Math.max(0, Math.min(line - 1, editor.lineCount - 1)), column: 0 });
      editor.focus();
      return;
    }
  }
  notebook.mode = 'command';
  notebook.node.focus();
}

/** Index of a cell by its id, -1 when it is not there any more. */
export function indexOfCell(panel: NotebookPanel, id: string): number {
  return panel.content.widgets.findIndex(cell => cell.model.id === id);
}

/** Give the focus back to the notebook. */
export function focusNotebook(panel: NotebookPanel | null): void {
  panel?.content.node.focus();
}
