/** The model of an open notebook: when the server is asked, and what is made of its answers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Signal } from '@lumino/signaling';
import { NotebookModel } from '../src/model/notebook.ts';
import { JOB_EVENT, PanelModel } from '../src/model/panel.ts';
import type { KernelChannel } from '../src/kernel/channel.ts';
import type { OpenNotebook } from '../src/model/source.ts';
import { follow } from '../src/kernel/follow.ts';
import type { KernelView } from '../src/kernel/follow.ts';
import type { CellReceipt, Job, NotebookState } from '../src/records.ts';
import { Client, RequestError } from '../src/server/client.ts';
import type { Reply } from '../src/server/client.ts';
import { failure, job, notebookState, receipt, snapshot, trans, version } from './made.ts';

class TestNotebook implements OpenNotebook {
  path = 'churn.ipynb';
  name = 'churn.ipynb';
  isUnsaved = false;
  language = 'python';
  kernel = 'none' as const;
  channel: KernelChannel | null = null;
  busy: { id: string; since: number } | null = null;
  isDisposed = false;
  readonly changed: Signal<OpenNotebook, void> = new Signal<OpenNotebook, void>(this);
  readonly saved: Signal<OpenNotebook, void> = new Signal<OpenNotebook, void>(this);
  cells = (): [] => [];
}

/** A server that answers by route, counts, and can be held up. */
class TestServer {
  asked: string[] = [];
  answers: Record<string, Reply> = {};
  hold: Promise<void> = Promise.resolve();

  constructor(state: NotebookState = notebookState()) {
    const about = { protocol: 1, version: '0.1.0', root: true, actor: 'anna', actor_problem: '', write: true, environments: [] };
    this.answer('about', about);
    this.answer('notebook', state);
    this.answer('health', { live: [], waiting: [], problems: [] });
  }

  answer(route: string, body: object, status = 200): void {
    this.answers[route] = { status, body: JSON.stringify(body) };
  }

  readonly send = async (path: string): Promise<Reply> => {
    const route = path.split('?', 1)[0] ?? '';
    this.asked.push(route);
    await this.hold;
    return this.answers[route] ?? { status: 404, body: '' };
  };

  surroundings(now = () => 0): { client: Client; trans: typeof trans; now: () => number } {
    return { client: new Client(this.send), trans, now };
  }
}

const numberOf = (model: NotebookModel): number => model.facts.version?.number ?? 0;

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) {
    await Promise.resolve();
  }
};

test('nothing is asked while the panel is hidden, and once when it is shown', async () => {
  const server = new TestServer();
  const notebook = new TestNotebook();
  const model = new NotebookModel(notebook, server.surroundings());
  notebook.saved.emit();
  notebook.changed.emit();
  await settled();
  assert.deepEqual(server.asked, []);
  model.isShown = true;
  await settled();
  assert.deepEqual(server.asked, ['about', 'notebook']);
  model.isShown = false;
  model.isShown = true;
  await settled();
  assert.deepEqual(server.asked, ['about', 'notebook'], 'nothing changed meanwhile');
});

test('saves while a question is under way are one question more', async () => {
  const server = new TestServer();
  const notebook = new TestNotebook();
  const model = new NotebookModel(notebook, server.surroundings());
  let release = (): void => undefined;
  server.hold = new Promise(resolve => {
    release = resolve;
  });
  model.isShown = true;
  notebook.saved.emit();
  notebook.saved.emit();
  notebook.saved.emit();
  release();
  await settled();
  assert.deepEqual(server.asked, ['about', 'notebook', 'notebook']);
  assert.equal(model.isRefreshing, false);
});

async function shown(server: TestServer): Promise<{ model: NotebookModel; notebook: TestNotebook }> {
  const notebook = new TestNotebook();
  const model = new NotebookModel(notebook, server.surroundings());
  model.isShown = true;
  await settled();
  return { model, notebook };
}

