/** What is typed into a form, as values or as problems in words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { field, parameterField, readField } from '../src/forms/fields.ts';
import { schemaProblem } from '../src/forms/schema.ts';
import type { PanelParameter } from '../src/records.ts';
import { parameter, trans } from './made.ts';

type Row = [claim: string, parameter: Partial<PanelParameter>, typed: string, expected: unknown];

const none = { given: false };
const value = (given: unknown): object => ({ given: true, value: given });
const problem = (text: string): object => ({ problem: text });
const text = { type: 'str', schema: { type: 'string' }, value: 'north', expression: "'north'" };
const list = { type: 'list[int]', schema: { type: 'array', items: { type: 'integer' } }, value: [1, 2], expression: '[1, 2]' };

const ROWS: Row[] = [
  ['a default that is left as it is gives nothing', {}, '500', none],
  ['a whole number', {}, ' 800 ', value(800)],
  ['a negative number', {}, '-3', value(-3)],
  ['a fraction is no whole number', {}, '1.5', problem('This is no whole number.')],
  ['too many digits are not rounded', {}, '9007199254740993', problem('A number as large as this can only be given on the command line.')],
  ['a number', { type: 'float', schema: { type: 'number' }, value: 0.25, expression: '0.25' }, '1e-3', value(0.001)],
  ['words are no number', { type: 'float', schema: { type: 'number' }, value: 0.25, expression: '0.25' }, 'much', problem('This is no number.')],
  ['true', { type: 'bool', schema: { type: 'boolean' }, value: false, expression: 'False' }, 'true', value(true)],
  ['an empty text is a text', text, '', value('')],
  ['a text keeps its spaces', text, ' south ', value(' south ')],
  ['one of several', { type: 'Literal', schema: { enum: ['a', 2, null] }, value: 'a', expression: "'a'" }, '2', value(2)],
  ['none of several', { type: 'Literal', schema: { enum: ['a'] }, value: 'a', expression: "'a'" }, 'b', problem('Choose one of the values.')],
  ['a date', { type: 'date', schema: { type: 'string', format: 'date' }, value: null, expression: 'date(2024, 1, 1)' }, '2024-02-29', value('2024-02-29')],
  ['a day that is not', { type: 'date', schema: { type: 'string', format: 'date' }, value: null, expression: 'x' }, '2023-02-29', problem('A date is written YYYY-MM-DD.')],
  ['a list', list, '[3]', value([3])],
  ['a list of the wrong things', list, '[1, "x"]', problem('[1]: a whole number is needed.')],
  ['no list', list, '{"a": 1}', problem('a list is needed.')],
  ['null where null may be', { type: 'int | None', schema: { anyOf: [{ type: 'integer' }, { type: 'null' }] }, value: 3, expression: '3' }, '', value(null)],
  ['nothing where something must be', { expression: '', value: null }, '', problem('A value is needed.')],
  ['a secret itself is refused', { type: 'str', schema: { type: 'string', writeOnly: true, pattern: '^(secret://.*)?$' }, value: null, expression: '', secret: true }, 'hunter2', problem('A reference such as secret://NAME is needed, never the secret itself.')],
  ['a reference to a secret', { type: 'str', schema: { type: 'string', writeOnly: true, pattern: '^(secret://.*)?$' }, value: null, expression: '', secret: true }, 'secret://DB', value('secret://DB')],
  ['what JSON cannot say', { type: 'bytes', schema: { not: {} }, value: null, expression: "b''" }, 'x', none],
  ['a derived one is computed', { type: 'float', schema: { type: 'number' }, value: null, expression: '8 / n', derived_from: ['n'] }, '', none]
];

for (const [claim, changes, typed, expected] of ROWS) {
  test(claim, () => {
    assert.deepEqual(readField(parameterField(parameter(changes), trans), typed, trans), expected);
  });
}

test('broken JSON says what is wrong', () => {
  const reading = readField(parameterField(parameter(list), trans), '[1,', trans);
  assert.ok('problem' in reading);
  assert.match(reading.problem, /^This is no JSON: /);
});

test('what has to be typed exactly is', () => {
  const asked = field('typed', 'Type it', 'text', { mustBe: 'churn@3', isRequired: true });
  assert.deepEqual(readField(asked, 'churn@2', trans), problem('Type churn@3 to be sure.'));
  assert.deepEqual(readField(asked, 'churn@3', trans), value('churn@3'));
});

test('a field that is no parameter gives its default', () => {
  assert.deepEqual(readField(field('name', 'Name', 'text', { initial: 'churn' }), 'churn', trans), value('churn'));
  const reason = field('reason', 'Reason', 'long', { isRequired: true });
  assert.deepEqual(readField(reason, '  ', trans), problem('A value is needed.'));
});

test('tuples, sets and dictionaries are looked into', () => {
  const pair = { type: 'array', prefixItems: [{ type: 'integer' }, { type: 'string' }], minItems: 2, maxItems: 2 };
  assert.equal(schemaProblem(pair, [1, 'x'], trans), '');
  assert.equal(schemaProblem(pair, [1], trans), '2 items are needed, there are 1.');
  assert.equal(schemaProblem(pair, ['x', 'x'], trans), '[0]: a whole number is needed.');
  assert.equal(schemaProblem({ type: 'array', uniqueItems: true }, [1, 1], trans), 'Each item may stand there once.');
  const names = { type: 'object', additionalProperties: { type: 'array', items: { type: 'number' } } };
  assert.equal(schemaProblem(names, { a: [1, 2.5] }, trans), '');
  assert.equal(schemaProblem(names, { a: [true] }, trans), 'a[0]: a number is needed.');
  assert.equal(schemaProblem({ anyOf: [{ type: 'integer' }, { type: 'string' }] }, 1.5, trans), 'a whole number is needed.');
});
