// Made by scripts/panel_types.py from the Python records; `make panel-types` makes it anew.

export const PROTOCOL = 1;

/** What the server is. */
export interface About {
  protocol: number;
  version: string;
  root: boolean;
  actor: string;
  actor_problem: string;
  write: boolean;
  environments: ReadonlyArray<string>;
}

/** Ask that a version may go to an environment. */
export interface ApprovalOrder {
  notebook: string;
  reference: string;
  environment: string;
  comment?: string;
}

/** What one run of a registered cell was. */
export interface CellReceipt {
  format: number;
  kind: string;
  name: string;
  cell_id: string;
  execution_count: number;
  source: string;
  files: ReadonlyArray<LiveFile>;
  external: ReadonlyArray<ExternalRead>;
  defined: ReadonlyArray<string>;
  parameters: Readonly<Record<string, string>>;
  changed: ReadonlyArray<string>;
  first: boolean;
  outcome: "captured" | "failed" | "partial";
  notes: ReadonlyArray<string>;
  uses: ReadonlyArray<string>;
  borrowed: Readonly<Record<string, string>>;
  packages: Readonly<Record<string, string>>;
  session: string;
  coverage: Coverage | null;
  duration_s: number;
  stored: boolean;
  created: string;
}

/** Which reads the capture could see. */
export interface Coverage {
  level: "complete" | "none" | "partial" | "python-only";
  sources: ReadonlyArray<string>;
  blind_spots: ReadonlyArray<string>;
  unseen: ReadonlyArray<UnseenInput>;
}

/** A line of two texts side by side; `left` or `right` is None where it has no partner. */
export interface DiffLine {
  kind: "added" | "changed" | "gap" | "removed" | "same";
  left: string | null;
  right: string | null;
}

/** Something read that is no local file: an object in a store, a page, the result of a query. */
export interface ExternalRead {
  kind: "http" | "object-store" | "query";
  target: string;
  cells: ReadonlyArray<number>;
  event: string;
  version: string;
  digest: string;
  rows: number | null;
  result_digest: string;
  status: number;
}

/** A replay, packaging or verification that runs by itself: it does not end with the server. */
export interface Job {
  id: string;
  number: number;
  kind: "package" | "replay" | "verify";
  notebook: string;
  source: string;
  state: "completed" | "differs" | "failed" | "lost" | "refused" | "running" | "stopped" | "waiting";
  created: string;
  by: string;
  parameters: Readonly<Record<string, string>>;
  sandbox: boolean;
  started: string;
  ended: string;
  duration_s: number;
  stage: string;
  cells: ReadonlyArray<JobCell>;
  done: number;
  expected: number;
  message: string;
  remedy: string;
  failure: JobFailure | null;
  executed: string;
  grade: string;
  different: number;
  comparable: boolean;
  bundle: string;
  bundle_name: string;
  notes: ReadonlyArray<string>;
}

/** How one cell of a job stands. */
export interface JobCell {
  cell: number;
  status: "completed" | "died" | "failed" | "interrupted" | "never-ran" | "raised-as-expected" | "shell-command-failed" | "skipped" | "timed-out" | "running" | "waiting";
  duration_s: number;
  memory_bytes: number;
}

/** Event: a job is not as it was. Told when its state, stage or a cell changes, at most a few times a second. */
export interface JobChanged {
  job: Job;
  cell: JobCell | null;
}

/** Why and where it failed. */
export interface JobFailure {
  verdict: string;
  message: string;
  cell: number | null;
  cell_id: string;
  line: number | null;
  exception: string;
  traceback: string;
}

/** What to run. */
export interface JobOrder {
  kind: "package" | "replay" | "verify";
  notebook: string;
  parameters?: Readonly<Record<string, unknown>>;
  sandbox?: boolean;
  kernel?: string;
  source?: string;
  name?: string;
  bundle?: string;
  rebuild?: boolean;
}

/** Answer on comm ``pressrun.ask``: exactly one of `snapshot`, `done` and `error` is meant. */
export interface KernelAnswer {
  type: "answer";
  id: string;
  snapshot: KernelSnapshot | null;
  done: string;
  error: string;
}

/** Delta: a registered cell ended; `partial` is that of the whole capture now. */
export interface KernelCaptured {
  type: "captured";
  seq: number;
  receipt: CellReceipt;
  partial: ReadonlyArray<string>;
}

/** Asked on comm ``pressrun.ask``, one message a question; `id` is the asker's own. */
export interface KernelQuestion {
  id: string;
  ask: "declare" | "snapshot" | "undo";
  cell_id?: string;
  declared?: Readonly<Record<string, string>>;
}

/** First message on comm ``pressrun``: all that this kernel's session knows. */
export interface KernelSnapshot {
  type: "snapshot";
  protocol: number;
  seq: number;
  extension: string;
  session: string;
  capture: boolean;
  problem: string;
  notebook: string;
  running: string;
  running_since: string;
  captured: LiveCapture | null;
}