test('404 of the server itself means that the extension is missing, ours that something is not there', async () => {
  const server = new TestServer();
  server.answer('about', { message: 'Not Found' }, 404);
  assert.equal((await shown(server)).model.facts.server, 'missing');
  const other = new TestServer();
  other.answer('notebook', { message: 'there is no such file', where: 'churn.ipynb', remedy: '', code: 2, findings: [] }, 404);
  assert.equal((await shown(other)).model.facts.server, 'failed');
});

test('403 means that it is not permitted, and no answer that the server is gone', async () => {
  const server = new TestServer();
  server.answer('about', { message: 'Forbidden' }, 403);
  assert.equal((await shown(server)).model.facts.server, 'forbidden');
  const gone = new Client(() => Promise.reject(new RequestError(0, 'gone')));
  const model = new NotebookModel(new TestNotebook(), { client: gone, trans, now: () => 0 });
  model.isShown = true;
  await settled();
  assert.equal(model.facts.server, 'unreachable');
});

test('it recovers from an error at the next question', async () => {
  const server = new TestServer();
  server.answer('notebook', { message: 'x' }, 500);
  const { model } = await shown(server);
  assert.equal(model.facts.server, 'failed');
  server.answer('notebook', notebookState());
  await model.refresh();
  assert.equal(model.facts.server, 'ready');
});

test('the end of a job asks for everything anew, its steps do not', async () => {
  const running = job({ state: 'running' });
  const server = new TestServer(notebookState({ jobs: [running] }));
  const { model } = await shown(server);
  model.takeChange({ job: { ...running, done: 1 }, cell: null });
  await settled();
  assert.equal(server.asked.length, 2);
  model.takeChange({ job: { ...running, state: 'failed', failure: failure(1, 'x') }, cell: null });
  await settled();
  assert.equal(server.asked.length, 3);
});

test('changes of other notebooks are not taken', async () => {
  const { model } = await shown(new TestServer());
  model.takeChange({ job: job({ notebook: 'other.ipynb' }), cell: null });
  assert.equal(model.jobs.length, 0);
});

test('a job and a version count only for the content that they are about', async () => {
  const versions = { name: 'churn', versions: [version({ source: 'sha256:older' })], may: {}, problems: [] };
  const server = new TestServer(notebookState({ jobs: [job({ source: 'sha256:older' })], versions }));
  const { model, notebook } = await shown(server);
  assert.equal(model.facts.isJobCurrent, false);
  assert.equal(numberOf(model), 0);
  assert.equal(model.facts.nextNumber, 5);
  server.answer('notebook', notebookState({ source: 'sha256:older', jobs: [job({ source: 'sha256:older' })], versions }));
  await model.refresh();
  assert.equal(model.facts.isJobCurrent, true);
  assert.equal(numberOf(model), 4);
  notebook.isUnsaved = true;
  assert.equal(model.facts.isJobCurrent, false);
});

test('events of the server reach the notebook they are about', async () => {
  const server = new TestServer();
  const panel = new PanelModel(server.surroundings());
  const notebook = new TestNotebook();
  panel.isShown = true;
  panel.setCurrent(notebook);
  await settled();
  const emission = (schema_id: string, change: { job: Job; cell: null }): { schema_id: string } => ({ schema_id, ...{ change } });
  panel.takeEmission(emission('https://other', { job: job(), cell: null }));
  assert.equal(panel.current?.jobs.length, 0);
  panel.takeEmission(emission(JOB_EVENT, { job: job({ state: 'running' }), cell: null }));
  assert.equal(panel.state.id, 'replaying');
});

test('a running job of which nothing is heard is asked for, but not each second', async () => {
  let now = 100_000;
  const server = new TestServer(notebookState({ jobs: [job({ state: 'running' })] }));
  const panel = new PanelModel(server.surroundings(() => now));
  panel.isShown = true;
  panel.setCurrent(new TestNotebook());
  await settled();
  panel.takeEmission({ schema_id: JOB_EVENT, ...{ change: { job: job({ state: 'running' }), cell: null } } });
  const count = server.asked.length;
  for (let second = 0; second < 31; second += 1) {
    now += 1000;
    panel.tick();
  }
  await settled();
  assert.equal(server.asked.length, count + 1);
  panel.isShown = false;
  now += 60_000;
  panel.tick();
  await settled();
  assert.equal(server.asked.length, count + 1, 'nothing is asked while hidden');
});

