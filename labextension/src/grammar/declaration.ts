/**
 * The `%%register` grammar: what a code cell says of itself, in four spellings and papermill's tag.
 *
 * The same rules as `pressrun.notebook.grammar`; both pass `tests/fixtures/declarations.json`. The messages are that
 * module's, word for word, and therefore not translated. Pure.
 */
import { declarationLines, isCommand, logicalLineStarts, spelledLine } from './lines.ts';
import { edits, nearMatch } from './near.ts';
import { joinWords, splitWords } from './words.ts';

export const KINDS = [
  'parameters', 'step', 'data', 'features', 'model', 'metrics', 'check', 'report', 'skip'
] as const;
export type Kind = (typeof KINDS)[number];
export type Spelling = 'cell-magic' | 'line-magic' | 'comment' | 'metadata' | 'tag';

/** KINDs whose declaration needs a NAME; the others take none. */
export const NAMED_KINDS: ReadonlyArray<Kind> = ['step', 'data', 'features', 'model', 'check'];
const OPTIONS: Partial<Record<Kind, ReadonlyArray<string>>> = {
  features: ['entity', 'time'],
  model: ['object', 'predict', 'sample']
};
const KEYWORDS = new Set(
  ('False None True and as assert async await break class continue def del elif else except finally for from global ' +
    'if import in is lambda nonlocal not or pass raise return try while with yield').split(' ')
);
const NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,127}$/;
const DEVICE = /^(?:con|nul|aux|prn|com[0-9]|lpt[0-9])(?:\..*)?$/i;
const IDENTIFIER = /^[\p{XID_Start}_]\p{XID_Continue}*$/u;

/** What one cell is declared to be. */
export interface Declaration {
  kind: Kind;
  name: string | null;
  options: Readonly<Record<string, string>>;
  spelling: Spelling;
}

/** A declaration is wrong, misplaced, or contradicts another one of the same cell. */
export class DeclarationError extends Error {
  readonly remedy: string;
  /** 1-based line, null for metadata and tags. */
  readonly line: number | null;

  constructor(what: string, remedy: string, line: number | null) {
    super(what);
    this.name = 'DeclarationError';
    this.remedy = remedy;
    this.line = line;
  }
}

/** Metadata of a cell: JSON. */
export type Metadata = Readonly<Record<string, unknown>>;

/** Return what a code cell is declared to be, null when it says nothing; throws `DeclarationError`. */
export function parseDeclaration(source: string, metadata: Metadata): Declaration | null {
  const found: Array<{ line: number | null; declaration: Declaration }> = [];
  const lines = source.split('\n');
  for (const number of declarationLines(lines)) {
    const spelled = spelledLine(lines[number] ?? '');
    if (spelled !== null) {
      const line = number + 1;
      found.push({ line, declaration: parseWords(spelled.words, spelled.spelling, line) });
    }
  }
  refuseMisplaced(source, lines);
  for (const value of metadataValues(metadata)) {
    found.push({ line: null, declaration: fromMetadata(value) });
  }
  if (tagsOf(metadata).includes('parameters')) {
    found.push({ line: null, declaration: { kind: 'parameters', name: null, options: {}, spelling: 'tag' } });
  }
  const first = found[0]?.declaration;
  if (first === undefined) {
    return null;
  }
  for (const { line, declaration } of found.slice(1)) {
    if (meaning(declaration) !== meaning(first)) {
      throw new DeclarationError(
        `${quoted(renderDeclaration(declaration))} contradicts ${quoted(renderDeclaration(first))}`,
        'A cell is declared once: keep one of them, or make them equal.',
        line
      );
    }
  }
  return first;
}

/** Parse what follows `%%register`. */
export function parseWords(text: string, spelling: Spelling, line: number | null = null): Declaration {
  let words: string[];
  try {
    words = splitWords(text);
  } catch (error) {
    throw new DeclarationError(`the words ${quoted(text.trim())} cannot be split: ${String(error)}`, '', line);
  }
  const { plain, options } = separate(words, line);
  const { kind, name } = kindAndName(plain, line);
  return checked(kind, name, options, spelling, line);
}

/** Return the words that `parseWords` reads as the same declaration. */
export function renderDeclaration(declaration: Pick<Declaration, 'kind' | 'name' | 'options'>): string {
  const options = Object.entries(declaration.options).flatMap(([option, value]) => [`--${option}`, value]);
  return joinWords([declaration.kind, ...(declaration.name === null ? [] : [declaration.name]), ...options]);
}

/** Tags of a cell's metadata. */
export function tagsOf(metadata: Metadata): string[] {
  const tags = metadata['tags'];
  return Array.isArray(tags) ? tags.filter(tag => typeof tag === 'string') : [];
}

