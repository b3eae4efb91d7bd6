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

/** A question as it goes over the comm: every field is there. */
export type Question = {
  id: string;
  ask: KernelQuestion['ask'];
  cell_id: string;
  declared: Record<string, string>;
};

/** A comm as JupyterLab has it, as far as it is used here. */
export interface Comm {
  onMsg(message: { content: { data: unknown } }): void | PromiseLike<void>;
  onClose(message: { content: { data: unknown } }): void | PromiseLike<void>;
  open(data: { protocol: number; client: string }): unknown;
  send(data: Question): unknown;
  close(): unknown;
  readonly isDisposed: boolean;
  dispose?(): void;
  /** Settles once the comm has a subshell of its own; JupyterLab 4.4 and later. */
  readonly subshellStarted?: Promise<void>;
}

/** A kernel connection, as far as it is used here. */
export interface CommKernel {
  createComm(target: string): Comm;
  registerCommTarget(target: string, opened: () => void): void;
  removeCommTarget(target: string, opened: () => void): void;
  readonly info?: Promise<unknown>;
  readonly supportsSubshells?: boolean;
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
    this.#kernel = kernel;
    this.#client = client;
    this.#hello = () => {
      this.connect();
    };
    kernel.registerCommTarget('pressrun.hello', this.#hello);
  }

  get state(): ChannelState {
    return this.#state;
  }

  get view(): KernelView | null {
    return this.#view;
  }

  /** Why the kernel refused, in its own words. */
  get refusal(): string {
    return this.#refusal;
  }

  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  get isDisposed(): boolean {
    return this.#isDisposed;
  }

  /** Open the comm for events anew; called when the kernel changed, after a restart, and on `hello`. */
  connect(): void {
    if (this.#isDisposed) {
      return;
    }
    this.#drop();
    this.#become('connecting', null);
    const comm = this.#kernel.createComm('pressrun');
    this.#events = comm;
    comm.onMsg = message => {
      if (comm === this.#events) {
        this.#told(message.content.data);
      }
    };
    comm.onClose = message => {
      if (comm === this.#events) {
        this.#closed(message.content.data);
      }
    };
    void this.#open(comm);
  }

  /** The kernel restarts or died: what it told is over. */
  lose(): void {
    this.#drop();
    this.#become('connecting', null);
  }

  /** Forget the newest receipt of a cell; tells what was done. */
  async undo(cellId: string): Promise<string> {
    const answer = await this.#ask({ id: '', ask: 'undo', cell_id: cellId });
    if (answer.error) {
      throw new Error(answer.error);
    }
    return answer.done;
  }

  /**
   * Tell the kernel which cells are declared where it cannot see it: in metadata and by tags, cell id -> words.
   *
   * Tells whether it took them; an older one does not know the question.
   */
  async declare(declared: Readonly<Record<string, string>>): Promise<boolean> {
    try {
      return (await this.#ask({ id: '', ask: 'declare', declared })).error === '';
    } catch {
      return false; // The kernel was restarted or changed meanwhile: the next one is told anew.
    }
  }

  dispose(): void {
    if (this.#isDisposed) {
      return;
    }
    this.#isDisposed = true;
    this.#kernel.removeCommTarget('pressrun.hello', this.#hello);
    this.#drop();
    Signal.clearData(this);
  }

  #told(data: unknown): void {
    const message = readMessage(data);
    if (message === null) {
      return;
    }
    if (this.#isAsking) {
      this.#held.push(message);
      return;
    }
    const next = follow(this.#view, message);
    if (next === 'gap') {
      this.#held.push(message);
      void this.#askSnapshot();
    } else {
      this.#become('connected', next);
    }
  }

  #closed(data: unknown): void {
    const refusal = readRefusal(data);
    this.#drop();
    this.#refusal = refusal?.error ?? '';
    this.#become(refusal === null ? 'absent' : 'refused', null);
  }

  async #askSnapshot(): Promise<void> {
    this.#isAsking = true;
    try {
      const answer = await this.#ask({ id: '', ask: 'snapshot' });
      let view = answer.snapshot === null ? 'gap' : follow(null, answer.snapshot);
      // What came meanwhile and is not in the snapshot yet: dropping it would leave the panel behind for good.
      for (const message of this.#held) {
        if (view !== 'gap' && message.seq > view.seq) {
          view = follow(view, message);
        }
      }
      if (view !== 'gap') {
        this.#become('connected', view);
      }
    } catch {
      // The comm was closed while it was asked: whoever closed it has said what the state is now.
    } finally {
      this.#held = [];
      this.#isAsking = false;
    }
  }

  #ask(question: KernelQuestion): Promise<KernelAnswer> {
    const comm = this.#questions ?? this.#openQuestions();
    this.#count += 1;
    const id = `q${this.#count}`;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      const send = (): void => {
        comm.send({ id, ask: question.ask, cell_id: question.cell_id ?? '', declared: { ...question.declared } });
      };
      // A question that arrives before the kernel knows the comm is lost, so that its `ready` is waited for.
      if (this.#isReady) {
        send();
      } else {
        this.#unsent.push(send);
      }
    });
  }

  #openQuestions(): Comm {
    const comm = this.#kernel.createComm('pressrun.ask');
    comm.onMsg = message => {
      const answer = readAnswer(message.content.data);
      if (answer?.id === '' && comm === this.#questions) {
        this.#ready();
        return;
      }
      const waiting = answer === null ? undefined : this.#waiting.get(answer.id);
      if (answer !== null && waiting !== undefined) {
        this.#waiting.delete(answer.id);
        waiting.resolve(answer);
      }
    };
    comm.onClose = message => {
      if (comm === this.#questions) {
        this.#questions = null;
        this.#forgetQuestions(readRefusal(message.content.data)?.error ?? 'the kernel no longer answers');
      }
    };
    this.#questions = comm;
    this.#isReady = false;
    void this.#open(comm);
    return comm;
  }

  /** Open a comm, once it has its subshell: what is sent before waits for all cells that are to run. */
  async #open(comm: Comm): Promise<void> {
    try {
      await this.#kernel.info;
      if (this.#kernel.supportsSubshells === true) {
        await comm.subshellStarted;
      }
    } catch {
      // Without a subshell the kernel answers as well, when the cell has run.
    }
    if (comm !== this.#events && comm !== this.#questions) {
      comm.dispose?.(); // The kernel never heard of it, so that there is nothing to be closed.
    } else if (!comm.isDisposed) {
      this.#opened.add(comm);
      comm.open({ protocol: PROTOCOL, client: this.#client });
    }
  }

  #ready(): void {
    this.#isReady = true;
    const unsent = this.#unsent;
    this.#unsent = [];
    for (const send of unsent) {
      send();
    }
  }

  #forgetQuestions(why: string): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#unsent = [];
    this.#isReady = false;
    for (const { reject } of waiting) {
      reject(new Error(why));
    }
  }

  /** Close both comms, where they are still open, without hearing of it. */
  #drop(): void {
    const open = [this.#events, this.#questions];
    this.#events = null;
    this.#questions = null;
    for (const comm of open) {
      if (comm !== null && !comm.isDisposed && this.#opened.has(comm)) {
        comm.close();
      }
    }
    this.#forgetQuestions('the kernel was changed or restarted');
  }

  #become(state: ChannelState, view: KernelView | null): void {
    this.#state = state;
    this.#view = view;
    this.#changed.emit();
  }

  readonly #kernel: CommKernel;
  readonly #client: string;
  readonly #hello: () => void;
  readonly #changed = new Signal<this, void>(this);
  readonly #waiting = new Map<string, Waiting>();
  #events: Comm | null = null;
  #questions: Comm | null = null;
  #state: ChannelState = 'connecting';
  #view: KernelView | null = null;
  #refusal = '';
  #held: KernelMessage[] = [];
  #unsent: Array<() => void> = [];
  #isReady = false;
  #count = 0;
  #isAsking = false;
  #isDisposed = false;
  readonly #opened = new WeakSet<Comm>();
}
