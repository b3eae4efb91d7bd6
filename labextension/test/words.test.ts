/** States, sizes and times in words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clock } from '../src/model/sentences.ts';
import { duration, jobMark, relative, shortDigest, sideNames, size } from '../src/view/words.ts';
import { failure, job, trans } from './made.ts';

test('durations', () => {
  assert.deepEqual([0.013, 1.24, 59.6, 242, 3900].map(duration), ['13 ms', '1.2 s', '60 s', '4 m 02 s', '1 h 05 m']);
  assert.deepEqual([12, 61, 3661].map(clock), ['0:12', '1:01', '1:01:01']);
});

test('sizes', () => {
  assert.deepEqual([0, 24, 1500, 2_900_000, 123_456_789].map(size), ['0 B', '24 B', '1.5 kB', '2.9 MB', '123 MB']);
});

test('times from now', () => {
  const now = Date.parse('2026-11-02T12:00:00Z');
  assert.equal(relative('2026-11-02T11:57:00Z', now, 'en'), '3 minutes ago');
  assert.equal(relative('2026-11-01T11:00:00Z', now, 'en'), 'yesterday');
  assert.equal(relative('2026-11-04T13:00:00Z', now, 'en'), 'in 2 days');
  assert.equal(relative('never', now, 'en'), 'never');
});

test('digests are shortened', () => {
  assert.equal(shortDigest(`sha256:${'ab'.repeat(32)}`), 'abababababab');
});

test('every state of a job is a sign and a word', () => {
  const failed = job({ state: 'failed', failure: failure(9, 'x') });
  assert.equal(jobMark(failed, trans).word, 'failed at cell 9');
  assert.equal(jobMark(job({ state: 'differs', different: 2 }), trans).word, '2 results differ');
  for (const state of ['completed', 'differs', 'failed', 'lost', 'refused', 'running', 'stopped', 'waiting'] as const) {
    const mark = jobMark(job({ state }), trans);
    assert.ok(mark.sign && mark.word);
  }
});

test('what is compared with what', () => {
  assert.deepEqual(
    ['saved-outputs', 'bundle', 'second-run', 'nothing'].map(against => sideNames(against, trans).join(' | ')),
    ['Saved | Replayed', 'Bundle | Replayed', 'First run | Second run', 'Before | Replayed']
  );
});
