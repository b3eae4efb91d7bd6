/** Jobs, told in full once and then change by change. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobCell } from '../src/records.ts';
import { announcedPercent, readChange, runningCell, secondsLeft, withChange, withJob } from '../src/server/jobs.ts';
import { job } from './made.ts';

const at = (cell: number, status: JobCell['status']): JobCell => ({ cell, status, duration_s: 0, memory_bytes: 0 });

test('a change keeps the cells that were told before', () => {
  const known = [job({ state: 'running', cells: [at(1, 'completed'), at(2, 'running')] })];
  const after = withChange(known, { job: job({ state: 'running', done: 2 }), cell: at(2, 'completed') });
  assert.deepEqual(after[0]?.cells.map(cell => cell.status), ['completed', 'completed']);
  assert.equal(after[0]?.done, 2);
});

test('a job that began elsewhere is listed, newest first', () => {
  const after = withChange([job({ id: 'b', number: 1 })], { job: job({ id: 'c', number: 2, state: 'running' }), cell: at(0, 'running') });
  assert.deepEqual(after.map(one => one.id), ['c', 'b']);
  assert.equal(after[0]?.cells.length, 1);
});

test('an event that was overtaken does not make an ended job run again', () => {
  const known = [job({ state: 'completed' })];
  assert.equal(withChange(known, { job: job({ state: 'running' }), cell: null })[0]?.state, 'completed');
});

test('a job told in full takes the place of what was known', () => {
  const after = withJob([job({ state: 'running' })], job({ state: 'failed' }));
  assert.deepEqual(after.map(one => one.state), ['failed']);
});

test('what is left is told from what was done', () => {
  const running = job({ state: 'running', started: '1970-01-01T00:00:00Z', done: 5, expected: 15 });
  assert.equal(secondsLeft(running, 10_000), 20);
  assert.equal(secondsLeft(job({ started: '', done: 5, expected: 15 }), 10_000), null);
  assert.equal(secondsLeft(job({ started: '1970-01-01T00:00:00Z', done: 1, expected: 15 }), 10_000), null);
});

test('only tenths are announced', () => {
  assert.deepEqual([0, 1, 2, 11, 12].map(done => announcedPercent(job({ done, expected: 12 }))), [0, 0, 10, 90, 100]);
  assert.equal(announcedPercent(job()), 0);
});

test('the cell that runs is not the injected parameters', () => {
  assert.equal(runningCell(job({ cells: [at(-1, 'running')] })), null);
  assert.equal(runningCell(job({ cells: [at(1, 'completed'), at(2, 'running')] })), 2);
});

test('only events that hold a job are changes', () => {
  const change = { job: job(), cell: null };
  assert.deepEqual(readChange({ schema_id: 'x', change }), change);
  for (const nonsense of [null, 1, {}, { change: 3 }, { change: {} }, { change: { job: {} } }]) {
    assert.equal(readChange(nonsense), null);
  }
});
