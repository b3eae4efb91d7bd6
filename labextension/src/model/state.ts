/**
 * The one state that the panel's header and its primary button show, told from the facts. Pure.
 *
 * The rules below are asked in their order and the first that answers counts. What moves now comes first (a job, a
 * running cell), then what became of exactly the content that is saved (a version, a job), and only then what is missing
 * for getting there: a complete capture needs no kernel any more, so a missing kernel matters only without one.
 */
import type { Job, PanelRequest, PanelVersion } from '../records.ts';
import { runningCell } from '../server/jobs.ts';
import type { Trans } from '../translated.ts';
import { actionLabel } from './actions.ts';
import type { ActionId } from './actions.ts';
import type { CellState, Facts } from './facts.ts';
import { clock, failureLine, firstLine, jobNoun, listed, liveLine, progressLine } from './sentences.ts';

export type StateId =
  | 'no-notebook' | 'loading' | 'offline' | 'other-language' | 'replaying' | 'busy' | 'approved' | 'awaiting' | 'live'
  | 'registered' | 'rejected' | 'revoked' | 'rolled-back' | 'packaged' | 'failed' | 'differs' | 'not-finished'
  | 'blocked' | 'unmarked' | 'no-kernel' | 'no-extension' | 'not-captured' | 'partial' | 'stale' | 'ready';
export type Tone = 'good' | 'busy' | 'attention' | 'bad' | 'quiet';

/** A button: what it does, what it says, and why it cannot be pressed (empty when it can). */
export interface Primary {
  action: ActionId;
  label: string;
  whyNot: string;
}

export interface PanelState {
  id: StateId;
  /** The one line in the header. */
  line: string;
  tone: Tone;
  /** One sentence under it: what to do, or why; empty where the line says it all. */
  hint: string;
  primary: Primary;
  /** What else can be done now, for the menu beside the button. */
  secondary: ReadonlyArray<ActionId>;
}

type Rule = (facts: Facts, trans: Trans) => PanelState | null;

/** Tell the state. */
export function stateOf(facts: Facts, trans: Trans): PanelState {
  for (const rule of RULES) {
    const found = rule(facts, trans);
    if (found !== null) {
      return restricted(found, facts, trans);
    }
  }
  return restricted(ready(facts, trans), facts, trans);
}

/** Counts of the registered cells. */
export function countCells(facts: Pick<Facts, 'cells'>): { all: number; done: number } {
  const all = facts.cells.filter(cell => cell.state !== 'left-out');
  return { all: all.length, done: all.filter(cell => DONE.has(cell.state)).length };
}

const DONE: ReadonlySet<CellState> = new Set<CellState>(['captured', 'partial']);
const READING: ReadonlySet<ActionId> = new Set<ActionId>([
  'open-executed', 'compare', 'go-to-failure', 'history', 'doctor', 'copy-command', 'how-to-fix', 'refresh',
  'remind', 'start-kernel', 'load-extension', 'register-cell', 'run-all', 'run-remaining', 'run-changed'
]);

const noNotebook: Rule = (facts, trans) =>
  facts.notebook !== ''
    ? null
    : state('no-notebook', 'quiet', trans.__('Open a notebook to start'), button('open-example', trans), {
        hint: trans.__('The panel shows how far a notebook is on its way to production.')
      });

const offline: Rule = (facts, trans) => {
  const lines: Partial<Record<Facts['server'], string>> = {
    missing: trans.__('The server extension is missing'),
    forbidden: trans.__('You may not use pressrun on this server'),
    unreachable: trans.__('The server cannot be reached'),
    failed: trans.__('The server could not read this notebook'),
    other: trans.__('The page and the server are of different versions')
  };
  const line = lines[facts.server];
  if (line === undefined) {
    return null;
  }
  const hint = facts.server === 'failed' ? [facts.serverMessage, facts.serverRemedy].filter(Boolean).join('. ') : '';
  return state('offline', 'bad', line, button('how-to-fix', trans), { hint, secondary: ['refresh', 'register-cell'] });
};

