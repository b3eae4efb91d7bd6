/** The sentences of the panel's states. Pure. */
import type { Job, PanelVersion } from '../records.ts';
import { runningCell, secondsLeft } from '../server/jobs.ts';
import type { Trans } from '../translated.ts';

export function liveLine(version: PanelVersion, trans: Trans): string {
  const places = version.live.map(place => place.environment);
  return trans.__('Version %1 is live in %2', version.number, listed(places, trans));
}

export function progressLine(job: Job, now: number, trans: Trans): string {
  const what = jobVerb(job, trans);
  if (job.expected === 0) {
    return job.state === 'waiting' ? trans.__('%1: starting', what) : what;
  }
  const cell = runningCell(job);
  const place = cell === null
    ? trans.__('%1, %2 of %3 cells', what, job.done, job.expected)
    : trans.__('%1, cell %2 (%3 of %4)', what, cell, job.done, job.expected);
  const left = secondsLeft(job, now);
  return left === null || left < 20 ? place : trans.__('%1, about %2 left', place, roughly(left, trans));
}

export function failureLine(job: Job, trans: Trans): string {
  const failure = job.failure;
  const what = jobNoun(job, trans);
  if (failure === null) {
    return trans.__('%1 failed: %2', what, firstLine(job.message));
  }
  const message = firstLine(failure.message);
  return failure.cell === null
    ? trans.__('%1 failed: %2', what, message)
    : trans.__('%1 failed at cell %2: %3', what, failure.cell, message);
}

export function jobNoun(job: Job, trans: Trans): string {
  const nouns = { replay: trans.__('Replay'), package: trans.__('Packaging'), verify: trans.__('Verification') };
  return nouns[job.kind];
}

function jobVerb(job: Job, trans: Trans): string {
  const verbs = { replay: trans.__('Replaying'), package: trans.__('Packaging'), verify: trans.__('Verifying') };
  return verbs[job.kind];
}

export function listed(parts: ReadonlyArray<string>, trans: Trans): string {
  const shown = parts.slice(0, 3).join(', ');
  return parts.length > 3 ? trans.__('%1 and %2 more', shown, parts.length - 3) : shown;
}

export function firstLine(text: string): string {
  const line = text.split('\n', 1)[0] ?? '';
  return line.length > 120 ? `${line.slice(0, 119)}…` : line;
}

/** Seconds as `0:12`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const rest = String(whole % 60).padStart(2, '0');
  return whole < 3600
    ? `${Math.floor(whole / 60)}:${rest}`
    : `${Math.floor(whole / 3600)}:${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')}:${rest}`;
}

function roughly(seconds: number, trans: Trans): string {
  if (seconds < 90) {
    return trans.__('%1 s', Math.ceil(seconds / 10) * 10);
  }
  return trans.__('%1 min', Math.round(seconds / 60));
}