/** Delta: a registered cell began. */
export interface KernelStarted {
  type: "started";
  seq: number;
  cell_id: string;
  since: string;
}

/** Delta: capturing has stopped in this kernel, or was undone; ask for a new snapshot where `again` is set. */
export interface KernelStopped {
  type: "stopped";
  seq: number;
  problem: string;
  again: boolean;
}

/** The sidecar of a notebook: the newest receipt of each registered cell, and what kernel they came from. */
export interface LiveCapture {
  format: number;
  notebook: string;
  cells: ReadonlyArray<CellReceipt>;
  sessions: ReadonlyArray<string>;
  partial: ReadonlyArray<string>;
}

/** A file that a registered cell read or wrote. */
export interface LiveFile {
  path: string;
  mode: "read" | "read-write" | "write";
  size: number;
  digest: string;
  state: "digested" | "gone" | "pending" | "too-large" | "unreadable";
}

/** What came of an order, in one sentence; `reference` of the version, `id` of the request or deployment. */
export interface Made {
  message: string;
  reference: string;
  id: string;
  path: string;
}

/** Deploy a version, or roll back to one; `to` is 0 for the one before, `reason` may not be empty. */
export interface MoveOrder {
  notebook: string;
  name: string;
  environment: string;
  to?: number;
  reason: string;
}

/** All that the disk and the registry know of one notebook. */
export interface NotebookState {
  path: string;
  project: string;
  source: string;
  name: string;
  kernel: string;
  language: string;
  cells: ReadonlyArray<PanelCell>;
  steps: ReadonlyArray<Step>;
  parameters: ReadonlyArray<PanelParameter>;
  suggested: ReadonlyArray<PanelParameter>;
  captured: LiveCapture | null;
  stale: ReadonlyArray<Stale>;
  problems: ReadonlyArray<Problem>;
  environment: PanelEnvironment;
  jobs: ReadonlyArray<Job>;
  versions: PanelVersions | null;
  unreadable: ReadonlyArray<string>;
}

/** One output of the two runs, ready to be shown side by side. What a kind does not use is empty. */
export interface OutputPair {
  cell: number;
  cell_id: string;
  output: number;
  mime: string;
  sameness: "different" | "extra" | "identical" | "missing" | "normalised" | "not-compared" | "within-tolerance";
  comparator: string;
  reason: string;
  kind: "image" | "table" | "text";
  lines: ReadonlyArray<DiffLine>;
  expected_image: string;
  found_image: string;
  expected_table: ShownTable | null;
  found_table: ShownTable | null;
  table_differences: ReadonlyArray<TableCell>;
  cut: boolean;
}

/** One cell of the saved notebook. */
export interface PanelCell {
  index: number;
  id: string;
  type: string;
  kind: "check" | "data" | "features" | "metrics" | "model" | "parameters" | "report" | "skip" | "step" | "";
  name: string;
  spelling: "cell-magic" | "comment" | "line-magic" | "metadata" | "tag" | "";
  title: string;
  source: string;
}

/** One line of the doctor's or the press's list. */
export interface PanelCheck {
  id: string;
  level: string;
  text: string;
  remedy: string;
  cell: number | null;
  line: number | null;
}

/** The comparison that a job made. */
export interface PanelComparison {
  job: string;
  title: string;
  sameness: "different" | "extra" | "identical" | "missing" | "normalised" | "not-compared" | "within-tolerance";
  grade: string;
  against: string;
  cause: string;
  pairs: ReadonlyArray<OutputPair>;
  values: ReadonlyArray<ValueComparison>;
  notes: ReadonlyArray<string>;
}

/** What the policy says of a version going to an environment. */
export interface PanelDecision {
  reference: string;
  environment: string;
  allowed: boolean;
  binding: boolean;
  ready: boolean;
  mode: string;
  policy: string;
  verdict: string;
  findings: ReadonlyArray<PanelFinding>;
}

/** What jobs have told of the environment; empty before the first one. */
export interface PanelEnvironment {
  python: string;
  packages: number;
  lock: string;
  from_job: string;
}

/** Why something was not done. */
export interface PanelError {
  message: string;
  where: string;
  remedy: string;
  code: number;
  findings: ReadonlyArray<PanelFinding>;
}

/** One check of the policy: what was seen, what is required, who set it, how to mend it. */
export interface PanelFinding {
  check: string;
  title: string;
  outcome: "fail" | "pass" | "unknown" | "waived";
  observed: string;
  required: string;
  set_by: string;
  fix: string;
  who: string;
}

/** How the registry is: what is live, what waits, what does not fit. */
export interface PanelHealth {
  live: ReadonlyArray<PanelVersion>;
  waiting: ReadonlyArray<Waiting>;
  problems: ReadonlyArray<string>;
}

