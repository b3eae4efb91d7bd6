/** States, sizes and times in words and signs. A state is always a sign and a word, never a colour alone. Pure. */
import type { CellState } from '../model/facts.ts';
import type { Tone } from '../model/state.ts';
import type { Job, JobCell } from '../records.ts';
import type { Trans } from '../translated.ts';

/** A sign, the word beside it, and how it is meant. */
export interface Mark {
  sign: string;
  word: string;
  tone: Tone;
}

export function toneSign(tone: Tone): string {
  return { good: '✓', busy: '↻', attention: '!', bad: '✗', quiet: '○' }[tone];
}

export function cellMark(state: CellState, trans: Trans): Mark {
  const marks: Record<CellState, Mark> = {
    running: { sign: '▶', word: trans.__('running'), tone: 'busy' },
    captured: { sign: '✓', word: trans.__('captured'), tone: 'good' },
    partial: { sign: '◐', word: trans.__('partial'), tone: 'attention' },
    changed: { sign: '↻', word: trans.__('out of date'), tone: 'attention' },
    failed: { sign: '✗', word: trans.__('failed'), tone: 'bad' },
    'not-run': { sign: '○', word: trans.__('not run'), tone: 'quiet' },
    'left-out': { sign: '–', word: trans.__('left out'), tone: 'quiet' }
  };
  return marks[state];
}

export function jobMark(job: Job, trans: Trans): Mark {
  const marks: Record<Job['state'], Mark> = {
    waiting: { sign: '…', word: trans.__('waiting'), tone: 'busy' },
    running: { sign: '▶', word: trans.__('running'), tone: 'busy' },
    completed: { sign: '✓', word: completedWord(job, trans), tone: 'good' },
    differs: { sign: '≠', word: trans._n('%1 result differs', '%1 results differ', job.different), tone: 'attention' },
    failed: { sign: '✗', word: failedWord(job, trans), tone: 'bad' },
    refused: { sign: '✗', word: trans.__('refused'), tone: 'bad' },
    stopped: { sign: '■', word: trans.__('stopped'), tone: 'quiet' },
    lost: { sign: '?', word: trans.__('lost'), tone: 'bad' }
  };
  return marks[job.state];
}

function completedWord(job: Job, trans: Trans): string {
  if (job.kind === 'package') {
    return trans.__('packaged');
  }
  if (job.kind === 'verify') {
    return trans.__('verified');
  }
  return job.comparable ? trans.__('same results') : trans.__('ran to the end');
}

function failedWord(job: Job, trans: Trans): string {
  const cell = job.failure?.cell ?? null;
  return cell === null ? trans.__('failed') : trans.__('failed at cell %1', cell);
}

export function jobName(job: Job, trans: Trans): string {
  if (job.kind === 'package') {
    return trans.__('Packaging %1', job.number);
  }
  return job.kind === 'verify' ? trans.__('Verification %1', job.number) : trans.__('Replay %1', job.number);
}

/** How one cell of a job stands, for the segments of the progress bar. */
export function jobCellTone(cell: JobCell): Tone {
  if (cell.status === 'completed' || cell.status === 'raised-as-expected') {
    return 'good';
  }
  if (cell.status === 'running') {
    return 'busy';
  }
  return cell.status === 'waiting' || cell.status === 'never-ran' || cell.status === 'skipped' ? 'quiet' : 'bad';
}

export function versionMark(state: string, trans: Trans): Mark {
  switch (state) {
    case 'live':
      return { sign: '●', word: trans.__('live'), tone: 'good' };
    case 'approved':
      return { sign: '✓', word: trans.__('approved'), tone: 'good' };
    case 'in-review':
      return { sign: '◔', word: trans.__('waits for approval'), tone: 'busy' };
    case 'rejected':
      return { sign: '✗', word: trans.__('rejected'), tone: 'bad' };
    case 'revoked':
      return { sign: '✗', word: trans.__('revoked'), tone: 'bad' };
    case 'registered':
      return { sign: '○', word: trans.__('registered'), tone: 'quiet' };
    default:
      return { sign: '○', word: state, tone: 'quiet' };
  }
}

/** Seconds as `1.2 s`, `4 m 02 s`, `1 h 05 m`. */
export function duration(seconds: number): string {
  if (seconds < 0.1) {
    return `${Math.round(seconds * 1000)} ms`;
  }
  if (seconds < 10) {
    return `${seconds.toFixed(1)} s`;
  }
  if (seconds < 60) {
    return `${Math.round(seconds)} s`;
  }
  const whole = Math.round(seconds);
  if (whole < 3600) {
    return `${Math.floor(whole / 60)} m ${String(whole % 60).padStart(2, '0')} s`;
  }
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')} m`;
}

/** Bytes as `24 B`, `1.5 kB`. */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return unit === 0 ? `${value} B` : `${value.toPrecision(value < 100 ? 2 : 3)} ${units[unit] ?? ''}`;
}

/** A time as it is from now: `3 minutes ago`; the locale's own words. */
export function relative(time: string, now: number, locale: string): string {
  const then = Date.parse(time);
  if (Number.isNaN(then)) {
    return time;
  }
  const seconds = (then - now) / 1000;
  const words = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  const steps: ReadonlyArray<[Intl.RelativeTimeFormatUnit, number]> = [
    ['day', 86400],
    ['hour', 3600],
    ['minute', 60]
  ];
  for (const [unit, length] of steps) {
    if (Math.abs(seconds) >= length) {
      return words.format(Math.trunc(seconds / length), unit);
    }
  }
  return words.format(Math.trunc(seconds), 'second');
}

/** A time in full, in the reader's own zone. */
export function absolute(time: string, locale: string): string {
  const then = new Date(time);
  return Number.isNaN(then.getTime()) ? time : then.toLocaleString(locale);
}

/** A digest short enough to be read: twelve digits. */
export function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12);
}

/** What stands left and what right in a comparison. */
export type Sides = readonly [string, string];

export function sideNames(against: string, trans: Trans): Sides {
  if (against === 'second-run') {
    return [trans.__('First run'), trans.__('Second run')];
  }
  const left = against === 'bundle' ? trans.__('Bundle') : against === 'saved-outputs' ? trans.__('Saved') : trans.__('Before');
  return [left, trans.__('Replayed')];
}
