/**
 * What is known of one open notebook: its cells, the kernel's captures, the server's state, its jobs.
 *
 * No DOM, no React. While the panel is hidden nothing is asked; what changed meanwhile is asked for when it is shown.
 */
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import type { About, CellReceipt, Job, JobChanged, NotebookState, PanelVersion } from '../records.ts';
import { RequestError } from '../server/client.ts';
import type { Client } from '../server/client.ts';
import { isRunning, withChange, withJob } from '../server/jobs.ts';
import type { Trans } from '../translated.ts';
import type { Facts, ServerState } from './facts.ts';
import { CellReader, stepRows } from './rows.ts';
import type { StepRow } from './rows.ts';
import type { OpenNotebook } from './source.ts';
import { stateOf } from './state.ts';
import type { PanelState } from './state.ts';

/** What the model needs from outside. */
export interface Surroundings {
  client: Client;
  trans: Trans;
  /** Milliseconds. */
  now: () => number;
}

export class NotebookModel {
  constructor(source: OpenNotebook, surroundings: Surroundings) {
    this.source = source;
    this._around = surroundings;
    source.changed.connect(this._onChanged, this);
    source.saved.connect(this._onSaved, this);
  }

  readonly source: OpenNotebook;

  /** Anything that is shown changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  get about(): About | null {
    return this._about;
  }

  /** State of the saved notebook as the server told it, null while it has not. */
  get saved(): NotebookState | null {
    return this._saved;
  }

  get jobs(): ReadonlyArray<Job> {
    return this._jobs;
  }

  get isRefreshing(): boolean {
    return this._isRefreshing;
  }

  get rows(): ReadonlyArray<StepRow> {
    this._rows ??= this._makeRows();
    return this._rows;
  }

  get state(): PanelState {
    this._state ??= stateOf(this.facts, this._around.trans);
    return this._state;
  }

  /** The newest receipt of each cell, as the kernel knows it, else as it was kept on disk. */
  get receipts(): ReadonlyArray<CellReceipt> {
    const kept = this._saved?.captured?.cells ?? [];
    const live = this.source.channel?.view?.captured?.cells ?? [];
    const ids = new Set(live.map(receipt => receipt.cell_id));
    return [...live, ...kept.filter(receipt => !ids.has(receipt.cell_id))];
  }

  get facts(): Facts {
    const { source, _saved: saved } = this;
    const channel = source.channel;
    const view = channel?.view ?? null;
    const cells = source.cells();
    const busy = source.busy;
    const busyCell = busy === null ? undefined : cells.find(cell => cell.id === busy.id);
    const job = this._jobs[0] ?? null;
    const version = saved?.versions?.versions.find(other => other.source !== '' && other.source === saved.source) ?? null;
    return {
      notebook: source.name,
      language: source.language || (saved?.language ?? ''),
      server: this._server,
      serverMessage: this._error?.message ?? '',
      serverRemedy: this._error?.remedy ?? '',
      isKnown: saved !== null || (this._about !== null && !this._about.root),
      isRooted: this._about?.root ?? true,
      mayWrite: this._about?.write ?? true,
      kernel: source.kernel,
      channel: channel?.state ?? 'connecting',
      channelProblem: channel?.refusal || (view !== null && !view.capture ? view.problem : ''),
      kernelVersion: view?.extension ?? '',
      serverVersion: this._about?.version ?? '',
      busy: busy === null || busyCell === undefined ? null : { index: busyCell.index, since: busy.since },
      now: this._around.now(),
      isUnsaved: source.isUnsaved,
      cells: this.rows.map(row => ({ index: row.index, id: row.id, state: row.state, why: row.why })),
      stale: lostCells(saved),
      partial: view?.captured?.partial ?? saved?.captured?.partial ?? [],
      problem: saved?.problems.find(problem => problem.level === 'error') ?? null,
      job,
      isJobCurrent: job !== null && this._isCurrent(job),
      packaged: this._jobs.find(other => other.kind === 'package' && other.bundle !== '' && this._isCurrent(other)) ?? null,
      version,
      nextNumber: (saved?.versions?.versions[0]?.number ?? 0) + 1,
      rolledBack: rolledBackTo(saved, version)
    };
  }