const otherLanguage: Rule = (facts, trans) =>
  facts.language === '' || facts.language.toLowerCase() === 'python'
    ? null
    : state('other-language', 'quiet', trans.__('Only Python notebooks can be captured'), button('open-example', trans), {
        hint: trans.__('The kernel of this notebook runs %1.', facts.language)
      });

const loading: Rule = (facts, trans) =>
  facts.isKnown
    ? null
    : state('loading', 'busy', trans.__('Reading the notebook'), button('replay', trans, trans.__('Still reading.')));

const running: Rule = (facts, trans) => {
  const job = facts.job;
  if (job === null || (job.state !== 'running' && job.state !== 'waiting')) {
    return null;
  }
  return state('replaying', 'busy', progressLine(job, facts.now, trans), button('stop', trans), {
    hint: job.expected > 0 && runningCell(job) !== null ? '' : job.stage,
    secondary: ['copy-command']
  });
};

const busy: Rule = (facts, trans) => {
  if (facts.busy === null || facts.kernel !== 'alive') {
    return null;
  }
  const line = trans.__('Running cell %1 (%2)', facts.busy.index, clock((facts.now - facts.busy.since) / 1000));
  const { all, done } = countCells(facts);
  return state('busy', 'busy', line, button('replay', trans, trans.__('Wait until the cell has run.')), {
    hint: facts.channel === 'connected' && all > 0 ? trans.__('%1 of %2 registered cells captured', done, all) : ''
  });
};

const versioned: Rule = (facts, trans) => {
  const version = facts.version;
  if (version === null || facts.isUnsaved) {
    return null;
  }
  const name = trans.__('Version %1', version.number);
  if (version.state === 'revoked') {
    return state('revoked', 'bad', trans.__('%1 is revoked and may not be deployed', name), button('history', trans), {
      secondary: ['replay', 'package']
    });
  }
  const places = version.live;
  if (places.length > 0) {
    return state('live', 'good', liveLine(version, trans), button('history', trans), {
      secondary: ['deploy', 'roll-back', 'request-approval', 'replay', 'verify']
    });
  }
  if (version.request !== null && !(version.state === 'approved' && isGranted(version.request))) {
    return awaiting(version, version.request, trans);
  }
  if (facts.rolledBack !== null) {
    return rolledBack(facts, trans);
  }
  if (version.state === 'approved') {
    return state('approved', 'good', trans.__('%1 is approved', name), button('deploy', trans), {
      secondary: ['request-approval', 'history', 'verify']
    });
  }
  if (version.state === 'rejected') {
    return state('rejected', 'bad', trans.__('%1 was rejected', name), button('request-approval', trans), {
      hint: trans.__('Change the notebook and package it again, or ask once more.'),
      secondary: ['history', 'replay', 'package']
    });
  }
  return state('registered', 'good', trans.__('%1 is registered', name), button('request-approval', trans), {
    secondary: ['deploy', 'verify', 'replay', 'history']
  });
};

const ended: Rule = (facts, trans) => {
  const job = facts.job;
  if (job === null || !facts.isJobCurrent) {
    return null;
  }
  const what = jobNoun(job, trans);
  if (job.state === 'failed') {
    const hasPlace = job.failure !== null && job.failure.cell !== null;
    return state('failed', 'bad', failureLine(job, trans), button(hasPlace ? 'go-to-failure' : 'doctor', trans), {
      hint: job.remedy,
      secondary: [...opened(job), 'replay', 'doctor', 'copy-command']
    });
  }
  if (job.state === 'differs') {
    const line = trans._n('%2 ran, %1 result differs', '%2 ran, %1 results differ', job.different, what);
    const first: ActionId = job.comparable ? 'compare' : 'replay';
    return state('differs', 'attention', line, button(first, trans), {
      hint: job.message,
      secondary: [...opened(job), ...(job.bundle ? (['register-version'] as const) : []), 'replay', 'package', 'copy-command']
    });
  }
  if (job.state === 'stopped' || job.state === 'lost' || job.state === 'refused') {
    const lines = {
      stopped: trans.__('%1 was stopped', what),
      lost: trans.__('%1 broke off without saying why', what),
      refused: trans.__('%1 was refused', what)
    };
    return state('not-finished', job.state === 'stopped' ? 'quiet' : 'bad', lines[job.state], again(job, trans), {
      hint: [job.message, job.remedy].filter(Boolean).join(' '),
      secondary: ['doctor', 'copy-command', 'replay']
    });
  }
  return null;
};

