/** One row for each registered cell, with how it stands. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { digestText } from '../src/model/digest.ts';
import { CellReader, declaredAside, stepRows } from '../src/model/rows.ts';
import type { OpenCell, RowFacts, StepRow } from '../src/model/rows.ts';
import type { CellReceipt } from '../src/records.ts';
import { notebookState, receipt, trans } from './made.ts';

function code(index: number, source: string, metadata: Record<string, unknown> = {}): OpenCell {
  return { index, id: `id-${index}`, type: 'code', source, metadata };
}

function rowsOf(cells: OpenCell[], facts: Partial<RowFacts> = {}): ReadonlyArray<StepRow> {
  return stepRows(cells, new CellReader(), { receipts: [], running: '', saved: null, ...facts }, trans);
}

function captured(cell: OpenCell, changes: Partial<CellReceipt> = {}): CellReceipt {
  return receipt(cell.id, { source: digestText(cell.source), ...changes });
}

test('digests are those of sha256, whatever the text', () => {
  for (const text of ['', 'abc', 'größe\n', 'x'.repeat(55), 'x'.repeat(56), 'x'.repeat(64), '𝒳'.repeat(1000)]) {
    assert.equal(digestText(text), `sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`);
  }
});

test('registered cells of every spelling have a row, others and text have none', () => {
  const rows = rowsOf([
    code(0, 'x = 1'),
    code(1, '%%register step load\nx = 1'),
    code(2, 'x = 1', { pressrun: { register: 'model churn' } }),
    code(3, 'n = 1', { tags: ['parameters'] }),
    { ...code(4, '%%register step x'), type: 'markdown' }
  ]);
  assert.deepEqual(rows.map(row => [row.index, row.kind, row.name]), [[1, 'step', 'load'], [2, 'model', 'churn'], [3, 'parameters', 'parameters']]);
});

test('a row says how its cell stands', () => {
  const cell = code(1, '%%register step load\nx = 1');
  const of = (facts: Partial<RowFacts>): string | undefined => rowsOf([cell], facts)[0]?.state;
  assert.equal(of({}), 'not-run');
  assert.equal(of({ running: 'id-1', receipts: [captured(cell)] }), 'running');
  assert.equal(of({ receipts: [captured(cell)] }), 'captured');
  assert.equal(of({ receipts: [captured(cell, { outcome: 'partial' })] }), 'partial');
  assert.equal(of({ receipts: [captured(cell, { outcome: 'failed' })] }), 'failed');
  assert.equal(of({ receipts: [receipt('id-1', { source: 'sha256:other' })] }), 'changed');
});

test('a file that changed makes the cell that read it out of date, also when cells were moved since', () => {
  const cell = code(5, '%%register step load\nx = 1');
  const saved = notebookState({
    cells: [{ index: 2, id: 'id-5', type: 'code', kind: 'step', name: 'load', spelling: 'cell-magic', title: '', source: '' }],
    captured: { format: 1, notebook: '', cells: [captured(cell, { created: 'at 1' })], sessions: [], partial: [] },
    stale: [{ cell: 2, what: 'data', about: 'a.csv', text: 'a.csv has changed' }]
  });
  const row = rowsOf([cell], { receipts: [captured(cell, { created: 'at 1' })], saved })[0];
  assert.equal(row?.state, 'changed');
  assert.equal(row?.why, 'a.csv has changed');
  const again = rowsOf([cell], { receipts: [captured(cell, { created: 'at 2' })], saved })[0];
  assert.equal(again?.state, 'captured', 'it was captured again since the server looked');
});

test('a wrong declaration is a row that says what is wrong', () => {
  const row = rowsOf([code(1, '%%register paramters\nn = 1')])[0];
  assert.equal(row?.state, 'failed');
  assert.match(row?.why ?? '', /'paramters' is no KIND.*Did you mean 'parameters'/);
});

test('what is left out needs no capture', () => {
  assert.equal(rowsOf([code(1, '%%register skip\nx')])[0]?.state, 'left-out');
});

test('a cell is read once for each text', () => {
  const reader = new CellReader();
  const cell = code(1, '%%register step load\nx = 1');
  const first = reader.read(cell);
  assert.equal(reader.read({ ...cell, index: 3 }), first);
  assert.notEqual(reader.read({ ...cell, source: 'x = 2' }), first);
  reader.keepOnly(new Set());
  assert.notEqual(reader.read(cell), first);
});

test('what the kernel cannot see is told to it, what stands in the source is not', () => {
  const cells = [
    code(0, '%%register step load\nx = 1'),
    code(1, 'x = 1', { pressrun: { register: { kind: 'model', name: 'churn', options: { object: 'clf' } } } }),
    code(2, 'n = 1', { tags: ['parameters'] }),
    code(3, 'x = 1')
  ];
  assert.deepEqual(declaredAside(cells, new CellReader()), { 'id-1': 'model churn --object clf', 'id-2': 'parameters' });
});