  /** Shown or hidden; what was missed while hidden is asked for when it is shown. */
  set isShown(value: boolean) {
    this._isShown = value;
    if (value && this._isOld) {
      void this.refresh();
    }
  }

  /** Ask the server for everything about the notebook; while one question is under way, once more after it. */
  async refresh(): Promise<void> {
    this._isOld = true;
    if (!this._isShown || this._isDisposed) {
      return;
    }
    if (this._isRefreshing) {
      this._isAgain = true;
      return;
    }
    this._isRefreshing = true;
    this._emit();
    try {
      do {
        this._isAgain = false;
        this._isOld = false;
        await this._ask();
      } while (this._isAgain && this._isShown && !this._isDisposed);
    } finally {
      this._isRefreshing = false;
      this._emit();
    }
  }

  /** A job was started or told in full. */
  takeJob(job: Job): void {
    this._jobs = withJob(this._jobs, job);
    this._emit();
  }

  /** The server tells that a job changed. */
  takeChange(change: JobChanged): void {
    if (change.job.notebook !== this.source.path) {
      return;
    }
    const wasRunning = this._jobs.some(job => job.id === change.job.id && isRunning(job));
    this._jobs = withChange(this._jobs, change);
    this._emit();
    if (wasRunning && !isRunning(change.job)) {
      void this.refresh();
    }
  }

  /** Time went on: what is shown of running cells and jobs is told anew. */
  tick(): void {
    this._emit();
  }

  /** Whether something moves, so that the clock matters. */
  get isMoving(): boolean {
    return this.source.busy !== null || this._jobs.some(isRunning);
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  private async _ask(): Promise<void> {
    const { client } = this._around;
    const path = this.source.path;
    try {
      this._about ??= await client.about();
      this._saved = this._about.root ? await client.notebook(path) : null;
      this._jobs = this._saved?.jobs ?? [];
      this._server = 'ready';
      this._error = null;
    } catch (error) {
      if (!(error instanceof RequestError)) {
        throw error;
      }
      this._server = serverState(error);
      this._error = error;
    }
  }

  private _isCurrent(job: Job): boolean {
    return !this.source.isUnsaved && (job.source === '' || job.source === this._saved?.source);
  }

  private _makeRows(): ReadonlyArray<StepRow> {
    const cells = this.source.cells();
    this._reader.keepOnly(new Set(cells.map(cell => cell.id)));
    const running = this.source.channel?.view?.running ?? '';
    const facts = { receipts: this.receipts, running, saved: this._saved };
    return stepRows(cells, this._reader, facts, this._around.trans);
  }

  private _onChanged(): void {
    this._emit();
  }

  private _onSaved(): void {
    void this.refresh();
  }

  private _emit(): void {
    this._rows = null;
    this._state = null;
    this._changed.emit();
  }

  private readonly _around: Surroundings;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _reader = new CellReader();
  private _about: About | null = null;
  private _saved: NotebookState | null = null;
  private _jobs: ReadonlyArray<Job> = [];
  private _server: ServerState = 'asking';
  private _error: RequestError | null = null;
  private _rows: ReadonlyArray<StepRow> | null = null;
  private _state: PanelState | null = null;
  private _isShown = false;
  private _isOld = true;
  private _isRefreshing = false;
  private _isAgain = false;
  private _isDisposed = false;
}

function serverState(error: RequestError): ServerState {
  if (error.status === 0) {
    return 'unreachable';
  }
  if (error.status === 403 || error.status === 401) {
    return 'forbidden';
  }
  // Jupyter Server answers 404 to a route that it does not have; ours always tells where and what.
  return error.status === 404 && error.remedy === '' ? 'missing' : 'failed';
}

function lostCells(saved: NotebookState | null): string[] {
  return (saved?.stale ?? []).filter(stale => stale.cell === null).map(stale => stale.about || stale.text);
}

function rolledBackTo(saved: NotebookState | null, version: PanelVersion | null): Facts['rolledBack'] {
  for (const other of saved?.versions?.versions ?? []) {
    const place = other.live.find(live => live.how === 'rollback');
    if (place !== undefined && version !== null && other.number < version.number) {
      return { version: other, place };
    }
  }
  return null;
}
