/** One row for each registered cell: what it is declared to be, how it stands, what it read and made. Pure. */
import { DeclarationError, parseDeclaration, renderDeclaration } from '../grammar/declaration.ts';
import type { Declaration, Metadata } from '../grammar/declaration.ts';
import type { CellReceipt, NotebookState, Stale } from '../records.ts';
import type { Trans } from '../translated.ts';
import { digestText } from './digest.ts';
import type { CellState } from './facts.ts';

/** A cell of the open notebook, as it is typed now. */
export interface OpenCell {
  index: number;
  id: string;
  type: string;
  source: string;
  metadata: Metadata;
}

/** What is declared in a cell, or why its declaration is wrong. */
export interface CellReading {
  declaration: Declaration | null;
  error: string;
  remedy: string;
  digest: string;
}

export interface StepRow {
  index: number;
  id: string;
  kind: string;
  name: string;
  spelling: string;
  state: CellState;
  why: string;
  receipt: CellReceipt | null;
  needs: ReadonlyArray<string>;
  provides: ReadonlyArray<string>;
}

/** Reads cells and keeps what it read as long as the cell's text and metadata are the same. */
export class CellReader {
  read(cell: OpenCell): CellReading {
    const key = `${JSON.stringify([cell.metadata['pressrun'], cell.metadata['pressrun.register'], cell.metadata['tags']])}\n${cell.source}`;
    const kept = this.#kept.get(cell.id);
    if (kept !== undefined && kept.key === key) {
      return kept.reading;
    }
    const reading = readCell(cell);
    this.#kept.set(cell.id, { key, reading });
    return reading;
  }

  /** Forget the cells that are no longer there. */
  keepOnly(ids: ReadonlySet<string>): void {
    for (const id of this.#kept.keys()) {
      if (!ids.has(id)) {
        this.#kept.delete(id);
      }
    }
  }

  readonly #kept = new Map<string, { key: string; reading: CellReading }>();
}

/** Read one cell. */
export function readCell(cell: OpenCell): CellReading {
  const digest = cell.type === 'code' ? digestText(cell.source) : '';
  if (cell.type !== 'code') {
    return { declaration: null, error: '', remedy: '', digest };
  }
  try {
    return { declaration: parseDeclaration(cell.source, cell.metadata), error: '', remedy: '', digest };
  } catch (error) {
    if (error instanceof DeclarationError) {
      return { declaration: null, error: error.message, remedy: error.remedy, digest };
    }
    throw error;
  }
}

/** The cells that are declared in metadata or by a tag, which the kernel does not see: cell id -> words. */
export function declaredAside(cells: ReadonlyArray<OpenCell>, reader: CellReader): Record<string, string> {
  const found: Record<string, string> = {};
  for (const cell of cells) {
    const declaration = reader.read(cell).declaration;
    if (declaration !== null && (declaration.spelling === 'metadata' || declaration.spelling === 'tag')) {
      found[cell.id] = renderDeclaration(declaration);
    }
  }
  return found;
}

/** What is known beside the cells themselves. */
export interface RowFacts {
  receipts: ReadonlyArray<CellReceipt>;
  running: string;
  /** State of the saved notebook, null while it is not known. */
  saved: NotebookState | null;
}

/** The rows, in the notebook's order. */
export function stepRows(
  cells: ReadonlyArray<OpenCell>,
  reader: CellReader,
  facts: RowFacts,
  trans: Trans
): ReadonlyArray<StepRow> {
  const receipts = new Map(facts.receipts.map(receipt => [receipt.cell_id, receipt]));
  const stale = staleById(facts);
  const steps = facts.saved?.steps ?? [];
  const savedIndex = new Map((facts.saved?.cells ?? []).map(cell => [cell.id, cell.index]));
  const rows: StepRow[] = [];
  for (const cell of cells) {
    const reading = reader.read(cell);
    if (reading.declaration === null && reading.error === '') {
      continue;
    }
    const receipt = receipts.get(cell.id) ?? null;
    const at = savedIndex.get(cell.id);
    const step = steps.find(other => at !== undefined && other.cells.includes(at));
    const standing = stateOfCell(reading, receipt, facts.running === cell.id, stale.get(cell.id) ?? [], trans);
    rows.push({
      index: cell.index,
      id: cell.id,
      kind: reading.declaration?.kind ?? '',
      name: reading.declaration?.name ?? reading.declaration?.kind ?? trans.__('declaration'),
      spelling: reading.declaration?.spelling ?? '',
      ...standing,
      receipt,
      needs: step?.needs ?? [],
      provides: step?.provides ?? []
    });
  }
  return rows;
}

function stateOfCell(
  reading: CellReading,
  receipt: CellReceipt | null,
  isRunning: boolean,
  stale: ReadonlyArray<Stale>,
  trans: Trans
): { state: CellState; why: string } {
  if (reading.error) {
    return { state: 'failed', why: [reading.error, reading.remedy].filter(Boolean).join('. ') };
  }
  if (reading.declaration?.kind === 'skip') {
    return { state: 'left-out', why: '' };
  }
  if (isRunning) {
    return { state: 'running', why: '' };
  }
  if (receipt === null) {
    return { state: 'not-run', why: '' };
  }
  if (receipt.source !== reading.digest) {
    return { state: 'changed', why: trans.__('its code was changed and not run') };
  }
  if (receipt.outcome === 'failed') {
    return { state: 'failed', why: receipt.notes.join(' ') };
  }
  const data = stale.filter(other => other.what === 'data');
  if (data.length > 0) {
    return { state: 'changed', why: data.map(other => other.text).join('; ') };
  }
  return { state: receipt.outcome, why: receipt.outcome === 'partial' ? receipt.notes.join(' ') : '' };
}

/**
 * What the server told to be out of date, as far as it still is: a cell that was captured again since is not.
 *
 * The server is not asked at every run of a cell; what it said is about the receipts that it knew.
 */
export function stillStale(saved: NotebookState | null, receipts: ReadonlyArray<CellReceipt>): ReadonlyArray<Stale> {
  const ids = new Map((saved?.cells ?? []).map(cell => [cell.index, cell.id]));
  const known = new Map((saved?.captured?.cells ?? []).map(receipt => [receipt.cell_id, receipt.created]));
  const newest = new Map(receipts.map(receipt => [receipt.cell_id, receipt.created]));
  return (saved?.stale ?? []).filter(stale => {
    const id = stale.cell === null ? undefined : ids.get(stale.cell);
    return id === undefined || known.get(id) === newest.get(id);
  });
}

function staleById(facts: RowFacts): Map<string, Stale[]> {
  const found = new Map<string, Stale[]>();
  const ids = new Map((facts.saved?.cells ?? []).map(cell => [cell.index, cell.id]));
  for (const stale of stillStale(facts.saved, facts.receipts)) {
    const id = stale.cell === null ? undefined : ids.get(stale.cell);
    if (id !== undefined) {
      found.set(id, [...(found.get(id) ?? []), stale]);
    }
  }
  return found;
}
