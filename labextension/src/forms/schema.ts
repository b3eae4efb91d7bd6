/** Why a JSON value is not what a JSON Schema accepts; the words of it that parameters use. Pure. */
import type { Trans } from '../translated.ts';

export type Schema = Readonly<Record<string, unknown>>;

/** Return the first problem in words, empty when the value is accepted. */
export function schemaProblem(schema: Schema, value: unknown, trans: Trans, place = ''): string {
  const parts = schema['anyOf'];
  if (Array.isArray(parts)) {
    const problems = parts.map(part => schemaProblem(part as Schema, value, trans, place));
    return problems.includes('') ? '' : (problems[0] ?? '');
  }
  const wrongType = typeProblem(schema['type'], value, trans);
  const found = wrongType || constraintProblem(schema, value, trans);
  if (found) {
    return place ? trans.__('%1: %2', place, found) : found;
  }
  if (Array.isArray(value)) {
    return arrayProblem(schema, value, trans, place);
  }
  return isRecord(value) ? objectProblem(schema, value, trans, place) : '';
}

function typeProblem(type: unknown, value: unknown, trans: Trans): string {
  const types = typeof type === 'string' ? [type] : Array.isArray(type) ? type.map(String) : [];
  if (types.length === 0 || types.includes(typeOf(value)) || (types.includes('number') && typeOf(value) === 'integer')) {
    return '';
  }
  const words: Record<string, string> = {
    array: trans.__('a list'),
    object: trans.__('an object'),
    string: trans.__('a text'),
    integer: trans.__('a whole number'),
    number: trans.__('a number'),
    boolean: trans.__('true or false'),
    null: trans.__('null')
  };
  return trans.__('%1 is needed.', types.map(one => words[one] ?? one).join(', '));
}

function constraintProblem(schema: Schema, value: unknown, trans: Trans): string {
  const pattern = schema['pattern'];
  if (typeof value === 'string' && typeof pattern === 'string' && !new RegExp(pattern, 'u').test(value)) {
    return schema['writeOnly'] === true
      ? trans.__('A reference such as secret://NAME is needed, never the secret itself.')
      : trans.__('The text has to match %1.', pattern);
  }
  const shortest = schema['minLength'];
  if (typeof value === 'string' && typeof shortest === 'number' && value.length < shortest) {
    return trans.__('A value is needed.');
  }
  const known = schema['enum'];
  if (Array.isArray(known) && !known.some(one => JSON.stringify(one) === JSON.stringify(value))) {
    return trans.__('It has to be one of %1.', known.map(one => JSON.stringify(one)).join(', '));
  }
  return '';
}

function arrayProblem(schema: Schema, values: ReadonlyArray<unknown>, trans: Trans, place: string): string {
  const fewest = schema['minItems'];
  const most = schema['maxItems'];
  if (typeof fewest === 'number' && values.length < fewest) {
    return trans.__('%1 items are needed, there are %2.', fewest, values.length);
  }
  if (typeof most === 'number' && values.length > most) {
    return trans.__('At most %1 items are possible, there are %2.', most, values.length);
  }
  if (schema['uniqueItems'] === true && new Set(values.map(one => JSON.stringify(one))).size < values.length) {
    return trans.__('Each item may stand there once.');
  }
  const first = Array.isArray(schema['prefixItems']) ? schema['prefixItems'] : [];
  for (const [index, value] of values.entries()) {
    const part: unknown = first[index] ?? schema['items'];
    const problem = isRecord(part) ? schemaProblem(part, value, trans, `${place}[${index}]`) : '';
    if (problem) {
      return problem;
    }
  }
  return '';
}

function objectProblem(schema: Schema, value: Schema, trans: Trans, place: string): string {
  const rest = schema['additionalProperties'];
  if (!isRecord(rest)) {
    return '';
  }
  for (const [key, item] of Object.entries(value)) {
    const problem = schemaProblem(rest, item, trans, place ? `${place}.${key}` : key);
    if (problem) {
      return problem;
    }
  }
  return '';
}

function typeOf(value: unknown): string {
  if (value === null) {
    return 'null';
  }
  if (Array.isArray(value)) {
    return 'array';
  }
  if (typeof value === 'number') {
    return Number.isInteger(value) ? 'integer' : 'number';
  }
  return typeof value;
}

function isRecord(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
