/** The grammar, held to the fixture that the Python grammar passes as well. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { DeclarationError, parseDeclaration, renderDeclaration } from '../src/grammar/declaration.ts';

interface Pair {
  claim: string;
  cell: { source: string; metadata: Record<string, unknown> };
  expected: null | { error: string; hint?: string; line?: number } | Record<string, unknown>;
}

const fixture = new URL('../../tests/fixtures/declarations.json', import.meta.url);
const { pairs } = JSON.parse(readFileSync(fixture, 'utf8')) as { pairs: Pair[] };

test('the fixture is the large one', () => {
  assert.ok(pairs.length >= 80);
});

for (const { claim, cell, expected } of pairs) {
  test(claim, () => {
    if (expected === null || !('error' in expected)) {
      assert.deepEqual(parseDeclaration(cell.source, cell.metadata), expected);
      return;
    }
    assert.throws(
      () => parseDeclaration(cell.source, cell.metadata),
      (error: unknown) => {
        assert.ok(error instanceof DeclarationError);
        assert.ok(error.message.includes(String(expected['error'])), `${error.message} | ${String(expected['error'])}`);
        assert.ok(error.remedy.includes(String(expected['hint'] ?? '')), `${error.remedy} | ${String(expected['hint'])}`);
        if (expected['line'] !== undefined) {
          assert.equal(error.line, expected['line']);
        }
        return true;
      }
    );
  });
}

test('what is rendered is read as the same declaration', () => {
  const words = renderDeclaration({ kind: 'features', name: 'f', options: { entity: "it's a 'column'", time: 'two words' } });
  const found = parseDeclaration(`%%register ${words}\nx = 1`, {});
  assert.deepEqual(found?.options, { entity: "it's a 'column'", time: 'two words' });
});
