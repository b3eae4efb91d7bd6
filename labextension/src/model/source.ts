/** An open notebook as the model sees it; `lab/opennotebook.ts` makes one of a JupyterLab notebook. */
import type { ISignal } from '@lumino/signaling';
import type { KernelChannel } from '../kernel/channel.ts';
import type { KernelState } from './facts.ts';
import type { OpenCell } from './rows.ts';

export interface OpenNotebook {
  /** Path as the server's contents have it. */
  readonly path: string;
  /** Name of the file. */
  readonly name: string;
  readonly isUnsaved: boolean;
  /** Language of its kernel, empty while it is not known. */
  readonly language: string;
  readonly kernel: KernelState;
  /** Channel to the kernel, null while there is none. */
  readonly channel: KernelChannel | null;
  /** Cell that runs, and since when (milliseconds), from what was executed here. */
  readonly busy: { id: string; since: number } | null;
  cells(): ReadonlyArray<OpenCell>;
  /** Cells, kernel or what runs changed. */
  readonly changed: ISignal<OpenNotebook, void>;
  /** The file was saved, renamed or reverted: what the server told of it is old. */
  readonly saved: ISignal<OpenNotebook, void>;
  readonly isDisposed: boolean;
}