const packaged: Rule = (facts, trans) => {
  const job = facts.packaged;
  if (job === null) {
    return null;
  }
  const line = job.grade ? trans.__('Packaged with grade %1', job.grade) : trans.__('Packaged');
  return state('packaged', 'good', line, button('register-version', trans), {
    hint: trans.__('It would be version %1.', facts.nextNumber),
    secondary: ['verify', 'compare', 'replay', 'copy-command']
  });
};

const blocked: Rule = (facts, trans) => {
  if (facts.problem === null) {
    return null;
  }
  const { cell, message } = facts.problem;
  const line = cell === null ? message : trans.__('Cell %1: %2', cell, message);
  return state('blocked', 'bad', line, button('doctor', trans), {
    hint: trans.__('It cannot be replayed like this.'),
    secondary: ['register-cell']
  });
};

const unmarked: Rule = (facts, trans) =>
  facts.cells.length > 0
    ? null
    : state('unmarked', 'quiet', trans.__('No cell is registered yet'), button('register-cell', trans), {
        hint: trans.__('Registering says what a cell is: the data, a step, the model. It can be replayed without, too.'),
        secondary: ['replay', 'package', 'doctor']
      });

const uncaptured: Rule = (facts, trans) => {
  const { all, done } = countCells(facts);
  const failed = facts.cells.find(cell => cell.state === 'failed');
  const changed = facts.cells.filter(cell => cell.state === 'changed');
  if (done === all && facts.stale.length === 0) {
    return null;
  }
  const kernel = kernelMissing(facts, trans);
  if (kernel !== null) {
    return kernel;
  }
  const rest: ActionId[] = ['replay', 'package', 'register-cell', 'doctor'];
  if (failed !== undefined) {
    const line = failed.why
      ? trans.__('Cell %1: %2', failed.index, firstLine(failed.why))
      : trans.__('Cell %1 failed', failed.index);
    return state('stale', 'bad', line, button('run-changed', trans), { secondary: [...rest, 'run-all'] });
  }
  if (done === 0 && changed.length === 0) {
    return state('not-captured', 'quiet', trans.__('Nothing captured yet'), button('run-all', trans), { secondary: rest });
  }
  if (changed.length > 0 || facts.stale.length > 0) {
    const places = [...changed.map(cell => trans.__('cell %1', cell.index)), ...facts.stale];
    const line = trans.__('Changed since the capture: %1', listed(places, trans));
    return state('stale', 'attention', line, button('run-changed', trans), { secondary: [...rest, 'run-all'] });
  }
  return state('partial', 'attention', trans.__('%1 of %2 cells captured', done, all), button('run-remaining', trans), {
    secondary: [...rest, 'run-all']
  });
};

/** The state while there is no kernel that captures; null when there is one. */
function kernelMissing(facts: Facts, trans: Trans): PanelState | null {
  const secondary: ActionId[] = ['replay', 'package', 'doctor'];
  if (facts.kernel === 'none' || facts.kernel === 'dead') {
    const line = facts.kernel === 'none' ? trans.__('No kernel') : trans.__('The kernel died');
    return state('no-kernel', 'quiet', line, button('start-kernel', trans), { secondary });
  }
  if (facts.kernel === 'starting' || facts.channel === 'connecting') {
    const waiting = trans.__('The kernel is starting');
    return state('loading', 'busy', waiting, button('run-all', trans, waiting), { secondary });
  }
  if (facts.channel === 'absent') {
    return state('no-extension', 'attention', trans.__('Capture is off in this kernel'), button('load-extension', trans), {
      hint: trans.__('pressrun enable in a terminal turns it on for every kernel.'),
      secondary
    });
  }
  if (facts.channel === 'refused') {
    const versions = trans.__('The kernel has pressrun %1, the server %2.', facts.kernelVersion, facts.serverVersion);
    return state('no-extension', 'bad', trans.__('The kernel speaks another version'), button('how-to-fix', trans), {
      hint: facts.channelProblem || versions,
      secondary
    });
  }
  if (facts.channelProblem) {
    return state('no-extension', 'bad', trans.__('Capture has stopped in this kernel'), button('load-extension', trans), {
      hint: facts.channelProblem,
      secondary
    });
  }
  return null;
}

