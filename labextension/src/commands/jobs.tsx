/** Commands about jobs: order a replay, a packaging or a verification, stop it, and look at what came of it. */
import { Clipboard, Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import * as React from 'react';
import { h } from '../view/h.ts';
import { askAndDo } from '../forms/dialog.tsx';
import type { Given } from '../forms/dialog.tsx';
import { field, parameterField } from '../forms/fields.ts';
import type { Field } from '../forms/fields.ts';
import { goToCell, indexOfCell } from '../lab/jump.ts';
import type { Job, JobOrder, NotebookState } from '../records.ts';
import { RequestError } from '../server/client.ts';
import { isRunning } from '../server/jobs.ts';
import type { Trans } from '../translated.ts';
import { Comparison } from '../view/comparison.tsx';
import { Loaded } from '../view/loaded.tsx';
import { jobName } from '../view/words.ts';
import { COMMANDS } from '../tokens.ts';
import { addCommand, needsNotebook, pathOf, showNotebook, textOf } from './deps.ts';
import type { CommandArgs, Deps } from './deps.ts';

type IsMeant = (job: Job) => boolean;

export function addJobCommands(deps: Deps): void {
  addOrders(deps);
  addLooks(deps);
}

/** Arguments that most of these commands have. */
function argumentsOf(trans: Trans): Record<'job' | 'path', { type: 'string'; description: string }> {
  const job = trans.__('Id of the job; the newest fitting one where it is left out.');
  const path = trans.__('Path of the notebook; the current one where it is left out.');
  return { job: { type: 'string', description: job }, path: { type: 'string', description: path } };
}

/** Begin jobs. */
function addOrders(deps: Deps): void {
  const { trans } = deps;
  const whyNot = needsNotebook(deps);
  const { job, path } = argumentsOf(trans);
  addCommand(deps, 'replay', {
    label: trans.__('Replay the notebook…'),
    args: { path, job: { type: 'string', description: trans.__('Id of a job whose parameters are filled in.') } },
    whyNot,
    execute: args => order(deps, 'replay', args)
  });
  addCommand(deps, 'package', {
    label: trans.__('Package the notebook…'),
    args: { path },
    whyNot,
    execute: args => order(deps, 'package', args)
  });
  addCommand(deps, 'verify', {
    label: trans.__('Verify the bundle…'),
    args: { path, job },
    whyNot,
    execute: args => order(deps, 'verify', args)
  });
}

/** Stop a job, and look at what came of it. */
function addLooks(deps: Deps): void {
  const { trans } = deps;
  const whyNot = needsNotebook(deps);
  const { job } = argumentsOf(trans);
  const ofJob = (isMeant: IsMeant, act: (found: Job, notebook: string) => Promise<void>) => async (args: CommandArgs) => {
    const found = await jobOf(deps, args, isMeant);
    await act(found, found.notebook);
  };
  addCommand(deps, 'stop', {
    label: trans.__('Stop the running job'),
    args: { job },
    whyNot,
    execute: ofJob(isRunning, async (found, notebook) => take(deps, await deps.client.stopJob(found.id, notebook)))
  });
  addCommand(deps, 'compare', {
    label: trans.__('Compare the results'),
    args: { job },
    whyNot,
    execute: ofJob(found => found.comparable, (found, notebook) => compare(deps, found, notebook))
  });
  addCommand(deps, 'open-executed', {
    label: trans.__('Open the executed notebook'),
    args: { job },
    whyNot,
    execute: ofJob(found => found.executed !== '', async found => {
      await deps.app.commands.execute('docmanager:open', { path: found.executed });
    })
  });
  addCommand(deps, 'go-to-failure', {
    label: trans.__('Go to the cell that failed'),
    args: { job },
    whyNot,
    execute: ofJob(found => found.failure !== null && found.failure.cell !== null, found => goToFailure(deps, found))
  });
  addCommand(deps, 'copy-command', {
    label: trans.__('Copy the command line of a job'),
    caption: trans.__('What does the same in a terminal or in CI'),
    args: { job },
    whyNot,
    execute: ofJob(() => true, async (found, notebook) => copy(deps, (await deps.client.command(found.id, notebook)).message))
  });
  addCommand(deps, 'copy-text', {
    label: trans.__('Copy a text'),
    args: { text: { type: 'string', description: trans.__('The text.') } },
    execute: args => copy(deps, textOf(args, 'text'))
  });
}

function copy(deps: Deps, text: string): void {
  Clipboard.copyToSystem(text);
  Notification.success(deps.trans.__('Copied: %1', text), { autoClose: 4000 });
}

/** Ask for what a job needs, and begin it. */
async function order(deps: Deps, kind: JobOrder['kind'], args: CommandArgs): Promise<void> {
  const { client, trans } = deps;
  const path = pathOf(deps, args);
  if (path === '' || !(await isSaved(deps, path))) {
    return;
  }
  const state = await client.notebook(path);
  const known = state.jobs.find(job => job.id === textOf(args, 'job'));
  const fields = kind === 'verify' ? verifyFields(deps) : [...extraFields(deps, kind, state), ...parameterFields(state, deps, known)];
  const bundle = kind === 'verify' ? bundleOf(state, known, trans) : null;
  const titles = {
    replay: trans.__('Replay %1', fileName(path)),
    package: trans.__('Package %1', fileName(path)),
    verify: trans.__('Verify %1', bundle?.bundle_name ?? '')
  };
  const accepts = { replay: trans.__('Replay'), package: trans.__('Package'), verify: trans.__('Verify') };
  const job = await askAndDo(
    { title: titles[kind], intro: introOf(kind, deps), fields, accept: accepts[kind] },
    given => client.startJob(orderOf(kind, path, state, bundle, given)),
    trans
  );
  if (job !== null) {
    deps.begun.add(job.id);
    take(deps, job);
  }
}

function orderOf(kind: JobOrder['kind'], path: string, state: NotebookState, bundle: Job | null, given: Given): JobOrder {
  if (kind === 'verify') {
    return { kind, notebook: path, bundle: bundle?.bundle ?? '', rebuild: given['.rebuild'] === true, sandbox: given['.sandbox'] === true };
  }
  const parameters = Object.fromEntries(Object.entries(given).filter(([name]) => !name.startsWith('.')));
  const common = { kind, notebook: path, parameters, source: state.source };
  return kind === 'package'
    ? { ...common, name: String(given['.name'] ?? '').trim() }
    : { ...common, sandbox: given['.sandbox'] === true };
}

/** Names that no parameter can have mark what is asked for beside the parameters. */
function extraFields(deps: Deps, kind: JobOrder['kind'], state: NotebookState): Field[] {
  const { trans } = deps;
  return kind === 'package'
    ? [field('.name', trans.__('Name of the bundle'), 'text', { initial: state.name })]
    : [sandboxField(deps)];
}

function verifyFields(deps: Deps): Field[] {
  const { trans } = deps;
  return [
    field('.rebuild', trans.__('In an environment rebuilt from the lock'), 'boolean', { initial: 'false' }),
    sandboxField(deps)
  ];
}

function sandboxField(deps: Deps): Field {
  const { trans } = deps;
  return field('.sandbox', trans.__('In a sandbox'), 'boolean', {
    initial: String(deps.settings.sandbox),
    help: trans.__('The kernel sees only what the notebook declares; anything else that it asks for is told.')
  });
}

function parameterFields(state: NotebookState, deps: Deps, known: Job | undefined): Field[] {
  return state.parameters.map(parameter => {
    const made = parameterField(parameter, deps.trans);
    const before = known?.parameters[parameter.name];
    // What was not shown because it looks like a secret is not filled in.
    return before === undefined || before.startsWith('«') ? made : { ...made, initial: before, givesDefault: true };
  });
}

function introOf(kind: JobOrder['kind'], deps: Deps): React.JSX.Element {
  const { trans } = deps;
  const texts = {
    replay: trans.__('All cells are run from top to bottom in a new kernel. Your notebook and your kernel stay as they are.'),
    package: trans.__('The notebook is replayed, locked, rebuilt in a clean room and proven equal before it is packaged.'),
    verify: trans.__('The bundle is run again from itself alone, and its results are compared with those it holds.')
  };
  return <p>{texts[kind]}</p>;
}

function bundleOf(state: NotebookState, known: Job | undefined, trans: Trans): Job {
  const found = known?.bundle ? known : state.jobs.find(job => job.bundle !== '');
  if (found === undefined) {
    throw new RequestError(404, trans.__('this notebook was not packaged yet'), state.path, trans.__('Package it first.'));
  }
  return found;
}

/** Whether the file holds what is in the notebook; saves it when the person agrees. */
async function isSaved(deps: Deps, path: string): Promise<boolean> {
  const { trans, settings } = deps;
  const notebook = deps.notebooks.at(path);
  if (notebook === null || !notebook.isUnsaved) {
    return true;
  }
  if (!settings.savesWithoutAsking) {
    const result = await showDialog({
      title: trans.__('Save %1 first?', notebook.name),
      body: trans.__('What is run is the saved file, and the notebook has changes that are not saved.'),
      buttons: [Dialog.cancelButton({ label: trans.__('Cancel') }), Dialog.okButton({ label: trans.__('Save and go on') })]
    });
    if (!result.button.accept) {
      return false;
    }
  }
  await notebook.panel.context.save();
  return true;
}

async function compare(deps: Deps, job: Job, notebook: string): Promise<void> {
  const { trans, client } = deps;
  const title = trans.__('%1: %2', fileName(notebook), jobName(job, trans));
  const goTo = (cellId: string, index: number): void => {
    void showNotebook(deps, notebook).then(() => {
      const args = cellId ? { cellId } : { index };
      return deps.app.commands.execute(`${COMMANDS}:go-to-cell`, args);
    });
  };
  deps.views.open(
    `compare ${job.id}`,
    title,
    <Loaded load={() => client.comparison(job.id, notebook)} trans={trans}>
      {comparison => <Comparison comparison={comparison} trans={trans} locale={deps.locale} goTo={goTo} />}
    </Loaded>
  );
}

async function goToFailure(deps: Deps, job: Job): Promise<void> {
  const { failure } = job;
  const { trans } = deps;
  const panel = await showNotebook(deps, job.notebook);
  if (panel === null || failure === null || failure.cell === null) {
    return;
  }
  const byId = failure.cell_id ? indexOfCell(panel, failure.cell_id) : -1;
  if (failure.cell_id && byId < 0) {
    throw new RequestError(404, trans.__('the cell that failed is not there any more'), trans.__('cell %1', failure.cell));
  }
  await goToCell(panel, byId < 0 ? failure.cell : byId, failure.line);
}

/** The job that is meant: by its id, else the newest one of the notebook that fits. */
async function jobOf(deps: Deps, args: CommandArgs, isMeant: IsMeant): Promise<Job> {
  const jobs = deps.notebooks.currentModel?.jobs ?? [];
  const id = textOf(args, 'job');
  const found = id ? jobs.find(job => job.id === id) : jobs.find(isMeant);
  if (found !== undefined) {
    return found;
  }
  if (id) {
    return deps.client.job(id, pathOf(deps, args));
  }
  throw new RequestError(404, deps.trans.__('this notebook has no such job'), pathOf(deps, args));
}

function take(deps: Deps, job: Job): void {
  const notebook = deps.notebooks.at(job.notebook);
  if (notebook !== null) {
    deps.model.modelOf(notebook).takeJob(job);
  }
}

function fileName(path: string): string {
  return path.split('/').pop() ?? path;
}