/** Refuse a declaration that is not at the top: it would be ignored, or fail when the cell runs. */
function refuseMisplaced(source: string, lines: ReadonlyArray<string>): void {
  if (!source.includes('%register')) {
    return;
  }
  const top = new Set(declarationLines(lines));
  for (const number of logicalLineStarts(source)) {
    const line = lines[number] ?? '';
    const spelled = spelledLine(line);
    if (top.has(number) || isCommand(line) || spelled === null) {
      continue;
    }
    if (spelled.spelling === 'comment' && !isMeant(spelled.words)) {
      continue;
    }
    throw new DeclarationError(
      `the declaration ${quoted(line.trim())} is not the cell's first line`,
      'Move it to the top of the cell, above comments and other cell magics.',
      number + 1
    );
  }
}

/** Whether a comment further down is a declaration and not prose that mentions one. */
function isMeant(words: string): boolean {
  try {
    parseWords(words, 'comment');
  } catch (error) {
    if (error instanceof DeclarationError) {
      return false;
    }
    throw error;
  }
  return true;
}

function metadataValues(metadata: Metadata): unknown[] {
  const ours = metadata['pressrun'];
  const nested = isRecord(ours) ? ours['register'] : undefined;
  return [nested, metadata['pressrun.register']].filter(value => value !== undefined && value !== null);
}

function fromMetadata(value: unknown): Declaration {
  if (typeof value === 'string') {
    return parseWords(value, 'metadata');
  }
  const remedy = 'Write the words as one string, or {"kind": ..., "name": ..., "options": {...}}.';
  if (!isRecord(value)) {
    throw new DeclarationError(`a declaration is no ${pythonType(value)}`, remedy, null);
  }
  const unknown = Object.keys(value).find(key => !['kind', 'name', 'options'].includes(key));
  if (unknown !== undefined) {
    const hint = sentence(nearMatch(unknown, ['kind', 'name', 'options']));
    throw new DeclarationError(`unknown field ${quoted(unknown)}`, hint || remedy, null);
  }
  const { kind, name, options } = { kind: value['kind'], name: value['name'] ?? null, options: value['options'] || {} };
  if (typeof kind !== 'string' || !(name === null || typeof name === 'string') || !isTextMap(options)) {
    throw new DeclarationError('kind, name and option values are strings', remedy, null);
  }
  if (!isKind(kind)) {
    const hint = sentence(nearMatch(kind, KINDS)) || `KINDs: ${KINDS.join(', ')}.`;
    throw new DeclarationError(`${quoted(kind)} is no KIND`, hint, null);
  }
  return checked(kind, name, options, 'metadata', null);
}

function separate(words: ReadonlyArray<string>, line: number | null): {
  plain: string[];
  options: Record<string, string>;
} {
  const plain: string[] = [];
  const options: Record<string, string> = {};
  for (let position = 0; position < words.length; position += 1) {
    const word = words[position] ?? '';
    if (!word.startsWith('-')) {
      plain.push(word);
      continue;
    }
    if (!word.startsWith('--') || word.length === 2) {
      throw new DeclarationError(`${quoted(word)} is no option`, 'Options are written --option value.', line);
    }
    const equals = word.indexOf('=');
    const option = equals < 0 ? word.slice(2) : word.slice(2, equals);
    let value = word.slice(equals + 1);
    if (equals < 0) {
      position += 1;
      value = words[position] ?? '';
      if (value.startsWith('--') || !value) {
        throw new DeclarationError(`--${option} needs a value`, '', line);
      }
    }
    if (Object.hasOwn(options, option)) {
      throw new DeclarationError(`--${option} is given twice`, '', line);
    }
    options[option] = value;
  }
  return { plain, options };
}

function kindAndName(plain: ReadonlyArray<string>, line: number | null): { kind: Kind; name: string | null } {
  const usage = `Write KIND [NAME] [--option value]...; KINDs: ${KINDS.join(', ')}.`;
  const [first, second, third] = plain;
  if (first === undefined) {
    throw new DeclarationError('the declaration is empty', usage, line);
  }
  if (third !== undefined) {
    throw new DeclarationError(`unexpected word ${quoted(third)}`, extraWordRemedy(third, usage), line);
  }
  if (isKind(first)) {
    return { kind: first, name: second ?? null };
  }
  const meant = nearKind(first);
  if (second !== undefined) {
    const hint = meant ? `Did you mean '${meant}'?` : sentence(nearMatch(first, KINDS));
    throw new DeclarationError(`${quoted(first)} is no KIND`, hint || extraWordRemedy(second, usage), line);
  }
  if (meant) {
    throw new DeclarationError(
      `${quoted(first)} is no KIND, and too near to one to be taken for the name of a step`,
      `Did you mean '${meant}'? If it is a name, write 'step ${first}'.`,
      line
    );
  }
  return { kind: 'step', name: first };
}

