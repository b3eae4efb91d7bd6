/** What the server of pressrun is asked, typed by the records. Knows no JupyterLab: `Send` is what carries. */
import type {
  About, ApprovalOrder, Job, JobOrder, Made, MoveOrder, NotebookState, PanelCheck, PanelComparison, PanelDecision,
  PanelError, PanelFinding, PanelHealth, PanelHistory, PanelTemplate, PanelVersions, RegisterOrder, TemplateOrder,
  VoteOrder
} from '../records.ts';

/** What came back. */
export interface Reply {
  status: number;
  body: string;
}

/** Carry a request to `<base url>pressrun/<path>`; throws when the server cannot be reached. */
export type Send = (path: string, method: 'GET' | 'POST', body: string | null) => Promise<Reply>;

/** The server did not do it: what, where, and the remedy. */
export class RequestError extends Error {
  /** HTTP status, 0 where the server could not be reached. */
  readonly status: number;
  readonly where: string;
  readonly remedy: string;
  readonly findings: ReadonlyArray<PanelFinding>;

  constructor(status: number, what: string, where = '', remedy = '', findings: ReadonlyArray<PanelFinding> = []) {
    super(what);
    this.name = 'RequestError';
    this.status = status;
    this.where = where;
    this.remedy = remedy;
    this.findings = findings;
  }
}

type Query = Readonly<Record<string, string>>;

/** The routes. */
export class Client {
  constructor(send: Send) {
    this.#send = send;
  }

  about(): Promise<About> {
    return this.#get('about');
  }

  notebook(path: string): Promise<NotebookState> {
    return this.#get('notebook', { path });
  }

  doctor(path: string): Promise<ReadonlyArray<PanelCheck>> {
    return this.#get('doctor', { path });
  }

  templates(): Promise<ReadonlyArray<PanelTemplate>> {
    return this.#get('templates');
  }

  makeFromTemplate(order: TemplateOrder): Promise<Made> {
    return this.#post('templates', order);
  }

  jobs(path: string): Promise<ReadonlyArray<Job>> {
    return this.#get('jobs', { path });
  }

  startJob(order: JobOrder): Promise<Job> {
    return this.#post('jobs', order);
  }

  job(id: string, path: string): Promise<Job> {
    return this.#get(`jobs/${encodeURIComponent(id)}`, { path });
  }

  stopJob(id: string, path: string): Promise<Job> {
    return this.#post(`jobs/${encodeURIComponent(id)}/stop`, {}, { path });
  }

  comparison(id: string, path: string): Promise<PanelComparison> {
    return this.#get(`jobs/${encodeURIComponent(id)}/comparison`, { path });
  }

  command(id: string, path: string): Promise<Made> {
    return this.#get(`jobs/${encodeURIComponent(id)}/command`, { path });
  }

  versions(path: string, name: string): Promise<PanelVersions> {
    return this.#get('versions', { path, name });
  }

  register(order: RegisterOrder): Promise<Made> {
    return this.#post('versions', order);
  }

  decision(path: string, reference: string, environment: string): Promise<PanelDecision> {
    return this.#get('decision', { path, reference, environment });
  }

  health(path: string): Promise<PanelHealth> {
    return this.#get('health', { path });
  }

  history(path: string, name: string, environment: string, asOf: string): Promise<PanelHistory> {
    return this.#get('history', { path, name, environment, as_of: asOf });
  }

  requestApproval(order: ApprovalOrder): Promise<Made> {
    return this.#post('requests', order);
  }

  vote(verb: 'approve' | 'reject' | 'withdraw', order: VoteOrder): Promise<Made> {
    return this.#post(`requests/${verb}`, order);
  }

  deploy(order: MoveOrder): Promise<Made> {
    return this.#post('deployments', order);
  }

  rollBack(order: MoveOrder): Promise<Made> {
    return this.#post('rollbacks', order);
  }

  #get<T>(route: string, query: Query = {}): Promise<T> {
    return this.#ask(withQuery(route, query), 'GET', null);
  }

  #post<T>(route: string, order: object, query: Query = {}): Promise<T> {
    return this.#ask(withQuery(route, query), 'POST', JSON.stringify(order));
  }

  async #ask<T>(path: string, method: 'GET' | 'POST', body: string | null): Promise<T> {
    const reply = await this.#send(path, method, body);
    if (reply.status >= 400) {
      throw refusal(reply, path);
    }
    try {
      return JSON.parse(reply.body) as T;
    } catch {
      throw new RequestError(reply.status, 'the answer is no JSON', path, 'A proxy may have answered in its place.');
    }
  }

  readonly #send: Send;
}

function withQuery(route: string, query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== '');
  const text = given.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
  return text ? `${route}?${text}` : route;
}

/** The error that a reply tells: a PanelError of ours, a message of Jupyter Server's, or only a status. */
function refusal(reply: Reply, path: string): RequestError {
  let told: unknown = null;
  try {
    told = JSON.parse(reply.body);
  } catch {
    // Not ours: a proxy's page, or an empty body. The status says what there is to say.
  }
  const error = (typeof told === 'object' && told !== null ? told : {}) as Partial<PanelError>;
  const message = error.message || `the server answered ${reply.status}`;
  return new RequestError(reply.status, message, error.where || (error.message ? '' : path), error.remedy, error.findings);
}
