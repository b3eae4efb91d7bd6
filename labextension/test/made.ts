/** Records and facts with everything at its usual, for tests that change one thing. */
import type { CellFact, Facts } from '../src/model/facts.ts';
import type { CellReceipt, Job, KernelSnapshot, NotebookState, PanelParameter, PanelRequest, PanelVersion } from '../src/records.ts';
import type { Trans } from '../src/translated.ts';

/** Fills in `%1`, `%2` as JupyterLab's own bundles do; a count is `%1` of `_n`. */
export const trans: Trans = {
  __: (message, ...values) => filled(message, values),
  _n: (one, many, count, ...values) => filled(count === 1 ? one : many, [count, ...values])
};

function filled(message: string, values: ReadonlyArray<string | number>): string {
  return message.replace(/%(\d+)/g, (_, index: string) => {
    const value = values[Number(index) - 1];
    if (value === undefined) {
      throw new Error(`no value for %${index} in ${message}`);
    }
    return String(value);
  });
}

export function cell(index: number, state: CellFact['state'] = 'captured'): CellFact {
  return { index, id: `id-${index}`, state, why: '' };
}

/** A captured notebook in a kernel that captures, on a server that answers. */
export function facts(changes: Partial<Facts> = {}): Facts {
  return {
    notebook: 'churn.ipynb',
    language: 'python',
    server: 'ready',
    serverMessage: '',
    serverRemedy: '',
    isKnown: true,
    isRooted: true,
    mayWrite: true,
    kernel: 'alive',
    channel: 'connected',
    channelProblem: '',
    kernelVersion: '0.1.0',
    serverVersion: '0.1.0',
    busy: null,
    now: 100_000,
    isUnsaved: false,
    cells: [cell(1), cell(2), cell(4)],
    stale: [],
    partial: [],
    problem: null,
    job: null,
    isJobCurrent: false,
    packaged: null,
    version: null,
    nextNumber: 4,
    rolledBack: null,
    ...changes
  };
}

export function job(changes: Partial<Job> = {}): Job {
  return {
    id: 'a'.repeat(32),
    number: 1,
    kind: 'replay',
    notebook: 'churn.ipynb',
    source: 'sha256:saved',
    state: 'completed',
    created: '2026-11-02T10:00:00Z',
    by: 'anna',
    parameters: {},
    sandbox: false,
    started: '',
    ended: '',
    duration_s: 0,
    stage: '',
    cells: [],
    done: 0,
    expected: 0,
    message: '',
    remedy: '',
    failure: null,
    executed: '',
    grade: '',
    different: 0,
    comparable: false,
    bundle: '',
    bundle_name: '',
    notes: [],
    ...changes
  };
}

export function failure(cellIndex: number | null, message: string): Job['failure'] {
  return { verdict: 'cell-error', message, cell: cellIndex, cell_id: '', line: null, exception: '', traceback: '' };
}

export function version(changes: Partial<PanelVersion> = {}): PanelVersion {
  return {
    reference: 'churn@4',
    number: 4,
    state: 'registered',
    grade: 'R4',
    owner: 'anna',
    tier: 'experiment',
    registered: '2026-11-02T10:00:00Z',
    author: 'anna',
    bundle: 'sha256:bundle',
    source: 'sha256:saved',
    use_case: '',
    metrics: {},
    live: [],
    request: null,
    ...changes
  };
}

export function request(changes: Partial<PanelRequest> = {}): PanelRequest {
  return {
    id: 'r1',
    reference: 'churn@4',
    environment: 'production',
    by: 'anna',
    since: '2026-11-02T10:00:00Z',
    expires: '',
    comment: '',
    needed: 2,
    given: ['ben'],
    may_approve: false,
    why_not: 'you asked for it yourself',
    may_withdraw: false,
    stale: '',
    signs_with: 'nothing',
    verdict: '',
    ...changes
  };
}

export function parameter(changes: Partial<PanelParameter> = {}): PanelParameter {
  return {
    name: 'rows',
    type: 'int',
    schema: { type: 'integer' },
    value: 500,
    expression: '500',
    help: '',
    cell: 1,
    derived_from: [],
    secret: false,
    ...changes
  };
}

export function receipt(cellId: string, changes: Partial<CellReceipt> = {}): CellReceipt {
  return {
    format: 1,
    kind: 'step',
    name: cellId,
    cell_id: cellId,
    execution_count: 1,
    source: '',
    files: [],
    external: [],
    defined: [],
    parameters: {},
    changed: [],
    first: true,
    outcome: 'captured',
    notes: [],
    uses: [],
    borrowed: {},
    packages: {},
    session: 's1',
    coverage: null,
    duration_s: 1,
    stored: true,
    created: '',
    ...changes
  };
}

export function snapshot(changes: Partial<KernelSnapshot> = {}): KernelSnapshot {
  return {
    type: 'snapshot',
    protocol: 1,
    seq: 1,
    extension: '0.1.0',
    session: 's1',
    capture: true,
    problem: '',
    notebook: 'churn.ipynb',
    running: '',
    running_since: '',
    captured: null,
    ...changes
  };
}

export function notebookState(changes: Partial<NotebookState> = {}): NotebookState {
  return {
    path: 'churn.ipynb',
    project: '',
    source: 'sha256:saved',
    name: 'churn',
    kernel: 'python3',
    language: 'python',
    cells: [],
    steps: [],
    parameters: [],
    suggested: [],
    captured: null,
    stale: [],
    problems: [],
    environment: { python: '', packages: 0, lock: '', from_job: '' },
    jobs: [],
    versions: null,
    unreadable: [],
    ...changes
  };
}
