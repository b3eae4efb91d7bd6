/** Jobs as they are told: a list from the server, then one change after the other. Pure. */
import type { Job, JobCell, JobChanged } from '../records.ts';

/** Whether a job has not ended. */
export function isRunning(job: Job): boolean {
  return job.state === 'waiting' || job.state === 'running';
}

/** The jobs after a change: newest first, each with the cells that were told so far. */
export function withChange(jobs: ReadonlyArray<Job>, change: JobChanged): ReadonlyArray<Job> {
  const before = jobs.find(job => job.id === change.job.id);
  const cells = withCell(before?.cells ?? change.job.cells, change.cell);
  const after: Job = { ...change.job, cells };
  if (before === undefined) {
    return [after, ...jobs].sort((a, b) => b.number - a.number);
  }
  // An event that was overtaken by an answer of the server must not make an ended job run again.
  if (!isRunning(before) && isRunning(after)) {
    return jobs;
  }
  return jobs.map(job => (job.id === after.id ? after : job));
}

/** The jobs after the server told one of them in full. */
export function withJob(jobs: ReadonlyArray<Job>, job: Job): ReadonlyArray<Job> {
  return [job, ...jobs.filter(other => other.id !== job.id)].sort((a, b) => b.number - a.number);
}

function withCell(cells: ReadonlyArray<JobCell>, cell: JobCell | null): ReadonlyArray<JobCell> {
  if (cell === null) {
    return cells;
  }
  const others = cells.filter(other => other.cell !== cell.cell);
  return [...others, cell].sort((a, b) => a.cell - b.cell);
}

/** Seconds that a running job still needs, from what its cells took so far; null while that cannot be told. */
export function secondsLeft(job: Job, now: number): number | null {
  const begun = Date.parse(job.started);
  if (Number.isNaN(begun) || job.done < 2 || job.expected <= job.done) {
    return null;
  }
  return ((now - begun) / 1000 / job.done) * (job.expected - job.done);
}

/** The cell that a job runs, null when none does. */
export function runningCell(job: Job): number | null {
  return job.cells.find(cell => cell.status === 'running' && cell.cell >= 0)?.cell ?? null;
}

/** How far a job is, in percent, rounded down to tens: what is announced. */
export function announcedPercent(job: Job): number {
  return job.expected > 0 ? Math.floor((job.done / job.expected) * 10) * 10 : 0;
}

/** Read an event of the server as a change of a job; null when it is none. */
export function readChange(emission: unknown): JobChanged | null {
  const change = isRecord(emission) ? emission['change'] : null;
  if (!isRecord(change) || !isRecord(change['job']) || typeof change['job']['id'] !== 'string') {
    return null;
  }
  return change as unknown as JobChanged;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
