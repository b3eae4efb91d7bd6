/** Writing a declaration into a cell, in the spelling that is wanted, and taking one out. Pure. */
import { renderDeclaration, tagsOf } from './declaration.ts';
import type { Declaration, Metadata } from './declaration.ts';
import { declarationLines } from './lines.ts';

/** How a declaration is written; the words of the settings. */
export const SPELLINGS = ['metadata', '%%register', '%register', '# %register'] as const;
export type WrittenAs = (typeof SPELLINGS)[number];

export interface CellText {
  source: string;
  metadata: Metadata;
}

/** How a declaration that was read is written. */
export function writtenAs(declaration: Declaration): WrittenAs {
  const spelled = { 'cell-magic': '%%register', 'line-magic': '%register', comment: '# %register' } as const;
  return declaration.spelling === 'metadata' || declaration.spelling === 'tag'
    ? 'metadata'
    : spelled[declaration.spelling];
}

/** The cell with this declaration and no other; null takes out what is there. */
export function withDeclaration(
  cell: CellText,
  declaration: Pick<Declaration, 'kind' | 'name' | 'options'> | null,
  spelling: WrittenAs
): CellText {
  const bare = withoutDeclaration(cell);
  if (declaration === null) {
    return bare;
  }
  const words = renderDeclaration(declaration);
  if (spelling !== 'metadata') {
    return { ...bare, source: `${spelling} ${words}\n${bare.source}` };
  }
  if (declaration.kind === 'parameters') {
    // papermill's own tag says the same, and papermill reads it, too.
    return { ...bare, metadata: { ...bare.metadata, tags: [...tagsOf(bare.metadata), 'parameters'] } };
  }
  const ours = bare.metadata['pressrun'];
  return { ...bare, metadata: { ...bare.metadata, pressrun: { ...(isRecord(ours) ? ours : {}), register: words } } };
}

function withoutDeclaration(cell: CellText): CellText {
  const lines = cell.source.split('\n');
  const taken = new Set(declarationLines(lines));
  const metadata: Record<string, unknown> = { ...cell.metadata };
  delete metadata['pressrun.register'];
  if (isRecord(metadata['pressrun'])) {
    const { register: _, ...rest } = metadata['pressrun'];
    metadata['pressrun'] = rest;
    if (Object.keys(rest).length === 0) {
      delete metadata['pressrun'];
    }
  }
  const tags = tagsOf(metadata);
  if (tags.includes('parameters')) {
    metadata['tags'] = tags.filter(tag => tag !== 'parameters');
    if (tags.length === 1) {
      delete metadata['tags'];
    }
  }
  return { source: lines.filter((_line, number) => !taken.has(number)).join('\n'), metadata };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
