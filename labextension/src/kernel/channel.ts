/**
 * The two comms to a kernel: `pressrun` tells, `pressrun.ask` answers, also while a cell runs.
 *
 * The front end opens both. Nothing is tried again by itself: a kernel without the extension says `hello` once it has
 * it, and opening a comm makes the kernel busy and idle, so that trying again on idle would never end.
 */
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import { PROTOCOL } from '../records.ts';
import type { KernelAnswer, KernelQuestion } from '../records.ts';
import { follow, readAnswer, readMessage, readRefusal } from './follow.ts';
import type { KernelMessage, KernelView } from './follow.ts';

/** A comm as JupyterLab has it, as far as it is used here. */
export interface Comm {
  onMsg(message: { content: { data: unknown } }): void | PromiseLike<void>;
  onClose(message: { content: { data: unknown } }): void | PromiseLike<void>;
  open(data: { protocol: number; client: string }): unknown;
  send(data: { id: string; ask: string; cell_id: string }): unknown;
  close(): unknown;
  readonly isDisposed: boolean;
}

/** A kernel connection, as far as it is used here. */
export interface CommKernel {
  createComm(target: string): Comm;
  registerCommTarget(target: string, opened: () => void): void;
  removeCommTarget(target: string, opened: () => void): void;
}

/** `absent`: the kernel has no extension; `refused`: it has another protocol, or broke off and says why. */
export type ChannelState = 'connecting' | 'connected' | 'absent' | 'refused';

interface Waiting {
  resolve: (answer: KernelAnswer) => void;
  reject: (reason: Error) => void;
}

/** Follows one kernel connection until it is disposed. */
export class KernelChannel {
  constructor(kernel: CommKernel, client: string) {
    this._kernel = kernel;
    this._client = client;
    this._hello = () => {
      this.connect();
    };
    kernel.registerCommTarget('pressrun.hello', this._hello);
  }

  get state(): ChannelState {
    return this._state;
  }

  get view(): KernelView | null {
    return this._view;
  }

  /** Why the kernel refused, in its own words. */
  get refusal(): string {
    return this._refusal;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Open the comm for events anew; called when the kernel changed, after a restart, and on `hello`. */
  connect(): void {
    if (this._isDisposed) {
      return;
    }
    this._drop();
    this._become('connecting', null);
    const comm = this._kernel.createComm('pressrun');
    this._events = comm;
    comm.onMsg = message => {
      if (comm === this._events) {
        this._told(message.content.data);
      }
    };
    comm.onClose = message => {
      if (comm === this._events) {
        this._closed(message.content.data);
      }
    };
    comm.open({ protocol: PROTOCOL, client: this._client });
  }

  /** The kernel restarts or died: what it told is over. */
  lose(): void {
    this._drop();
    this._become('connecting', null);
  }

  /** Forget the newest receipt of a cell; tells what was done. */
  async undo(cellId: string): Promise<string> {
    const answer = await this._ask({ id: '', ask: 'undo', cell_id: cellId });
    if (answer.error) {
      throw new Error(answer.error);
    }
    return answer.done;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._kernel.removeCommTarget('pressrun.hello', this._hello);
    this._drop();
    Signal.clearData(this);
  }

  private _told(data: unknown): void {
    const message = readMessage(data);
    if (message === null) {
      return;
    }
    if (this._isAsking) {
      this._held.push(message);
      return;
    }
    const next = follow(this._view, message);
    if (next === 'gap') {
      this._held.push(message);
      void this._askSnapshot();
    } else {
      this._become('connected', next);
    }
  }

  private _closed(data: unknown): void {
    const refusal = readRefusal(data);
    this._drop();
    this._refusal = refusal?.error ?? '';
    this._become(refusal === null ? 'absent' : 'refused', null);
  }

  private async _askSnapshot(): Promise<void> {
    this._isAsking = true;
    try {
      const answer = await this._ask({ id: '', ask: 'snapshot' });
      let view = answer.snapshot === null ? 'gap' : follow(null, answer.snapshot);
      // What came meanwhile and is not in the snapshot yet: dropping it would leave the panel behind for good.
      for (const message of this._held) {
        if (view !== 'gap' && message.seq > view.seq) {
          view = follow(view, message);
        }
      }
      if (view !== 'gap') {
        this._become('connected', view);
      }
    } catch {
      // The comm was closed while it was asked: whoever closed it has said what the state is now.
    } finally {
      this._held = [];
      this._isAsking = false;
    }
  }

  private _ask(question: KernelQuestion): Promise<KernelAnswer> {
    const comm = this._questions ?? this._openQuestions();
    this._count += 1;
    const id = `q${this._count}`;
    return new Promise((resolve, reject) => {
      this._waiting.set(id, { resolve, reject });
      comm.send({ id, ask: question.ask, cell_id: question.cell_id ?? '' });
    });
  }

  private _openQuestions(): Comm {
    const comm = this._kernel.createComm('pressrun.ask');
    comm.onMsg = message => {
      const answer = readAnswer(message.content.data);
      const waiting = answer === null ? undefined : this._waiting.get(answer.id);
      if (answer !== null && waiting !== undefined) {
        this._waiting.delete(answer.id);
        waiting.resolve(answer);
      }
    };
    comm.onClose = message => {
      if (comm === this._questions) {
        this._questions = null;
        this._forgetQuestions(readRefusal(message.content.data)?.error ?? 'the kernel no longer answers');
      }
    };
    this._questions = comm;
    comm.open({ protocol: PROTOCOL, client: this._client });
    return comm;
  }

  private _forgetQuestions(why: string): void {
    const waiting = [...this._waiting.values()];
    this._waiting.clear();
    for (const { reject } of waiting) {
      reject(new Error(why));
    }
  }

  /** Close both comms, where they are still open, without hearing of it. */
  private _drop(): void {
    const open = [this._events, this._questions];
    this._events = null;
    this._questions = null;
    for (const comm of open) {
      if (comm !== null && !comm.isDisposed) {
        comm.close();
      }
    }
    this._forgetQuestions('the kernel was changed or restarted');
  }

  private _become(state: ChannelState, view: KernelView | null): void {
    this._state = state;
    this._view = view;
    this._changed.emit();
  }

  private readonly _kernel: CommKernel;
  private readonly _client: string;
  private readonly _hello: () => void;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _waiting = new Map<string, Waiting>();
  private _events: Comm | null = null;
  private _questions: Comm | null = null;
  private _state: ChannelState = 'connecting';
  private _view: KernelView | null = null;
  private _refusal = '';
  private _held: KernelMessage[] = [];
  private _count = 0;
  private _isAsking = false;
  private _isDisposed = false;
}
