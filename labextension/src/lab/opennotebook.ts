/** A notebook that is open in JupyterLab, as the model sees it. */
import { NotebookActions } from '@jupyterlab/notebook';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel } from '@jupyterlab/services';
import { Debouncer } from '@lumino/polling';
import { Signal } from '@lumino/signaling';
import { KernelChannel } from '../kernel/channel.ts';
import type { KernelState } from '../model/facts.ts';
import type { OpenCell } from '../model/rows.ts';
import type { OpenNotebook } from '../model/source.ts';

const TYPING_MS = 300;

export class JupyterNotebook implements OpenNotebook {
  constructor(panel: NotebookPanel, client: string) {
    this.panel = panel;
    this._client = client;
    this._typed = new Debouncer(() => this._emit(), TYPING_MS);
    const { context, sessionContext } = panel;
    context.ready.then(() => this._watchContent(), () => undefined);
    context.saveState.connect(this._onSaveState, this);
    context.pathChanged.connect(this._onPathChanged, this);
    sessionContext.kernelChanged.connect(this._onKernelChanged, this);
    sessionContext.statusChanged.connect(this._onStatusChanged, this);
    NotebookActions.executionScheduled.connect(this._onScheduled, this);
    NotebookActions.executed.connect(this._onExecuted, this);
    panel.disposed.connect(this.dispose, this);
    this._follow(sessionContext.session?.kernel ?? null);
  }

  readonly panel: NotebookPanel;
  readonly changed: Signal<OpenNotebook, void> = new Signal<OpenNotebook, void>(this);
  readonly saved: Signal<OpenNotebook, void> = new Signal<OpenNotebook, void>(this);

  get path(): string {
    return this.panel.context.path;
  }

  get name(): string {
    return this.path.split('/').pop() ?? '';
  }

  get isUnsaved(): boolean {
    return this.panel.context.model?.dirty ?? false;
  }

  get language(): string {
    return this._language;
  }

  get kernel(): KernelState {
    const { sessionContext } = this.panel;
    const status = sessionContext.session?.kernel?.status;
    if (status === undefined) {
      return sessionContext.isReady ? 'none' : 'starting';
    }
    if (status === 'dead') {
      return 'dead';
    }
    return status === 'starting' || status === 'restarting' || status === 'autorestarting' ? 'starting' : 'alive';
  }

  get channel(): KernelChannel | null {
    return this._channel;
  }

  get busy(): { id: string; since: number } | null {
    const view = this._channel?.view;
    if (view?.running) {
      const since = Date.parse(view.runningSince);
      return { id: view.running, since: Number.isNaN(since) ? Date.now() : since };
    }
    return this._queue[0] ?? null;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  cells(): ReadonlyArray<OpenCell> {
    const model = this.panel.content?.model;
    if (!model) {
      return [];
    }
    return Array.from(model.cells, (cell, index) => ({
      index,
      id: cell.sharedModel.id,
      type: cell.type,
      source: cell.sharedModel.getSource(),
      metadata: cell.sharedModel.getMetadata()
    }));
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._typed.dispose();
    this._channel?.dispose();
    NotebookActions.executionScheduled.disconnect(this._onScheduled, this);
    NotebookActions.executed.disconnect(this._onExecuted, this);
    Signal.clearData(this);
  }

  private _watchContent(): void {
    const model = this.panel.context.model;
    if (this._isDisposed || !model) {
      return;
    }
    model.contentChanged.connect(this._onTyped, this);
    model.stateChanged.connect(this._onTyped, this);
    this._emit();
  }

  private _onTyped(): void {
    void this._typed.invoke().catch(() => undefined);
  }

  private _onSaveState(_: unknown, state: string): void {
    if (state === 'completed') {
      this.saved.emit();
      this._emit();
    }
  }

  private _onPathChanged(): void {
    this.saved.emit();
    this._emit();
  }

  private _onKernelChanged(_: unknown, change: { newValue: Kernel.IKernelConnection | null }): void {
    this._queue = [];
    this._follow(change.newValue);
    this._emit();
  }

  private _onStatusChanged(_: unknown, status: Kernel.Status): void {
    if (status === 'restarting' || status === 'autorestarting' || status === 'dead') {
      this._queue = [];
      this._isRestarting = status !== 'dead';
      this._channel?.lose();
    } else if (this._isRestarting && (status === 'idle' || status === 'busy')) {
      this._isRestarting = false;
      this._channel?.connect();
    } else if (status === this._status) {
      return;
    }
    this._status = status;
    this._emit();
  }

  /** Open the channel to a kernel of Python; others are left alone. */
  private _follow(kernel: Kernel.IKernelConnection | null): void {
    this._channel?.dispose();
    this._channel = null;
    this._language = '';
    if (kernel === null || !kernel.handleComms) {
      return;
    }
    kernel.info.then(
      info => {
        if (this._isDisposed || kernel.isDisposed || this.panel.sessionContext.session?.kernel !== kernel) {
          return;
        }
        this._language = info.language_info.name;
        if (this._language.toLowerCase() === 'python') {
          const channel = new KernelChannel(kernel, this._client);
          channel.changed.connect(this._emit, this);
          this._channel = channel;
          channel.connect();
        }
        this._emit();
      },
      () => undefined // The kernel was ended before it said what it is.
    );
  }

  private _onScheduled(_: unknown, args: { notebook: unknown; cell: { model: { id: string } } }): void {
    if (args.notebook === this.panel.content) {
      this._queue = [...this._queue, { id: args.cell.model.id, since: Date.now() }];
      this._emit();
    }
  }

  private _onExecuted(_: unknown, args: { notebook: unknown; cell: { model: { id: string } } }): void {
    if (args.notebook !== this.panel.content) {
      return;
    }
    const rest = this._queue.filter(queued => queued.id !== args.cell.model.id);
    const next = rest[0];
    this._queue = next === undefined ? [] : [{ ...next, since: Date.now() }, ...rest.slice(1)];
    this._emit();
  }

  private _emit(): void {
    if (!this._isDisposed) {
      this.changed.emit();
    }
  }

  private readonly _client: string;
  private readonly _typed: Debouncer;
  private _channel: KernelChannel | null = null;
  private _language = '';
  private _queue: ReadonlyArray<{ id: string; since: number }> = [];
  private _isRestarting = false;
  private _status: Kernel.Status = 'unknown';
  private _isDisposed = false;
}