test('health is asked for only while its section is open and the panel is shown', async () => {
  const server = new TestServer();
  const panel = new PanelModel(server.surroundings());
  panel.setCurrent(new TestNotebook());
  panel.isHealthWanted = true;
  await settled();
  assert.deepEqual(server.asked, []);
  panel.isShown = true;
  await settled();
  assert.equal(server.asked.filter(route => route === 'health').length, 1);
});

test('a notebook that is closed is forgotten', async () => {
  const panel = new PanelModel(new TestServer().surroundings());
  const notebook = new TestNotebook();
  panel.setCurrent(notebook);
  panel.forget(notebook);
  assert.equal(panel.current, null);
  assert.equal(panel.state.id, 'no-notebook');
});

test('an error tells what, where and the remedy, with the policy\'s checks', async () => {
  const finding = { check: 'auc', title: '', outcome: 'fail', observed: '', required: '', set_by: '', fix: '', who: '' };
  const body = JSON.stringify({ message: 'refused', where: 'churn@3', remedy: 'ask ben', code: 3, findings: [finding] });
  const client = new Client(() => Promise.resolve({ status: 409, body }));
  await assert.rejects(client.about(), (error: unknown) => {
    assert.ok(error instanceof RequestError);
    assert.deepEqual([error.status, error.message, error.where, error.remedy], [409, 'refused', 'churn@3', 'ask ben']);
    assert.equal(error.findings.length, 1);
    return true;
  });
});

test('queries are encoded, and what is empty is left out', async () => {
  const paths: string[] = [];
  const client = new Client(path => {
    paths.push(path);
    return Promise.resolve({ status: 200, body: '{}' });
  });
  await client.history('a b/ü&.ipynb', 'churn', 'production', '');
  assert.deepEqual(paths, ['history?path=a%20b%2F%C3%BC%26.ipynb&name=churn&environment=production']);
});

/** A channel as far as the model looks at it. */
function channelWith(cells: ReadonlyArray<CellReceipt>): { view: KernelView | null; state: string; declare: () => Promise<boolean> } {
  const captured = { format: 1, notebook: '', cells, sessions: [], partial: [] };
  const view = follow(null, snapshot({ captured }));
  assert.ok(view !== 'gap');
  return { view, state: 'connected', declare: () => Promise.resolve(true) };
}

test('what a kernel told stays when it is restarted, and what is on disk is asked for', async () => {
  const server = new TestServer();
  const { model, notebook } = await shown(server);
  const channel = channelWith([receipt('a', { created: '2026-01-01T00:00:02Z' })]);
  notebook.channel = channel as unknown as KernelChannel;
  notebook.changed.emit();
  channel.view = null;
  server.asked = [];
  notebook.changed.emit();
  assert.deepEqual(model.receipts.map(one => one.cell_id), ['a']);
  await settled();
  assert.deepEqual(server.asked, ['notebook']);
  notebook.changed.emit();
  await settled();
  assert.deepEqual(server.asked, ['notebook'], 'once');
});

test('of two receipts of a cell the newer one counts', async () => {
  const cells = [receipt('a', { created: '2026-01-01T00:00:03Z', name: 'disk' }), receipt('b', { created: '2026-01-01T00:00:01Z', name: 'disk' })];
  const server = new TestServer(notebookState({ captured: { format: 1, notebook: '', cells, sessions: [], partial: [] } }));
  const { model, notebook } = await shown(server);
  const live = ['a', 'b'].map(id => receipt(id, { created: '2026-01-01T00:00:02Z', name: 'kernel' }));
  notebook.channel = channelWith(live) as unknown as KernelChannel;
  assert.deepEqual(model.receipts.map(one => [one.cell_id, one.name]), [['a', 'disk'], ['b', 'kernel']]);
});
