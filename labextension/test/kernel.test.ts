/** What a kernel tells over its comms, followed without losing anything. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KernelChannel } from '../src/kernel/channel.ts';
import type { Comm, CommKernel, Question } from '../src/kernel/channel.ts';
import { follow, readMessage } from '../src/kernel/follow.ts';
import type { KernelView } from '../src/kernel/follow.ts';
import { receipt, snapshot } from './made.ts';

type Data = Record<string, unknown> | object;

class TestComm implements Comm {
  isDisposed = false;
  opened: Data | null = null;
  readonly sent: Question[] = [];
  readonly target: string;
  readonly subshellStarted: Promise<void>;

  constructor(target: string, subshellStarted: Promise<void>) {
    this.target = target;
    this.subshellStarted = subshellStarted;
  }

  onMsg(_: { content: { data: unknown } }): void {}
  onClose(_: { content: { data: unknown } }): void {}

  open(data: Data): void {
    this.opened = data;
  }

  send(data: Question): void {
    this.sent.push(data);
  }

  close(): void {
    this.isDisposed = true;
    this.onClose({ content: { data: {} } });
  }

  /** The kernel sends. */
  tell(data: Data): void {
    this.onMsg({ content: { data } });
  }

  /** The kernel closes. */
  refuse(data: Data = {}): void {
    this.isDisposed = true;
    this.onClose({ content: { data } });
  }
}

class TestKernel implements CommKernel {
  readonly comms: TestComm[] = [];
  readonly targets = new Map<string, () => void>();
  supportsSubshells = false;
  subshellStarted: Promise<void> = Promise.resolve();

  createComm(target: string): TestComm {
    const comm = new TestComm(target, this.subshellStarted);
    this.comms.push(comm);
    return comm;
  }

  registerCommTarget(target: string, opened: () => void): void {
    this.targets.set(target, opened);
  }

  removeCommTarget(target: string): void {
    this.targets.delete(target);
  }

  last(target: string): TestComm {
    const found = this.comms.filter(comm => comm.target === target).at(-1);
    assert.ok(found, `no comm ${target}`);
    return found;
  }
}

function connected(): { kernel: TestKernel; channel: KernelChannel } {
  const kernel = new TestKernel();
  const channel = new KernelChannel(kernel, 'tab-1');
  channel.connect();
  kernel.last('pressrun').tell(snapshot({ seq: 5 }));
  return { kernel, channel };
}

const seqOf = (channel: KernelChannel): number => channel.view?.seq ?? -1;
const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

test('the front end opens the comm with the protocol and its own name', async () => {
  const { kernel, channel } = connected();
  await settled();
  assert.deepEqual(kernel.last('pressrun').opened, { protocol: 1, client: 'tab-1' });
  assert.equal(channel.state, 'connected');
});

test('a comm is opened once it has its subshell, and one that is wanted no more is not opened', async () => {
  const { kernel, channel } = connected();
  await settled();
  let start = (): void => undefined;
  kernel.supportsSubshells = true;
  kernel.subshellStarted = new Promise(resolve => {
    start = resolve;
  });
  channel.connect();
  channel.connect();
  await settled();
  assert.equal(kernel.last('pressrun').opened, null);
  start();
  await settled();
  const [first, second] = kernel.comms.filter(comm => comm.target === 'pressrun').slice(-2);
  assert.equal(first?.opened, null);
  assert.deepEqual(second?.opened, { protocol: 1, client: 'tab-1' });
});

test('a subshell that cannot be started keeps nobody from asking', async () => {
  const { kernel, channel } = connected();
  kernel.supportsSubshells = true;
  kernel.subshellStarted = Promise.reject(new Error('none'));
  channel.connect();
  await settled();
  assert.notEqual(kernel.last('pressrun').opened, null);
});

test('started and captured change the view', () => {
  const { kernel, channel } = connected();
  const comm = kernel.last('pressrun');
  comm.tell({ type: 'started', seq: 6, cell_id: 'a', since: '2026-01-01T00:00:00Z' });
  assert.equal(channel.view?.running, 'a');
  comm.tell({ type: 'captured', seq: 7, receipt: receipt('a'), partial: ['two sessions'] });
  assert.equal(channel.view?.running, '');
  assert.deepEqual(channel.view?.captured?.cells.map(cell => cell.cell_id), ['a']);
  assert.deepEqual(channel.view?.captured?.partial, ['two sessions']);
});

test('a second receipt of a cell takes the place of the first', () => {
  const view = follow(null, snapshot({ captured: { format: 1, notebook: '', cells: [receipt('a'), receipt('b')], sessions: ['s1'], partial: [] } }));
  const next = follow(view as KernelView, { type: 'captured', seq: 2, receipt: receipt('a', { duration_s: 9, session: 's2' }), partial: [] });
  assert.ok(next !== 'gap');
  assert.deepEqual(next.captured?.cells.map(cell => [cell.cell_id, cell.duration_s]), [['b', 1], ['a', 9]]);
  assert.deepEqual(next.captured?.sessions, ['s1', 's2']);
});

