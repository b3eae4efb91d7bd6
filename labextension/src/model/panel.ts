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
    this._around = surroundings;
  }

  /** Another notebook is current, or what is shown of it changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get current(): NotebookModel | null {
    return this._current;
  }

  get about(): About | null {
    return this._current?.about ?? null;
  }

  get state(): PanelState {
    return this._current?.state ?? stateOf(NOTHING_OPEN, this._around.trans);
  }

  get isShown(): boolean {
    return this._isShown;
  }

  set isShown(value: boolean) {
    this._isShown = value;
    if (this._current !== null) {
      this._current.isShown = value;
    }
    if (value && this._isHealthWanted) {
      void this.refreshHealth();
    }
  }

  /** How the registry is, null while it was not asked for. */
  get health(): PanelHealth | null {
    return this._health;
  }

  get healthError(): RequestError | null {
    return this._healthError;
  }

  /** The model of an open notebook, made when it is first asked for. */
  modelOf(source: OpenNotebook): NotebookModel {
    let model = this._models.get(source);
    if (model === undefined) {
      model = new NotebookModel(source, this._around);
      this._models.set(source, model);
      model.changed.connect(this._onChanged, this);
    }
    return model;
  }

  /** Make the notebook current that the user looks at, null when there is none. */
  setCurrent(source: OpenNotebook | null): void {
    const before = this._current;
    const next = source === null ? null : this.modelOf(source);
    if (before === next) {
      return;
    }
    if (before !== null) {
      before.isShown = false;
    }
    this._current = next;
    this._health = null;
    this._healthError = null;
    if (next !== null) {
      next.isShown = this._isShown;
    }
    this._changed.emit();
    if (this._isHealthWanted) {
      void this.refreshHealth();
    }
  }

  /** The notebook was closed. */
  forget(source: OpenNotebook): void {
    const model = this._models.get(source);
    this._models.delete(source);
    if (model !== undefined && model === this._current) {
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
    this._heard = this._around.now();
    for (const model of this._models.values()) {
      model.takeChange(change);
    }
  }

  /** A second went by, or the page is looked at again. */
  tick(): void {
    const current = this._current;
    if (current === null || !this._isShown || !current.isMoving) {
      return;
    }
    if (current.jobs.some(isRunning) && this._around.now() - this._heard > SILENCE_MS) {
      this._heard = this._around.now();
      void current.refresh();
    }
    current.tick();
  }

  /** Health is asked for while its section is open, and never while the panel is hidden. */
  set isHealthWanted(value: boolean) {
    this._isHealthWanted = value;
    if (value && this._health === null) {
      void this.refreshHealth();
    }
  }

  async refreshHealth(): Promise<void> {
    const current = this._current;
    if (current === null || !this._isShown || !this._isHealthWanted) {
      return;
    }
    try {
      const health = await this._around.client.health(current.source.path);
      if (current === this._current) {
        this._health = health;
        this._healthError = null;
      }
    } catch (error) {
      if (!(error instanceof RequestError)) {
        throw error;
      }
      this._healthError = error;
    }
    this._changed.emit();
  }

  /** Ask for everything that is shown. */
  async refresh(): Promise<void> {
    await Promise.all([this._current?.refresh(), this.refreshHealth()]);
  }

  private _onChanged(model: NotebookModel): void {
    if (model === this._current) {
      this._changed.emit();
    }
  }

  private readonly _around: Surroundings;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _models = new Map<OpenNotebook, NotebookModel>();
  private _current: NotebookModel | null = null;
  private _health: PanelHealth | null = null;
  private _healthError: RequestError | null = null;
  private _isHealthWanted = false;
  private _isShown = false;
  private _heard = 0;
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
