/** The panel's one state: each of them, and which one counts where several would. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Facts } from '../src/model/facts.ts';
import { stateOf } from '../src/model/state.ts';
import { cell, facts, failure, job, request, trans, version } from './made.ts';

interface Case {
  claim: string;
  facts: Partial<Facts>;
  id: string;
  line: string | RegExp;
  primary: string;
}

const waiting = { state: 'in-review', request: request() };
const live = { environment: 'production', since: '2026-11-02T14:02:00Z', by: 'ben', how: 'deploy' };
const running = { state: 'running', started: '1970-01-01T00:00:40Z', done: 6, expected: 12 } as const;
const current = { isJobCurrent: true };

const CASES: Case[] = [
  { claim: 'no notebook', facts: { notebook: '' }, id: 'no-notebook', line: 'Open a notebook to start', primary: 'open-example' },
  { claim: 'still reading', facts: { isKnown: false, server: 'asking' }, id: 'loading', line: 'Reading the notebook', primary: 'replay' },
  { claim: 'no kernel', facts: { kernel: 'none', cells: [cell(1, 'not-run')] }, id: 'no-kernel', line: 'No kernel', primary: 'start-kernel' },
  { claim: 'a dead kernel', facts: { kernel: 'dead', cells: [cell(1, 'not-run')] }, id: 'no-kernel', line: 'The kernel died', primary: 'start-kernel' },
  { claim: 'a kernel that starts', facts: { kernel: 'starting', cells: [cell(1, 'not-run')] }, id: 'loading', line: 'The kernel is starting', primary: 'run-all' },
  { claim: 'a kernel without the extension', facts: { channel: 'absent', cells: [cell(1, 'not-run')] }, id: 'no-extension', line: 'Capture is off in this kernel', primary: 'load-extension' },
  { claim: 'a kernel with another protocol', facts: { channel: 'refused', channelProblem: 'protocol 2', cells: [cell(1, 'not-run')] }, id: 'no-extension', line: 'The kernel speaks another version', primary: 'how-to-fix' },
  { claim: 'capture has stopped', facts: { channelProblem: 'out of memory', cells: [cell(1, 'not-run')] }, id: 'no-extension', line: 'Capture has stopped in this kernel', primary: 'load-extension' },
  { claim: 'another language', facts: { language: 'R' }, id: 'other-language', line: 'Only Python notebooks can be captured', primary: 'open-example' },
  { claim: 'nothing registered', facts: { cells: [] }, id: 'unmarked', line: 'No cell is registered yet', primary: 'register-cell' },
  { claim: 'nothing captured', facts: { cells: [cell(1, 'not-run'), cell(2, 'not-run')] }, id: 'not-captured', line: 'Nothing captured yet', primary: 'run-all' },
  { claim: 'a cell runs', facts: { busy: { index: 7, since: 88_000 } }, id: 'busy', line: 'Running cell 7 (0:12)', primary: 'replay' },
  { claim: 'partly captured', facts: { cells: [cell(1), cell(2), cell(3), cell(4, 'not-run')] }, id: 'partial', line: '3 of 4 cells captured', primary: 'run-remaining' },
  { claim: 'a cell changed', facts: { cells: [cell(1), cell(9, 'changed')], stale: ['data.csv'] }, id: 'stale', line: 'Changed since the capture: cell 9, data.csv', primary: 'run-changed' },
  { claim: 'a cell failed', facts: { cells: [cell(1, 'changed'), cell(9, 'failed')] }, id: 'stale', line: 'Cell 9 failed', primary: 'run-changed' },
  { claim: 'a declaration that is typed wrong', facts: { cells: [{ ...cell(9, 'failed'), why: "'modle' is no KIND" }] }, id: 'stale', line: "Cell 9: 'modle' is no KIND", primary: 'run-changed' },
  { claim: 'many cells changed', facts: { cells: [1, 2, 3, 4, 5].map(index => cell(index, 'changed')) }, id: 'stale', line: 'Changed since the capture: cell 1, cell 2, cell 3 and 2 more', primary: 'run-changed' },
  { claim: 'all captured', facts: {}, id: 'ready', line: 'Captured, ready to package', primary: 'package' },
  { claim: 'all replayed', facts: { ...current, job: job() }, id: 'ready', line: 'Replayed, ready to package', primary: 'package' },
  { claim: 'a replay runs', facts: { job: job({ ...running, cells: [{ cell: 7, status: 'running', duration_s: 0, memory_bytes: 0 }] }) }, id: 'replaying', line: 'Replaying, cell 7 (6 of 12), about 60 s left', primary: 'stop' },
  { claim: 'a packaging begins', facts: { job: job({ kind: 'package', state: 'waiting' }) }, id: 'replaying', line: 'Packaging: starting', primary: 'stop' },
  { claim: 'a replay failed at a cell', facts: { ...current, job: job({ state: 'failed', failure: failure(9, "KeyError: 'age'\nmore") }) }, id: 'failed', line: "Replay failed at cell 9: KeyError: 'age'", primary: 'go-to-failure' },
  { claim: 'a replay failed at no cell', facts: { ...current, job: job({ state: 'failed', failure: failure(null, 'the kernel died') }) }, id: 'failed', line: 'Replay failed: the kernel died', primary: 'doctor' },
  { claim: 'results differ', facts: { ...current, job: job({ state: 'differs', different: 2, comparable: true }) }, id: 'differs', line: 'Replay ran, 2 results differ', primary: 'compare' },
  { claim: 'one result differs', facts: { ...current, job: job({ state: 'differs', different: 1 }) }, id: 'differs', line: 'Replay ran, 1 result differs', primary: 'replay' },
  { claim: 'stopped', facts: { ...current, job: job({ state: 'stopped' }) }, id: 'not-finished', line: 'Replay was stopped', primary: 'replay' },
  { claim: 'refused', facts: { ...current, job: job({ kind: 'package', state: 'refused', message: 'a secret' }) }, id: 'not-finished', line: 'Packaging was refused', primary: 'package' },
  { claim: 'lost', facts: { ...current, job: job({ state: 'lost' }) }, id: 'not-finished', line: /broke off/, primary: 'replay' },
  { claim: 'it cannot be replayed', facts: { problem: { level: 'error', message: "'x' is no KIND", cell: 3, line: 1 } }, id: 'blocked', line: "Cell 3: 'x' is no KIND", primary: 'doctor' },
  { claim: 'packaged', facts: { packaged: job({ kind: 'package', bundle: 'sha256:b', grade: 'R4' }) }, id: 'packaged', line: 'Packaged with grade R4', primary: 'register-version' },
  { claim: 'registered', facts: { version: version() }, id: 'registered', line: 'Version 4 is registered', primary: 'request-approval' },
  { claim: 'waits for others', facts: { version: version(waiting) }, id: 'awaiting', line: 'Version 4 waits for approval (1 of 2)', primary: 'remind' },
  { claim: 'waits for me', facts: { version: version({ request: request({ may_approve: true }) }) }, id: 'awaiting', line: 'Version 4 waits for approval (1 of 2)', primary: 'approve' },
  { claim: 'I asked', facts: { version: version({ request: request({ may_withdraw: true }) }) }, id: 'awaiting', line: 'Version 4 waits for approval (1 of 2)', primary: 'remind' },
  { claim: 'approvals are stale', facts: { version: version({ request: request({ stale: 'the policy changed' }) }) }, id: 'awaiting', line: 'Approvals of version 4 are stale', primary: 'remind' },
  { claim: 'approved', facts: { version: version({ state: 'approved' }) }, id: 'approved', line: 'Version 4 is approved', primary: 'deploy' },
  { claim: 'everybody asked has approved', facts: { version: version({ state: 'approved', request: request({ given: ['ben', 'cleo'] }) }) }, id: 'approved', line: 'Version 4 is approved', primary: 'deploy' },
  { claim: 'approved for one place, asked for another', facts: { version: version({ state: 'approved', request: request() }) }, id: 'awaiting', line: 'Version 4 waits for approval (1 of 2)', primary: 'remind' },
  { claim: 'rejected', facts: { version: version({ state: 'rejected' }) }, id: 'rejected', line: 'Version 4 was rejected', primary: 'request-approval' },
  { claim: 'revoked', facts: { version: version({ state: 'revoked' }) }, id: 'revoked', line: 'Version 4 is revoked and may not be deployed', primary: 'history' },
  { claim: 'in production', facts: { version: version({ state: 'live', live: [live] }) }, id: 'live', line: 'Version 4 is live in production', primary: 'history' },
  { claim: 'rolled back', facts: { version: version({ state: 'approved' }), rolledBack: { version: version({ number: 3 }), place: { ...live, how: 'rollback' } } }, id: 'rolled-back', line: 'Rolled back to version 3 in production', primary: 'history' },
  { claim: 'no server extension', facts: { server: 'missing', isKnown: false }, id: 'offline', line: 'The server extension is missing', primary: 'how-to-fix' },
  { claim: 'not permitted', facts: { server: 'forbidden' }, id: 'offline', line: 'You may not use pressrun on this server', primary: 'how-to-fix' },
  { claim: 'unreachable', facts: { server: 'unreachable' }, id: 'offline', line: 'The server cannot be reached', primary: 'how-to-fix' },
  { claim: 'unreadable', facts: { server: 'failed', serverMessage: 'no JSON' }, id: 'offline', line: 'The server could not read this notebook', primary: 'how-to-fix' }
];

for (const one of CASES) {
  test(`${one.claim}: ${one.id}`, () => {
    const state = stateOf(facts(one.facts), trans);
    assert.equal(state.id, one.id);
    if (typeof one.line === 'string') {
      assert.equal(state.line, one.line);
    } else {
      assert.match(state.line, one.line);
    }
    assert.equal(state.primary.action, one.primary);
    assert.ok(!state.secondary.includes(state.primary.action), 'the menu repeats the button');
  });
}

// Facts that several states follow from: the first of the two counts.
const STRONGER: Array<[string, string, Partial<Facts>]> = [
  ['no notebook', 'no server', { notebook: '', server: 'missing' }],
  ['offline', 'a running job', { server: 'forbidden', job: job(running) }],
  ['other language', 'no kernel', { language: 'julia', kernel: 'none' }],
  ['a running job', 'a running cell', { job: job(running), busy: { index: 1, since: 0 } }],
  ['a running cell', 'a live version', { busy: { index: 1, since: 0 }, version: version({ live: [live] }) }],
  ['a live version', 'a failed job', { version: version({ live: [live] }), ...current, job: job({ state: 'failed' }) }],
  ['live', 'awaiting', { version: version({ live: [live], request: request() }) }],
  ['revoked', 'live', { version: version({ state: 'revoked', live: [live] }) }],
  ['awaiting', 'rolled back', { version: version(waiting), rolledBack: { version: version({ number: 3 }), place: live } }],
  ['a failed job', 'packaged', { ...current, job: job({ state: 'failed' }), packaged: job({ kind: 'package', bundle: 'b' }) }],
  ['packaged', 'stale', { packaged: job({ kind: 'package', bundle: 'b' }), cells: [cell(1, 'changed')] }],
  ['blocked', 'not captured', { problem: { level: 'error', message: 'x', cell: null, line: null }, cells: [cell(1, 'not-run')] }],
  ['no kernel', 'not captured', { kernel: 'none', cells: [cell(1, 'not-run')] }],
  ['ready', 'no kernel', { kernel: 'none' }],
  ['ready', 'no extension', { channel: 'absent' }],
  ['stale', 'partial', { cells: [cell(1, 'changed'), cell(2, 'not-run')] }]
];
const EXPECTED = ['no-notebook', 'offline', 'other-language', 'replaying', 'busy', 'live', 'live', 'revoked', 'awaiting', 'failed', 'packaged', 'blocked', 'no-kernel', 'ready', 'ready', 'stale'];

for (const [index, [first, second, changes]] of STRONGER.entries()) {
  test(`${first} counts before ${second}`, () => {
    assert.equal(stateOf(facts(changes), trans).id, EXPECTED[index]);
  });
}

test('a job about an older content says nothing of what is there now', () => {
  const state = stateOf(facts({ job: job({ state: 'failed', failure: failure(9, 'x') }), isJobCurrent: false }), trans);
  assert.equal(state.id, 'ready');
});

test('a version of the saved content counts no more while something is typed', () => {
  assert.equal(stateOf(facts({ version: version(), isUnsaved: true }), trans).id, 'ready');
});

test('cells that are left out need no capture', () => {
  assert.equal(stateOf(facts({ cells: [cell(1), cell(2, 'left-out')] }), trans).id, 'ready');
});

test('who may only read is told so, and offered what is only read', () => {
  const state = stateOf(facts({ mayWrite: false }), trans);
  assert.equal(state.primary.whyNot, 'You may only read here.');
  assert.deepEqual(state.secondary, ['doctor', 'run-all', 'register-cell']);
  const failed = stateOf(facts({ mayWrite: false, ...current, job: job({ state: 'failed', failure: failure(2, 'x') }) }), trans);
  assert.equal(failed.primary.whyNot, '');
});