test('no comm_close with data means no extension, one with an error means another version', () => {
  const { kernel, channel } = connected();
  channel.connect();
  kernel.last('pressrun').refuse();
  assert.equal(channel.state, 'absent');
  channel.connect();
  kernel.last('pressrun').refuse({ error: 'protocol 1 is not spoken here', protocol: 2, extension: '9.0' });
  assert.equal(channel.state, 'refused');
  assert.equal(channel.refusal, 'protocol 1 is not spoken here');
});

test('hello connects a panel that was open before the extension', () => {
  const { kernel, channel } = connected();
  channel.connect();
  kernel.last('pressrun').refuse();
  kernel.targets.get('pressrun.hello')?.();
  kernel.last('pressrun').tell(snapshot());
  assert.equal(channel.state, 'connected');
});

test('nothing is opened by itself after a refusal', async () => {
  const { kernel, channel } = connected();
  channel.connect();
  kernel.last('pressrun').refuse();
  const count = kernel.comms.length;
  await settled();
  assert.equal(kernel.comms.length, count);
});

test('a gap asks for a snapshot, and loses nothing that comes meanwhile', async () => {
  const { kernel, channel } = connected();
  const events = kernel.last('pressrun');
  events.tell({ type: 'started', seq: 8, cell_id: 'b', since: '' });
  const ask = kernel.last('pressrun.ask');
  assert.equal(ask.sent.length, 0, 'the question waits for the kernel to know the comm');
  ask.tell({ type: 'answer', id: '', done: 'ready' });
  assert.equal(ask.sent.length, 1);
  assert.equal(ask.sent[0]?.ask, 'snapshot');
  events.tell({ type: 'captured', seq: 9, receipt: receipt('b'), partial: [] });
  ask.tell({ type: 'answer', id: ask.sent[0]?.id, snapshot: snapshot({ seq: 8, running: 'b' }), done: '', error: '' });
  await settled();
  assert.equal(channel.view?.seq, 9);
  assert.equal(channel.view?.running, '');
  assert.deepEqual(channel.view?.captured?.cells.map(cell => cell.cell_id), ['b']);
  assert.equal(ask.sent.length, 1);
});

test('stopped with again asks for a snapshot, without it says why', async () => {
  const { kernel, channel } = connected();
  const events = kernel.last('pressrun');
  events.tell({ type: 'stopped', seq: 6, problem: 'unloaded', again: false });
  assert.equal(channel.view?.capture, false);
  assert.equal(channel.view?.problem, 'unloaded');
  events.tell({ type: 'stopped', seq: 7, problem: '', again: true });
  kernel.last('pressrun.ask').tell({ type: 'answer', id: '', done: 'ready' });
  assert.equal(kernel.last('pressrun.ask').sent[0]?.ask, 'snapshot');
});

test('undo tells what was done, or throws what the kernel says', async () => {
  const { kernel, channel } = connected();
  const done = channel.undo('a');
  const failed = channel.undo('b');
  const ask = kernel.last('pressrun.ask');
  ask.tell({ type: 'answer', id: '', done: 'ready' });
  ask.tell({ type: 'answer', id: ask.sent[0]?.id, snapshot: null, done: 'forgotten', error: '' });
  ask.tell({ type: 'answer', id: ask.sent[1]?.id, snapshot: null, done: '', error: 'no such capture' });
  assert.equal(await done, 'forgotten');
  await assert.rejects(failed, /no such capture/);
});

test('declared cells are told, and an older kernel that does not know the question is no error', async () => {
  const { kernel, channel } = connected();
  const told = channel.declare({ a: 'step load' });
  const ask = kernel.last('pressrun.ask');
  ask.tell({ type: 'answer', id: '', done: 'ready' });
  assert.deepEqual(ask.sent[0]?.declared, { a: 'step load' });
  ask.tell({ type: 'answer', id: ask.sent[0]?.id, snapshot: null, done: '', error: 'unknown question' });
  assert.equal(await told, false);
});

test('a restart ends questions, and old comms are heard no more', async () => {
  const { kernel, channel } = connected();
  const old = kernel.last('pressrun');
  const asked = channel.undo('a');
  channel.lose();
  await assert.rejects(asked, /restarted/);
  old.tell(snapshot({ seq: 99 }));
  assert.equal(seqOf(channel), -1);
  channel.connect();
  kernel.last('pressrun').tell(snapshot({ seq: 1 }));
  assert.equal(seqOf(channel), 1);
});

test('disposing closes both comms and hears no hello', async () => {
  const { kernel, channel } = connected();
  void channel.undo('a').catch(() => undefined);
  await settled();
  channel.dispose();
  assert.ok(kernel.comms.every(comm => comm.isDisposed));
  assert.equal(kernel.targets.size, 0);
});

for (const nonsense of [null, 3, 'x', {}, { type: 'snapshot' }, { type: 'other', seq: 1 }, { type: 'captured', seq: 1 }]) {
  test(`nonsense is no message: ${JSON.stringify(nonsense)}`, () => {
    assert.equal(readMessage(nonsense), null);
  });
}
