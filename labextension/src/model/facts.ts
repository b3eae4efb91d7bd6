/** All that the panel's one state is told from. */
import type { ChannelState } from '../kernel/channel.ts';
import type { Job, PanelPlace, PanelVersion, Problem } from '../records.ts';

/** `failed`: it answered, and could not tell. */
export type ServerState = 'asking' | 'ready' | 'missing' | 'forbidden' | 'unreachable' | 'failed';
export type KernelState = 'none' | 'starting' | 'alive' | 'dead';

/** How one registered cell stands. */
export type CellState = 'running' | 'captured' | 'partial' | 'changed' | 'failed' | 'not-run' | 'left-out';

/** One registered cell. */
export interface CellFact {
  index: number;
  id: string;
  state: CellState;
  /** Why, in words: `changed since the capture`, a file's name. */
  why: string;
}

export interface Facts {
  /** Name of the notebook file, empty when none is open. */
  notebook: string;
  /** Language of its kernel, empty while that is not known. */
  language: string;
  server: ServerState;
  serverMessage: string;
  serverRemedy: string;
  /** Whether the server has been asked about this notebook and has answered. */
  isKnown: boolean;
  /** Whether notebooks lie on the server's disk. */
  isRooted: boolean;
  mayWrite: boolean;
  kernel: KernelState;
  channel: ChannelState;
  /** Why the kernel captures nothing although it has the extension; or why it refused the panel. */
  channelProblem: string;
  kernelVersion: string;
  serverVersion: string;
  /** Cell that runs in the kernel, and since when (milliseconds). */
  busy: { index: number; since: number } | null;
  now: number;
  isUnsaved: boolean;
  cells: ReadonlyArray<CellFact>;
  /** Other things that are not as they were captured: files, removed cells. */
  stale: ReadonlyArray<string>;
  /** Why a capture is not that of one whole run. */
  partial: ReadonlyArray<string>;
  problem: Problem | null;
  /** The newest job; `isJobCurrent`: it ran what is saved now, and nothing was typed since. */
  job: Job | null;
  isJobCurrent: boolean;
  /** The newest job that packaged what is saved now. */
  packaged: Job | null;
  /** The version made of what is saved now, and the number that the next one would have. */
  version: PanelVersion | null;
  nextNumber: number;
  /** Where an older version is live again because somebody rolled back to it. */
  rolledBack: { version: PanelVersion; place: PanelPlace } | null;
}