/** What was live in an environment, newest first. */
export interface PanelHistory {
  name: string;
  environment: string;
  reigns: ReadonlyArray<PanelReign>;
}

/** A metric with its confidence interval where there is one. */
export interface PanelMetric {
  value: number;
  low: number | null;
  high: number | null;
}

/** One parameter, with what a form needs to ask for it. */
export interface PanelParameter {
  name: string;
  type: string;
  schema: Readonly<Record<string, unknown>>;
  value: unknown;
  expression: string;
  help: string;
  cell: number;
  derived_from: ReadonlyArray<string>;
  secret: boolean;
}

/** Where a version is live, since when, and who put it there. */
export interface PanelPlace {
  environment: string;
  since: string;
  by: string;
  how: string;
}

/** A time during which one version was live; `until` is empty while it lasts, `number` 0 while nothing was. */
export interface PanelReign {
  number: number;
  since: string;
  until: string;
  by: string;
  how: string;
  reason: string;
  approved_by: ReadonlyArray<string>;
}

/** A request for approval that is open. */
export interface PanelRequest {
  id: string;
  reference: string;
  environment: string;
  by: string;
  since: string;
  expires: string;
  comment: string;
  needed: number;
  given: ReadonlyArray<string>;
  may_approve: boolean;
  why_not: string;
  may_withdraw: boolean;
  stale: string;
  signs_with: "nothing" | "passphrase" | "terminal" | "touch";
  verdict: string;
}

/** A notebook to begin with. */
export interface PanelTemplate {
  id: string;
  title: string;
  description: string;
}

/** One version. */
export interface PanelVersion {
  reference: string;
  number: number;
  state: string;
  grade: string;
  owner: string;
  tier: string;
  registered: string;
  author: string;
  bundle: string;
  source: string;
  use_case: string;
  metrics: Readonly<Record<string, PanelMetric>>;
  live: ReadonlyArray<PanelPlace>;
  request: PanelRequest | null;
}

/** The versions of a name, newest first, and what the actor may do with it. */
export interface PanelVersions {
  name: string;
  versions: ReadonlyArray<PanelVersion>;
  may: Readonly<Record<string, string>>;
  problems: ReadonlyArray<string>;
}

/** Something a reader should know; `level` ``error`` makes replay and package refuse. */
export interface Problem {
  level: "error" | "note" | "warning";
  message: string;
  cell: number | null;
  line: number | null;
}

/** Make a packaged bundle a version. `notebook` says whose project; `bundle` is a digest. */
export interface RegisterOrder {
  notebook: string;
  bundle: string;
  name?: string;
  owner?: string;
  use_case?: string;
  tier?: "" | "experiment" | "strategic";
  note?: string;
}

/** A table as text, at most 200 rows and 50 columns. */
export interface ShownTable {
  header: ReadonlyArray<string>;
  rows: ReadonlyArray<ReadonlyArray<string>>;
  cut: boolean;
}

/** Something that is not as it was captured. */
export interface Stale {
  cell: number | null;
  what: "cell" | "data" | "missing";
  about: string;
  text: string;
}

/** One step of the pipeline: a declared run of cells, or a single cell where nothing is declared. */
export interface Step {
  name: string;
  kind: "check" | "data" | "features" | "metrics" | "model" | "parameters" | "report" | "skip" | "step";
  cells: ReadonlyArray<number>;
  needs: ReadonlyArray<string>;
  provides: ReadonlyArray<string>;
  after: ReadonlyArray<string>;
}

/** A place in a table where the two differ. */
export interface TableCell {
  row: number;
  column: number;
}

/** Make a new notebook of a template in a folder; `name` without a path, empty for the template's own. */
export interface TemplateOrder {
  template: string;
  folder?: string;
  name?: string;
}

/** A file that one source saw being read and another, which should have, did not: possibly an unseen input. */
export interface UnseenInput {
  path: string;
  told_by: ReadonlyArray<string>;
  missed_by: ReadonlyArray<string>;
  cells: ReadonlyArray<number>;
}

/** A declared metric or a model's predictions against what was captured. */
export interface ValueComparison {
  name: string;
  kind: "metric" | "predictions" | "product";
  sameness: "different" | "extra" | "identical" | "missing" | "normalised" | "not-compared" | "within-tolerance";
  expected: unknown;
  found: unknown;
  tolerance: number;
  relative_difference: number | null;
  reason: string;
}

/** Approve, reject or withdraw a request; `reason` goes into the audit log and may not be empty. */
export interface VoteOrder {
  notebook: string;
  request: string;
  reason: string;
  verdict?: string;
  typed?: string;
  passphrase?: string;
}

/** Something that somebody has to do. */
export interface Waiting {
  what: string;
  id: string;
  about: string;
  since: string;
  by: string;
  until: string;
  late: boolean;
  command: string;
}
