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
    this.#client = client;
    this.#typed = new Debouncer(() => this.#emit(), TYPING_MS);
    const { context, sessionContext } = panel;
    context.ready.then(() => this.#watchContent(), () => undefined);
    context.saveState.connect(this.#onSaveState, this);
    context.pathChanged.connect(this.#onPathChanged, this);
    sessionContext.kernelChanged.connect(this.#onKernelChanged, this);
    sessionContext.statusChanged.connect(this.#onStatusChanged, this);
    NotebookActions.executionScheduled.connect(this.#onScheduled, this);
    NotebookActions.executed.connect(this.#onExecuted, this);
    panel.disposed.connect(this.dispose, this);
    this.#follow(sessionContext.session?.kernel ?? null);
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
    return this.#language;
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
    return this.#channel;
  }

  get busy(): { id: string; since: number } | null {
    const view = this.#channel?.view;
    if (view?.running) {
      const since = Date.parse(view.runningSince);
      return { id: view.running, since: Number.isNaN(since) ? Date.now() : since };
    }
    return this.#queue[0] ?? null;
  }

  get isDisposed(): boolean {
    return this.#isDisposed;
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
    if (this.#isDisposed) {
      return;
    }
    this.#isDisposed = true;
    this.#typed.dispose();
    this.#channel?.dispose();
    NotebookActions.executionScheduled.disconnect(this.#onScheduled, this);
    NotebookActions.executed.disconnect(this.#onExecuted, this);
    Signal.clearData(this);
  }

  #watchContent(): void {
    const model = this.panel.context.model;
    if (this.#isDisposed || !model) {
      return;
    }
    model.contentChanged.connect(this.#onTyped, this);
    model.stateChanged.connect(this.#onTyped, this);
    this.#emit();
  }

  #onTyped(): void {
    void this.#typed.invoke().catch(() => undefined);
  }

  #onSaveState(_: unknown, state: string): void {
    if (state === 'completed') {
      this.saved.emit();
      this.#emit();
    }
  }

  #onPathChanged(): void {
    this.saved.emit();
    this.#emit();
  }

  #onKernelChanged(_: unknown, change: { newValue: Kernel.IKernelConnection | null }): void {
    this.#queue = [];
    this.#follow(change.newValue);
    this.#emit();
  }

  #onStatusChanged(_: unknown, status: Kernel.Status): void {
    if (status === 'restarting' || status === 'autorestarting' || status === 'dead') {
      this.#queue = [];
      this.#isRestarting = status !== 'dead';
      this.#channel?.lose();
    } else if (this.#isRestarting && (status === 'idle' || status === 'busy')) {
      this.#isRestarting = false;
      this.#channel?.connect();
    } else if (status === this.#status) {
      return;
    }
    this.#status = status;
    this.#emit();
  }

  /** Open the channel to a kernel of Python; others are left alone. */
  #follow(kernel: Kernel.IKernelConnection | null): void {
    this.#channel?.dispose();
    this.#channel = null;
    this.#language = '';
    if (kernel === null || !kernel.handleComms) {
      return;
    }
    languageOf(kernel).then(
      language => {
        if (this.#isDisposed || kernel.isDisposed || this.panel.sessionContext.session?.kernel !== kernel) {
          return;
        }
        this.#language = language;
        if (this.#language.toLowerCase() === 'python') {
          const channel = new KernelChannel(kernel, this.#client);
          channel.changed.connect(this.#emit, this);
          this.#channel = channel;
          channel.connect();
        }
        this.#emit();
      },
      () => undefined // The kernel was ended before it said what it is.
    );
  }

  #onScheduled(_: unknown, args: { notebook: unknown; cell: { model: { id: string } } }): void {
    if (args.notebook === this.panel.content) {
      this.#queue = [...this.#queue, { id: args.cell.model.id, since: Date.now() }];
      this.#emit();
    }
  }

  #onExecuted(_: unknown, args: { notebook: unknown; cell: { model: { id: string } } }): void {
    if (args.notebook !== this.panel.content) {
      return;
    }
    const rest = this.#queue.filter(queued => queued.id !== args.cell.model.id);
    const next = rest[0];
    this.#queue = next === undefined ? [] : [{ ...next, since: Date.now() }, ...rest.slice(1)];
    this.#emit();
  }

  #emit(): void {
    if (!this.#isDisposed) {
      this.changed.emit();
    }
  }

  readonly #client: string;
  readonly #typed: Debouncer;
  #channel: KernelChannel | null = null;
  #language = '';
  #queue: ReadonlyArray<{ id: string; since: number }> = [];
  #isRestarting = false;
  #status: Kernel.Status = 'unknown';
  #isDisposed = false;
}

/** The language of a kernel: as its specification says, which the server knows; a busy kernel would answer later. */
async function languageOf(kernel: Kernel.IKernelConnection): Promise<string> {
  const spec = await kernel.spec;
  return spec?.language ?? (await kernel.info).language_info.name;
}