function ready(facts: Facts, trans: Trans): PanelState {
  const isProven = facts.isJobCurrent && facts.job?.state === 'completed';
  const line = isProven ? trans.__('Replayed, ready to package') : trans.__('Captured, ready to package');
  const label = trans.__('Package version %1…', facts.nextNumber);
  const hint = facts.partial.length > 0 ? facts.partial.join(' ') : isProven ? facts.job?.message ?? '' : '';
  const secondary: ActionId[] = ['replay', ...opened(facts.job), 'doctor', 'run-all', 'register-cell'];
  return state('ready', 'good', line, { ...button('package', trans), label }, { hint, secondary });
}

const RULES: ReadonlyArray<Rule> = [
  noNotebook, offline, otherLanguage, loading, running, busy, versioned, ended, packaged, blocked, unmarked, uncaptured
];

/** A request stays open until something is done with it, also when everybody has approved. */
function isGranted(request: PanelRequest): boolean {
  return request.stale === '' && request.given.length >= Math.max(request.needed, 1);
}

function awaiting(version: PanelVersion, request: PanelRequest, trans: Trans): PanelState {
  const asked = Math.max(request.needed, 1);
  const line = trans.__('Version %1 waits for approval (%2 of %3)', version.number, request.given.length, asked);
  const action: ActionId = request.may_approve ? 'approve' : 'remind';
  const rest: ActionId[] = ['approve', 'reject', ...(request.may_withdraw ? (['withdraw'] as const) : []), 'history', 'verify'];
  return state('awaiting', 'busy', request.stale ? trans.__('Approvals of version %1 are stale', version.number) : line,
    button(action, trans), { hint: request.stale || (request.may_approve ? '' : request.why_not),
      secondary: rest.filter(other => other !== action) });
}

function rolledBack(facts: Facts, trans: Trans): PanelState | null {
  if (facts.rolledBack === null || facts.version === null) {
    return null;
  }
  const { version, place } = facts.rolledBack;
  const line = trans.__('Rolled back to version %1 in %2', version.number, place.environment);
  return state('rolled-back', 'bad', line, button('history', trans), {
    hint: trans.__('By %1.', place.by),
    secondary: ['replay', 'package', 'request-approval', 'deploy']
  });
}

function again(job: Job, trans: Trans): Primary {
  return button(job.kind, trans);
}

function opened(job: Job | null): ActionId[] {
  const found: ActionId[] = [];
  if (job?.comparable) {
    found.push('compare');
  }
  if (job?.executed) {
    found.push('open-executed');
  }
  return found;
}

/** What is only read stays possible for somebody who may not write, or where the file is elsewhere; the rest says why. */
function restricted(found: PanelState, facts: Facts, trans: Trans): PanelState {
  if (facts.mayWrite && facts.isRooted) {
    return found;
  }
  const secondary = found.secondary.filter(action => READING.has(action));
  if (READING.has(found.primary.action) || found.primary.whyNot) {
    return { ...found, secondary };
  }
  const whyNot = facts.isRooted
    ? trans.__('You may only read here.')
    : trans.__("The notebook is not on this server's disk.");
  return { ...found, primary: { ...found.primary, whyNot }, secondary };
}

function state(
  id: StateId,
  tone: Tone,
  line: string,
  primary: Primary,
  rest: { hint?: string; secondary?: ReadonlyArray<ActionId> } = {}
): PanelState {
  const secondary = [...new Set(rest.secondary ?? [])].filter(action => action !== primary.action);
  return { id, tone, line, primary, hint: rest.hint ?? '', secondary };
}

function button(action: ActionId, trans: Trans, whyNot = ''): Primary {
  return { action, label: actionLabel(action, trans), whyNot };
}
