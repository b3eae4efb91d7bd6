/**
 * What is known of one open notebook: its cells, the kernel's captures, the server's state, its jobs.
 *
 * No DOM, no React. While the panel is hidden nothing is asked; what changed meanwhile is asked for when it is shown.
 */
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import type { About, CellReceipt, Job, JobChanged, NotebookState, PanelVersion, Stale } from '../records.ts';
import { PROTOCOL } from '../records.ts';
import { RequestError } from '../server/client.ts';
import type { Client } from '../server/client.ts';
import { isRunning, withChange, withJob } from '../server/jobs.ts';
import type { Trans } from '../translated.ts';
import type { Facts, ServerState } from './facts.ts';
import { CellReader, declaredAside, stepRows, stillStale } from './rows.ts';
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
    this.#around = surroundings;
    source.changed.connect(this.#onChanged, this);
    source.saved.connect(this.#onSaved, this);
  }

  readonly source: OpenNotebook;

  /** Anything that is shown changed. */
  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  get isDisposed(): boolean {
    return this.#isDisposed;
  }

  get about(): About | null {
    return this.#about;
  }

  /** State of the saved notebook as the server told it, null while it has not. */
  get saved(): NotebookState | null {
    return this.#saved;
  }

  get jobs(): ReadonlyArray<Job> {
    return this.#jobs;
  }

  get isRefreshing(): boolean {
    return this.#isRefreshing;
  }

  get rows(): ReadonlyArray<StepRow> {
    this.#rows ??= this.#makeRows();
    return this.#rows;
  }

  get state(): PanelState {
    this.#state ??= stateOf(this.facts, this.#around.trans);
    return this.#state;
  }

  /** The newest receipt of each cell: what the kernel tells, or told before it was restarted, and what is on disk. */
  get receipts(): ReadonlyArray<CellReceipt> {
    const view = this.source.channel?.view ?? null;
    const newest = new Map<string, CellReceipt>();
    for (const receipt of [...(this.#saved?.captured?.cells ?? []), ...(view?.captured?.cells ?? this.#told)]) {
      const known = newest.get(receipt.cell_id);
      if (known === undefined || known.created <= receipt.created) {
        newest.set(receipt.cell_id, receipt);
      }
    }
    return [...newest.values()];
  }

  /** What is not as it was captured, as the server saw it, without what was captured again since. */
  get stale(): ReadonlyArray<Stale> {
    return stillStale(this.#saved, this.receipts);
  }

  get facts(): Facts {
    this.#facts ??= this.#makeFacts();
    return this.#facts;
  }

  #makeFacts(): Facts {
    const { source } = this;
    const saved = this.#saved;
    const channel = source.channel;
    const view = channel?.view ?? null;
    const cells = source.cells();
    const busy = source.busy;
    const busyCell = busy === null ? undefined : cells.find(cell => cell.id === busy.id);
    const job = this.#jobs[0] ?? null;
    const version = saved?.versions?.versions.find(other => other.source !== '' && other.source === saved.source) ?? null;
    return {
      notebook: source.name,
      language: source.language || (saved?.language ?? ''),
      server: this.#server,
      serverMessage: this.#error?.message ?? '',
      serverRemedy: this.#error?.remedy ?? '',
      isKnown: saved !== null || (this.#about !== null && !this.#about.root),
      isRooted: this.#about?.root ?? true,
      mayWrite: this.#about?.write ?? true,
      kernel: source.kernel,
      channel: channel?.state ?? 'connecting',
      channelProblem: channel?.refusal || (view !== null && !view.capture ? view.problem : ''),
      kernelVersion: view?.extension ?? '',
      serverVersion: this.#about?.version ?? '',
      busy: busy === null || busyCell === undefined ? null : { index: busyCell.index, since: busy.since },
      now: this.#around.now(),
      isUnsaved: source.isUnsaved,
      cells: this.rows.map(row => ({ index: row.index, id: row.id, state: row.state, why: row.why })),
      stale: this.stale.filter(stale => stale.cell === null).map(stale => stale.about || stale.text),
      partial: view?.captured?.partial ?? saved?.captured?.partial ?? [],
      problem: saved?.problems.find(problem => problem.level === 'error') ?? null,
      job,
      isJobCurrent: job !== null && this.#isCurrent(job),
      packaged: this.#jobs.find(other => other.kind === 'package' && other.bundle !== '' && this.#isCurrent(other)) ?? null,
      version,
      nextNumber: (saved?.versions?.versions[0]?.number ?? 0) + 1,
      rolledBack: rolledBackTo(saved, version)
    };
  }

  /** Shown or hidden; what was missed while hidden is asked for when it is shown. */
  set isShown(value: boolean) {
    this.#isShown = value;
    if (value && this.#isOld) {
      void this.refresh();
    }
  }

  /** Ask the server for everything about the notebook; while one question is under way, once more after it. */
  async refresh(): Promise<void> {
    this.#isOld = true;
    if (!this.#isShown || this.#isDisposed) {
      return;
    }
    if (this.#isRefreshing) {
      this.#isAgain = true;
      return;
    }
    this.#isRefreshing = true;
    this.#emit();
    try {
      do {
        this.#isAgain = false;
        this.#isOld = false;
        await this.#ask();
      } while (this.#isAgain && this.#isShown && !this.#isDisposed);
    } finally {
      this.#isRefreshing = false;
      this.#emit();
    }
  }

  /** A job was started or told in full. */
  takeJob(job: Job): void {
    this.#jobs = withJob(this.#jobs, job);
    this.#emit();
  }

  /** The server tells that a job changed. */
  takeChange(change: JobChanged): void {
    if (change.job.notebook !== this.source.path) {
      return;
    }
    const wasRunning = this.#jobs.some(job => job.id === change.job.id && isRunning(job));
    this.#jobs = withChange(this.#jobs, change);
    this.#emit();
    if (wasRunning && !isRunning(change.job)) {
      void this.refresh();
    }
  }

  /** Time went on: what is shown of running cells and jobs is told anew. */
  tick(): void {
    this.#emit();
  }

  /** Whether something moves, so that the clock matters. */
  get isMoving(): boolean {
    return this.source.busy !== null || this.#jobs.some(isRunning);
  }

  dispose(): void {
    this.#isDisposed = true;
    Signal.clearData(this);
  }

  async #ask(): Promise<void> {
    const { client } = this.#around;
    const path = this.source.path;
    try {
      this.#about ??= await client.about();
      if (this.#about.protocol !== PROTOCOL) {
        this.#server = 'other';
        this.#about = null;
        return;
      }
      this.#saved = this.#about.root ? await client.notebook(path) : null;
      this.#jobs = this.#saved?.jobs ?? [];
      this.#server = 'ready';
      this.#error = null;
    } catch (error) {
      if (!(error instanceof RequestError)) {
        throw error;
      }
      this.#server = serverState(error, this.#about !== null);
      this.#error = error;
    }
  }

  #isCurrent(job: Job): boolean {
    return !this.source.isUnsaved && (job.source === '' || job.source === this.#saved?.source);
  }

  #makeRows(): ReadonlyArray<StepRow> {
    const cells = this.source.cells();
    this.#reader.keepOnly(new Set(cells.map(cell => cell.id)));
    const running = this.source.channel?.view?.running ?? '';
    const facts = { receipts: this.receipts, running, saved: this.#saved };
    return stepRows(cells, this.#reader, facts, this.#around.trans);
  }

  #onChanged(): void {
    const view = this.source.channel?.view ?? null;
    const isLost = this.#isConnected && view === null;
    this.#isConnected = view !== null;
    this.#told = view?.captured?.cells ?? this.#told;
    this.#emit();
    this.#declare();
    if (isLost) {
      void this.refresh(); // What the kernel told is on disk by now, and only the server can say so.
    }
  }

  /** Settles when the kernel has heard what it cannot see; cells that run before are not captured. */
  get declaring(): Promise<unknown> {
    return this.#declaring;
  }

  /** Tell the kernel what it cannot see, each time that it is another map, and each kernel session anew. */
  #declare(): void {
    const channel = this.source.channel;
    const view = channel?.view ?? null;
    if (channel === null || view === null) {
      this.#declared = '';
      return;
    }
    const declared = declaredAside(this.source.cells(), this.#reader);
    const told = JSON.stringify([view.session, declared]);
    const isFirst = this.#declared === '';
    if (told !== this.#declared && !(isFirst && Object.keys(declared).length === 0)) {
      this.#declared = told;
      this.#declaring = channel.declare(declared);
    }
  }

  #onSaved(): void {
    void this.refresh();
  }

  #emit(): void {
    this.#rows = null;
    this.#facts = null;
    this.#state = null;
    this.#changed.emit();
  }

  readonly #around: Surroundings;
  readonly #changed = new Signal<this, void>(this);
  readonly #reader = new CellReader();
  #declared = '';
  #declaring: Promise<unknown> = Promise.resolve();
  #told: ReadonlyArray<CellReceipt> = [];
  #isConnected = false;
  #about: About | null = null;
  #saved: NotebookState | null = null;
  #jobs: ReadonlyArray<Job> = [];
  #server: ServerState = 'asking';
  #error: RequestError | null = null;
  #rows: ReadonlyArray<StepRow> | null = null;
  #facts: Facts | null = null;
  #state: PanelState | null = null;
  #isShown = false;
  #isOld = true;
  #isRefreshing = false;
  #isAgain = false;
  #isDisposed = false;
}

function serverState(error: RequestError, isOurs: boolean): ServerState {
  if (error.status === 0) {
    return 'unreachable';
  }
  if (error.status === 403 || error.status === 401) {
    return 'forbidden';
  }
  // A server that has told what it is has the extension; from then on 404 is about what was asked for.
  return error.status === 404 && !isOurs ? 'missing' : 'failed';
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
