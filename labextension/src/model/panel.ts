/** The model of the whole panel: which notebook is current, and what the server tells of jobs. No DOM, no React. */
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import type { About, PanelHealth } from '../records.ts';
import { RequestError } from '../server/client.ts';
import { isRunning, readChange } from '../server/jobs.ts';
import type { Facts } from './facts.ts';
import { NotebookModel } from './notebook.ts';
import type { Surroundings } from './notebook.ts';
import type { OpenNotebook } from './source.ts';
import { stateOf } from './state.ts';
import type { PanelState } from './state.ts';

/** Identifier of the events that tell of jobs. */
export const JOB_EVENT = 'https://pressrun.dev/events/job';

// A job of which nothing was heard for so long is asked for once: its events may have been lost with a connection.
const SILENCE_MS = 30_000;

export class PanelModel {
  constructor(surroundings: Surroundings) {
    this.#around = surroundings;
  }

  /** Another notebook is current, or what is shown of it changed. */
  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  get current(): NotebookModel | null {
    return this.#current;
  }

  get about(): About | null {
    return this.#current?.about ?? null;
  }

  get state(): PanelState {
    return this.#current?.state ?? stateOf(NOTHING_OPEN, this.#around.trans);
  }

  get isShown(): boolean {
    return this.#isShown;
  }

  set isShown(value: boolean) {
    this.#isShown = value;
    if (this.#current !== null) {
      this.#current.isShown = value;
    }
    if (value && this.#isHealthWanted) {
      void this.refreshHealth();
    }
  }

  /** How the registry is, null while it was not asked for. */
  get health(): PanelHealth | null {
    return this.#health;
  }

  get healthError(): RequestError | null {
    return this.#healthError;
  }

  /** The model of an open notebook, made when it is first asked for. */
  modelOf(source: OpenNotebook): NotebookModel {
    let model = this.#models.get(source);
    if (model === undefined) {
      model = new NotebookModel(source, this.#around);
      this.#models.set(source, model);
      model.changed.connect(this.#onChanged, this);
    }
    return model;
  }

  /** Make the notebook current that the user looks at, null when there is none. */
  setCurrent(source: OpenNotebook | null): void {
    const before = this.#current;
    const next = source === null ? null : this.modelOf(source);
    if (before === next) {
      return;
    }
    if (before !== null) {
      before.isShown = false;
    }
    this.#current = next;
    this.#health = null;
    this.#healthError = null;
    if (next !== null) {
      next.isShown = this.#isShown;
    }
    this.#changed.emit();
    if (this.#isHealthWanted) {
      void this.refreshHealth();
    }
  }

  /** The notebook was closed. */
  forget(source: OpenNotebook): void {
    const model = this.#models.get(source);
    this.#models.delete(source);
    if (model !== undefined && model === this.#current) {
      this.setCurrent(null);
    }
    model?.dispose();
  }

  /** Something came over the server's stream of events. */
  takeEmission(emission: { readonly schema_id: string }): void {
    const change = emission.schema_id === JOB_EVENT ? readChange(emission) : null;
    if (change === null) {
      return;
    }
    this.#heard = this.#around.now();
    for (const model of this.#models.values()) {
      model.takeChange(change);
    }
  }

  /** A second went by, or the page is looked at again. */
  tick(): void {
    const current = this.#current;
    if (current === null || !this.#isShown || !current.isMoving) {
      return;
    }
    if (current.jobs.some(isRunning) && this.#around.now() - this.#heard > SILENCE_MS) {
      this.#heard = this.#around.now();
      void current.refresh();
    }
    current.tick();
  }

  /** Health is asked for while its section is open, and never while the panel is hidden. */
  set isHealthWanted(value: boolean) {
    this.#isHealthWanted = value;
    if (value && this.#health === null) {
      void this.refreshHealth();
    }
  }

  async refreshHealth(): Promise<void> {
    const current = this.#current;
    if (current === null || !this.#isShown || !this.#isHealthWanted) {
      return;
    }
    try {
      const health = await this.#around.client.health(current.source.path);
      if (current === this.#current) {
        this.#health = health;
        this.#healthError = null;
      }
    } catch (error) {
      if (!(error instanceof RequestError)) {
        throw error;
      }
      this.#healthError = error;
    }
    this.#changed.emit();
  }

  /** Ask for everything that is shown. */
  async refresh(): Promise<void> {
    await Promise.all([this.#current?.refresh(), this.refreshHealth()]);
  }

  #onChanged(model: NotebookModel): void {
    if (model === this.#current) {
      this.#changed.emit();
    }
  }

  readonly #around: Surroundings;
  readonly #changed = new Signal<this, void>(this);
  readonly #models = new Map<OpenNotebook, NotebookModel>();
  #current: NotebookModel | null = null;
  #health: PanelHealth | null = null;
  #healthError: RequestError | null = null;
  #isHealthWanted = false;
  #isShown = false;
  #heard = 0;
}

const NOTHING_OPEN: Facts = {
  notebook: '',
  language: '',
  server: 'asking',
  serverMessage: '',
  serverRemedy: '',
  isKnown: false,
  isRooted: true,
  mayWrite: true,
  kernel: 'none',
  channel: 'connecting',
  channelProblem: '',
  kernelVersion: '',
  serverVersion: '',
  busy: null,
  now: 0,
  isUnsaved: false,
  cells: [],
  stale: [],
  partial: [],
  problem: null,
  job: null,
  isJobCurrent: false,
  packaged: null,
  version: null,
  nextNumber: 1,
  rolledBack: null
};
