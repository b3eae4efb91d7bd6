/** Fields of a form: what they ask for, and what was typed as a value or a problem in words. Pure. */
import type { PanelParameter } from '../records.ts';
import type { Trans } from '../translated.ts';
import { schemaProblem } from './schema.ts';
import type { Schema } from './schema.ts';

/** `long`: several lines. `none`: nothing that can be typed here is accepted. */
export type FieldKind =
  | 'boolean' | 'integer' | 'number' | 'text' | 'long' | 'password' | 'choice' | 'date' | 'json' | 'none';

export interface Choice {
  text: string;
  value: unknown;
}

export interface Field {
  name: string;
  label: string;
  kind: FieldKind;
  help: string;
  /** What stands in the field at first. */
  initial: string;
  /** Whether a field that is left as it is gives its value all the same; a parameter's does not. */
  givesDefault: boolean;
  placeholder: string;
  choices: ReadonlyArray<Choice>;
  isRequired: boolean;
  /** Whether an empty field means null. */
  isNullable: boolean;
  /** Text that has to be typed exactly, empty for any. */
  mustBe: string;
  schema: Schema;
}

/** What a field gives: nothing (its default), a value, or a problem. */
export type Reading = { given: false } | { given: true; value: unknown } | { problem: string };

/** A field with everything that is not said left at its usual. */
export function field(name: string, label: string, kind: FieldKind, rest: Partial<Field> = {}): Field {
  return {
    name,
    label,
    kind,
    help: '',
    initial: '',
    givesDefault: true,
    placeholder: '',
    choices: [],
    isRequired: false,
    isNullable: false,
    mustBe: '',
    schema: {},
    ...rest
  };
}

/** The field that asks for a parameter. */
export function parameterField(parameter: PanelParameter, trans: Trans): Field {
  const { schema, isNullable } = withoutNull(parameter.schema);
  const kind = kindOf(schema);
  const choices = Array.isArray(schema['enum']) ? schema['enum'].map(value => ({ text: choiceText(value), value })) : [];
  const isRequired = parameter.expression === '' && !parameter.secret;
  const notes = [parameter.help];
  if (parameter.derived_from.length > 0) {
    notes.push(trans.__('Computed from %1 unless given.', parameter.derived_from.join(', ')));
  }
  if (parameter.secret) {
    notes.push(trans.__('A reference such as secret://NAME, never the secret itself.'));
  }
  if (kind === 'none') {
    notes.push(trans.__('A value of this type can only be given on the command line.'));
  }
  return field(parameter.name, `${parameter.name}: ${parameter.type}`, kind, {
    help: notes.filter(Boolean).map(sentence).join(' '),
    initial: initialText(parameter.value, kind, choices),
    placeholder: parameter.secret ? 'secret://' : parameter.value === null ? parameter.expression : '',
    choices,
    givesDefault: false,
    isRequired,
    isNullable,
    schema
  });
}

/** Read what stands in a field. */
export function readField(asked: Field, text: string, trans: Trans): Reading {
  if (asked.kind === 'none' || (text === asked.initial && !asked.givesDefault && !asked.isRequired)) {
    return { given: false };
  }
  if (asked.mustBe && text.trim() !== asked.mustBe) {
    return { problem: trans.__('Type %1 to be sure.', asked.mustBe) };
  }
  if (text.trim() === '' && asked.kind !== 'boolean') {
    return empty(asked, text, trans);
  }
  const found = converted(asked, text, trans);
  if ('problem' in found) {
    return found;
  }
  const problem = schemaProblem(asked.schema, found.value, trans);
  return problem ? { problem } : { given: true, value: found.value };
}

function empty(asked: Field, text: string, trans: Trans): Reading {
  if (asked.isNullable) {
    return { given: true, value: null };
  }
  const isText = asked.kind === 'text' || asked.kind === 'long';
  if (isText && !asked.isRequired) {
    return { given: true, value: text };
  }
  return asked.isRequired || asked.initial !== ''
    ? { problem: trans.__('A value is needed.') }
    : { given: false };
}

function converted(asked: Field, text: string, trans: Trans): { value: unknown } | { problem: string } {
  const trimmed = text.trim();
  switch (asked.kind) {
    case 'boolean':
      return { value: text === 'true' };
    case 'integer':
      return integer(trimmed, trans);
    case 'number': {
      const value = Number(trimmed);
      return Number.isFinite(value) ? { value } : { problem: trans.__('This is no number.') };
    }
    case 'choice': {
      const choice = asked.choices.find(other => other.text === text);
      return choice ? { value: choice.value } : { problem: trans.__('Choose one of the values.') };
    }
    case 'date':
      return isDate(trimmed) ? { value: trimmed } : { problem: trans.__('A date is written YYYY-MM-DD.') };
    case 'json':
      return json(trimmed, trans);
    default:
      return { value: text };
  }
}

function integer(text: string, trans: Trans): { value: unknown } | { problem: string } {
  if (!/^[+-]?\d+$/.test(text)) {
    return { problem: trans.__('This is no whole number.') };
  }
  const value = Number(text);
  return Number.isSafeInteger(value)
    ? { value }
    : { problem: trans.__('A number as large as this can only be given on the command line.') };
}

function json(text: string, trans: Trans): { value: unknown } | { problem: string } {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { problem: trans.__('This is no JSON: %1', why) };
  }
}

function isDate(text: string): boolean {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? new Date(`${text}T00:00:00Z`) : null;
  return time !== null && !Number.isNaN(time.getTime()) && time.toISOString().startsWith(text);
}

function kindOf(schema: Schema): FieldKind {
  if (Array.isArray(schema['enum'])) {
    return 'choice';
  }
  if (schema['not'] !== undefined) {
    return 'none';
  }
  const type = schema['type'];
  if (type === 'boolean' || type === 'integer' || type === 'number') {
    return type;
  }
  if (type === 'string') {
    return schema['format'] === 'date' ? 'date' : 'text';
  }
  return Array.isArray(type) && type.includes('string') ? 'text' : 'json';
}

/** A schema of `anyOf` one thing and null, as that one thing that may be null. */
function withoutNull(schema: Schema): { schema: Schema; isNullable: boolean } {
  const parts = schema['anyOf'];
  if (!Array.isArray(parts) || !parts.every(isSchema)) {
    return { schema, isNullable: false };
  }
  const others = parts.filter(part => part['type'] !== 'null');
  const only = others[0];
  return others.length === 1 && only !== undefined && others.length < parts.length
    ? { schema: only, isNullable: true }
    : { schema, isNullable: false };
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function initialText(value: unknown, kind: FieldKind, choices: ReadonlyArray<Choice>): string {
  if (kind === 'choice') {
    return choices.some(choice => choice.value === value) ? choiceText(value) : '';
  }
  if (kind === 'boolean') {
    return value === true ? 'true' : 'false';
  }
  if (value === null || value === undefined || kind === 'none') {
    return '';
  }
  return kind === 'json' ? JSON.stringify(value) : String(value);
}

function sentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

function choiceText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
