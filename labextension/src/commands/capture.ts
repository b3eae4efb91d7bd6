/** Commands about the kernel and its captures: start it, turn capture on, run what is not captured. */
import { SessionContextDialogs } from '@jupyterlab/apputils';
import type { Cell } from '@jupyterlab/cells';
import { NotebookActions } from '@jupyterlab/notebook';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { CellState } from '../model/facts.ts';
import { RequestError } from '../server/client.ts';
import { goToCell, indexOfCell } from '../lab/jump.ts';
import { addCommand, needsNotebook, textOf } from './deps.ts';
import type { Deps } from './deps.ts';

const PATIENCE_MS = 1000;

export function addCaptureCommands(deps: Deps): void {
  const { trans } = deps;
  const whyNot = needsNotebook(deps);
  addCommand(deps, 'start-kernel', { label: trans.__('Start a kernel'), whyNot, execute: () => startKernel(deps) });
  addCommand(deps, 'load-extension', {
    label: trans.__('Turn capture on in the kernel'),
    caption: trans.__('Runs %load_ext pressrun'),
    whyNot,
    execute: () => loadExtension(deps)
  });
  addCommand(deps, 'run-all', {
    label: trans.__('Run all cells and capture'),
    whyNot,
    execute: () => runFrom(deps, () => 0)
  });
  addCommand(deps, 'run-remaining', {
    label: trans.__('Run the cells that are not captured'),
    whyNot,
    execute: () => runFrom(deps, () => firstIn(deps, ['not-run', 'changed', 'failed']))
  });
  addCommand(deps, 'run-changed', {
    label: trans.__('Run from the first cell that changed'),
    whyNot,
    execute: () => runFrom(deps, () => firstIn(deps, ['changed', 'failed']))
  });
  addCommand(deps, 'undo-capture', {
    label: trans.__('Forget the capture of the selected cell'),
    args: { cellId: { type: 'string', description: trans.__('Id of the cell; the selected one where it is left out.') } },
    whyNot,
    execute: args => forgetCapture(deps, textOf(args, 'cellId'))
  });
  addCommand(deps, 'go-to-cell', {
    label: trans.__('Go to a cell'),
    args: {
      cellId: { type: 'string', description: trans.__('Id of the cell.') },
      index: { type: 'number', description: trans.__('Position of the cell, from 0, where no id is given.') },
      line: { type: 'number', description: trans.__('Line in the cell, from 1.') }
    },
    whyNot,
    execute: async args => {
      const panel = deps.notebooks.current?.panel;
      if (panel === undefined) {
        return;
      }
      const id = textOf(args, 'cellId');
      const index = id ? indexOfCell(panel, id) : Number(args['index'] ?? -1);
      if (panel.content.widgets[index] === undefined) {
        throw new RequestError(404, trans.__('the cell is not there any more'), panel.context.path);
      }
      await goToCell(panel, index, typeof args['line'] === 'number' ? args['line'] : null);
    }
  });
}

async function startKernel(deps: Deps): Promise<void> {
  const session = deps.notebooks.current?.panel.sessionContext;
  if (session === undefined) {
    return;
  }
  if (session.session?.kernel?.status === 'dead') {
    await session.restartKernel();
    return;
  }
  const mustChoose = await session.startKernel();
  if (mustChoose) {
    await new SessionContextDialogs({ translator: deps.translator }).selectKernel(session);
  }
}

async function loadExtension(deps: Deps): Promise<void> {
  const { trans } = deps;
  const kernel = deps.notebooks.current?.panel.sessionContext.session?.kernel;
  if (!kernel) {
    throw new RequestError(409, trans.__('there is no kernel'), '', trans.__('Start one first.'));
  }
  const code = '%reload_ext pressrun';
  const reply = await kernel.requestExecute({ code, silent: false, store_history: false }).done;
  if (reply.content.status === 'error') {
    const { ename, evalue } = reply.content;
    const isMissing = ename === 'ModuleNotFoundError';
    throw new RequestError(
      409,
      isMissing ? trans.__("pressrun is not installed in this kernel's environment") : `${ename}: ${evalue}`,
      kernel.name,
      isMissing ? trans.__('Run %pip install pressrun in a cell, then turn capture on again.') : ''
    );
  }
  if (reply.content.status === 'aborted') {
    throw new RequestError(409, trans.__('a cell before it failed, so that it was not run'), '', trans.__('Try again.'));
  }
}

/** Index of the first registered cell in one of these states, 0 when none is. */
function firstIn(deps: Deps, states: ReadonlyArray<CellState>): number {
  const rows = deps.notebooks.currentModel?.rows ?? [];
  return rows.find(row => states.includes(row.state))?.index ?? 0;
}

async function runFrom(deps: Deps, first: () => number): Promise<void> {
  const panel = deps.notebooks.current?.panel;
  if (panel === undefined) {
    return;
  }
  const dialogs = new SessionContextDialogs({ translator: deps.translator });
  // A kernel that is busy and has no subshells answers when it is idle; the cells wait for that by themselves.
  const soon = new Promise(resolve => setTimeout(resolve, PATIENCE_MS));
  await Promise.race([deps.notebooks.currentModel?.declaring, soon]);
  await NotebookActions.runCells(panel.content, cellsFrom(panel, first()), panel.sessionContext, dialogs, deps.translator);
}

function cellsFrom(panel: NotebookPanel, index: number): ReadonlyArray<Cell> {
  return panel.content.widgets.slice(index);
}

async function forgetCapture(deps: Deps, cellId: string): Promise<void> {
  const { trans } = deps;
  const notebook = deps.notebooks.current;
  const id = cellId || (notebook?.panel.content.activeCell?.model.id ?? '');
  const channel = notebook?.channel;
  if (!channel || channel.state !== 'connected') {
    const remedy = trans.__('Turn capture on in the kernel first.');
    throw new RequestError(409, trans.__('only the kernel can forget a capture, and it does not answer'), '', remedy);
  }
  try {
    await channel.undo(id);
  } catch (error) {
    throw new RequestError(409, error instanceof Error ? error.message : String(error), '');
  }
  await deps.model.refresh();
}
