/** Writing declarations into cells. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDeclaration } from '../src/grammar/declaration.ts';
import { SPELLINGS, withDeclaration, writtenAs } from '../src/grammar/write.ts';

const model = { kind: 'model', name: 'churn', options: { object: 'clf' } } as const;
const cells = [
  { source: 'x = 1', metadata: { collapsed: true } },
  { source: '%%register step old\nx = 1', metadata: { tags: ['parameters', 'keep'] } },
  { source: '\n# %register data old\n%%time\nx = 1', metadata: { pressrun: { register: 'step old', other: 1 } } },
  { source: 'x = 1', metadata: { 'pressrun.register': 'step old' } }
];

for (const spelling of SPELLINGS) {
  for (const [index, cell] of cells.entries()) {
    test(`written as ${spelling}, cell ${index} is read as what was written`, () => {
      const written = withDeclaration(cell, model, spelling);
      const found = parseDeclaration(written.source, written.metadata);
      assert.ok(found);
      assert.deepEqual([found.kind, found.name, found.options], ['model', 'churn', { object: 'clf' }]);
      assert.equal(writtenAs(found), spelling);
    });
  }
}

test('taking out leaves the rest as it was', () => {
  const before = { source: 'x = 1', metadata: { collapsed: true, tags: ['keep'], pressrun: { other: 1 } } };
  for (const spelling of SPELLINGS) {
    assert.deepEqual(withDeclaration(withDeclaration(before, model, spelling), null, spelling), before);
  }
});

test('parameters in metadata are papermill\'s tag', () => {
  const written = withDeclaration({ source: 'n = 1', metadata: {} }, { kind: 'parameters', name: null, options: {} }, 'metadata');
  assert.deepEqual(written.metadata, { tags: ['parameters'] });
  assert.equal(parseDeclaration(written.source, written.metadata)?.kind, 'parameters');
});