function checked(
  kind: Kind,
  name: string | null,
  options: Readonly<Record<string, string>>,
  spelling: Spelling,
  line: number | null
): Declaration {
  const allowed = OPTIONS[kind] ?? [];
  for (const [option, value] of Object.entries(options)) {
    if (!allowed.includes(option)) {
      const listed = allowed.length > 0 ? `Options of ${kind}: ${allowed.map(name => `--${name}`).join(', ')}.` : '';
      const remedy = sentence(nearMatch(option, allowed)) || listed || `KIND ${kind} has no options.`;
      throw new DeclarationError(`unknown option --${option} of KIND ${kind}`, remedy, line);
    }
    checkValue(option, value, line);
  }
  const named = NAMED_KINDS.includes(kind);
  if (name === null && named) {
    throw new DeclarationError(`KIND ${kind} needs a NAME`, `Write '${kind} NAME'.`, line);
  }
  if (name !== null && !named) {
    const remedy = extraWordRemedy(name, `Write '${kind}'.`);
    throw new DeclarationError(`KIND ${kind} takes no NAME, found ${quoted(name)}`, remedy, line);
  }
  const bad = name === null ? null : badName(name);
  if (name !== null && bad !== null) {
    throw new DeclarationError(`bad name ${quoted(name)}: ${bad.why}`, bad.remedy, line);
  }
  const ordered = Object.fromEntries(allowed.filter(o => Object.hasOwn(options, o)).map(o => [o, options[o] ?? '']));
  return { kind, name, options: ordered, spelling };
}

/** Why a name cannot be a folder, a file, a task and part of a function name on every system; null when it can. */
export function badName(name: string): { why: string; remedy: string } | null {
  if (!NAME.test(name)) {
    const repaired = name.replace(/[^A-Za-z0-9_.-]+/g, '_').replace(/^[_.-]+|[_.-]+$/g, '').slice(0, 128);
    const why = "a NAME is 1 to 128 letters, digits, '_', '.' or '-', and starts with a letter";
    return { why, remedy: NAME.test(repaired) ? `For example ${quoted(repaired)}.` : '' };
  }
  if (name.endsWith('.')) {
    return { why: 'a NAME does not end with a dot', remedy: `For example ${quoted(name.replace(/\.+$/, ''))}.` };
  }
  if (DEVICE.test(name)) {
    return { why: 'it is reserved on Windows', remedy: name.includes('.') ? '' : `For example ${quoted(`${name}_`)}.` };
  }
  if (/^cell-[0-9]+$/.test(name)) {
    return { why: "'cell-<number>' names cells that have no name", remedy: 'Choose another name.' };
  }
  return null;
}

function checkValue(option: string, value: string, line: number | null): void {
  if (option === 'entity' || option === 'time') {
    if (!value.trim()) {
      throw new DeclarationError(`--${option} needs the name of a column`, '', line);
    }
    return;
  }
  const parts = option === 'predict' ? value.split('.') : [value];
  if (!parts.every(part => IDENTIFIER.test(part) && !KEYWORDS.has(part))) {
    const noun = option === 'predict' ? 'a function, for example predict or model.predict_proba' : 'a variable';
    throw new DeclarationError(`--${option} ${quoted(value)} is no identifier`, `Name ${noun}.`, line);
  }
}

function nearKind(word: string): Kind | null {
  const lower = word.toLowerCase();
  if (lower === 'param' || lower === 'params') {
    return 'parameters';
  }
  return KINDS.find(kind => edits(lower, kind) <= (kind.length > 6 ? 2 : 1)) ?? null;
}

function isKind(word: string): word is Kind {
  return KINDS.some(kind => kind === word);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTextMap(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every(item => typeof item === 'string');
}

function pythonType(value: unknown): string {
  if (typeof value === 'number') {
    return Number.isInteger(value) ? 'int' : 'float';
  }
  return typeof value === 'boolean' ? 'bool' : 'list';
}

function extraWordRemedy(word: string, usage: string): string {
  return word.startsWith('#') ? 'A declaration has no trailing comment.' : usage;
}

function meaning(declaration: Declaration): string {
  return renderDeclaration(declaration);
}

function sentence(hint: string): string {
  return hint.charAt(0).toUpperCase() + hint.slice(1);
}

/** A text as Python's `repr` shows it. */
function quoted(text: string): string {
  const escapes: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };
  const escaped = text.replace(/[\\\n\r\t]/g, letter => escapes[letter] ?? letter);
  return text.includes("'") && !text.includes('"') ? `"${escaped}"` : `'${escaped.replaceAll("'", "\\'")}'`;
}
