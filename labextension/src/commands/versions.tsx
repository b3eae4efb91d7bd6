/** Commands about versions: register, ask, approve, reject, withdraw, deploy, roll back, and what was live. */
import { Notification } from '@jupyterlab/apputils';
import * as React from 'react';
import { Fragment, h } from '../view/h.ts';
import { askAndDo } from '../forms/dialog.tsx';
import { field } from '../forms/fields.ts';
import type { Field } from '../forms/fields.ts';
import type { Made, NotebookState, PanelDecision, PanelRequest, PanelVersion } from '../records.ts';
import { RequestError } from '../server/client.ts';
import { Findings } from '../view/findings.tsx';
import { History } from '../view/history.tsx';
import { COMMANDS } from '../tokens.ts';
import { addCommand, needsNotebook, pathOf, textOf } from './deps.ts';
import type { CommandArgs, Deps } from './deps.ts';

export function addVersionCommands(deps: Deps): void {
  const { trans } = deps;
  const whyNot = needsNotebook(deps);
  const reference = { type: 'string' as const, description: trans.__('Version, for example churn@3.') };
  const environment = { type: 'string' as const, description: trans.__('Environment, for example production.') };
  const request = { type: 'string' as const, description: trans.__('Id of the request for approval.') };
  const job = { type: 'string' as const, description: trans.__('Id of the job that packaged the bundle.') };
  const add = (id: string, label: string, args: Parameters<typeof addCommand>[2]['args'], execute: (args: CommandArgs) => Promise<void>): void =>
    addCommand(deps, id, { label, args, whyNot, execute });
  add('register-version', trans.__('Register the bundle as a version…'), { job }, args => registerVersion(deps, args));
  add('request-approval', trans.__('Request approval…'), { reference, environment }, args => requestApproval(deps, args));
  add('approve', trans.__('Approve a version…'), { request }, args => vote(deps, 'approve', args));
  add('reject', trans.__('Reject a version…'), { request }, args => vote(deps, 'reject', args));
  add('remind', trans.__('Copy a reminder of a request'), { request }, args => remind(deps, args));
  add('withdraw', trans.__('Withdraw a request or an approval…'), { request }, args => vote(deps, 'withdraw', args));
  add('deploy', trans.__('Deploy a version…'), { reference, environment }, args => deploy(deps, args));
  add('roll-back', trans.__('Roll back…'), { environment }, args => rollBack(deps, args));
  add('history', trans.__('Show what was live'), { environment, name: reference }, args => showHistory(deps, args));
}

async function registerVersion(deps: Deps, args: CommandArgs): Promise<void> {
  const { client, trans } = deps;
  const state = await stateOf(deps, args);
  const id = textOf(args, 'job');
  const job = state.jobs.find(other => other.kind === 'package' && other.bundle !== '' && (id === '' || other.id === id));
  if (job === undefined) {
    throw new RequestError(404, trans.__('this notebook was not packaged yet'), state.path, trans.__('Package it first.'));
  }
  const tiers = ['', 'experiment', 'strategic'].map(value => ({ text: value, value }));
  const fields = [
    field('name', trans.__('Name'), 'text', { initial: job.bundle_name || state.name, isRequired: true }),
    field('owner', trans.__('Owner'), 'text', { help: trans.__('You, where it is left empty.') }),
    field('use_case', trans.__('Use case'), 'text'),
    field('tier', trans.__('Tier'), 'choice', { choices: tiers, help: trans.__('How much depends on it, and so how much is asked.') }),
    field('note', trans.__('Note'), 'long')
  ];
  const order = { notebook: state.path, bundle: job.bundle };
  const made = await askAndDo(
    { title: trans.__('Register as a version'), fields, accept: trans.__('Register') },
    given => client.register({ ...order, ...texts(given, ['name', 'owner', 'use_case', 'note']), tier: tierOf(given['tier']) }),
    trans
  );
  await told(deps, made);
}

function tierOf(value: unknown): '' | 'experiment' | 'strategic' {
  return value === 'experiment' || value === 'strategic' ? value : '';
}

async function requestApproval(deps: Deps, args: CommandArgs): Promise<void> {
  const { client, trans } = deps;
  const state = await stateOf(deps, args);
  const version = versionOf(deps, state, textOf(args, 'reference'));
  const environment = await environmentOf(deps, args, trans.__('Request approval of %1', version.reference));
  if (environment === null) {
    return;
  }
  const decision = await client.decision(state.path, version.reference, environment);
  const made = await askAndDo(
    {
      title: trans.__('Request approval of %1 for %2', version.reference, environment),
      intro: <Decided decision={decision} deps={deps} />,
      fields: [field('comment', trans.__('Comment for those who approve'), 'long')],
      accept: trans.__('Request approval')
    },
    given =>
      client.requestApproval({
        notebook: state.path,
        reference: version.reference,
        environment,
        comment: String(given['comment'] ?? '')
      }),
    trans
  );
  await told(deps, made);
}

async function vote(deps: Deps, verb: 'approve' | 'reject' | 'withdraw', args: CommandArgs): Promise<void> {
  const { client, trans } = deps;
  const state = await stateOf(deps, args);
  const request = requestOf(deps, state, textOf(args, 'request'));
  const decision = await client.decision(state.path, request.reference, request.environment);
  const titles = {
    approve: trans.__('Approve %1 for %2', request.reference, request.environment),
    reject: trans.__('Reject %1 for %2', request.reference, request.environment),
    withdraw: trans.__('Withdraw %1 for %2', request.reference, request.environment)
  };
  const accepts = { approve: trans.__('Approve'), reject: trans.__('Reject'), withdraw: trans.__('Withdraw') };
  const made = await askAndDo(
    {
      title: titles[verb],
      intro: <RequestIntro request={request} decision={decision} deps={deps} isApproval={verb === 'approve'} />,
      fields: voteFields(verb, request, deps),
      accept: accepts[verb],
      isWarning: verb !== 'approve'
    },
    given => {
      const order = { notebook: state.path, request: request.id, reason: String(given['reason'] ?? '') };
      return client.vote(
        verb,
        verb === 'approve'
          ? { ...order, verdict: decision.verdict, ...texts(given, ['typed', 'passphrase']) }
          : order
      );
    },
    trans
  );
  await told(deps, made);
}

/** What can be sent to somebody who may approve. */
async function remind(deps: Deps, args: CommandArgs): Promise<void> {
  const { trans } = deps;
  const request = requestOf(deps, await stateOf(deps, args), textOf(args, 'request'));
  const command = `pressrun approve ${request.id}`;
  const text = trans.__('%1 waits for approval for %2: %3', request.reference, request.environment, command);
  await deps.app.commands.execute(`${COMMANDS}:copy-text`, { text });
}

function voteFields(verb: 'approve' | 'reject' | 'withdraw', request: PanelRequest, deps: Deps): Field[] {
  const { trans } = deps;
  const reason = reasonField(deps);
  if (verb !== 'approve') {
    return [reason];
  }
  const typed = field('typed', trans.__('Type %1 to be sure', request.reference), 'text', {
    isRequired: true,
    mustBe: request.reference
  });
  const passphrase = field('passphrase', trans.__('Passphrase of your key'), 'password', { isRequired: true });
  return request.signs_with === 'passphrase' ? [reason, typed, passphrase] : [reason, typed];
}

function reasonField(deps: Deps): Field {
  const { trans } = deps;
  return field('reason', trans.__('Reason'), 'long', { isRequired: true, help: trans.__('It goes into the audit log.') });
}

function RequestIntro(props: {
  request: PanelRequest;
  decision: PanelDecision;
  deps: Deps;
  isApproval: boolean;
}): React.JSX.Element {
  const { request, decision, deps, isApproval } = props;
  const { trans } = deps;
  return (
    <>
      <p>{trans.__('%1 asks for it.', request.by)}</p>
      {request.comment ? <blockquote className="pr-Quote">{request.comment}</blockquote> : null}
      {isApproval && !request.may_approve && request.why_not ? <p className="pr-Why">{request.why_not}</p> : null}
      {isApproval && request.signs_with === 'touch' ? <p>{trans.__('Touch your token when it asks for it.')}</p> : null}
      <Decided decision={decision} deps={deps} />
    </>
  );
}

function Decided(props: { decision: PanelDecision; deps: Deps }): React.JSX.Element {
  const { decision, deps } = props;
  const { trans } = deps;
  const line = decision.allowed
    ? trans.__('The policy allows it.')
    : decision.ready
      ? trans.__('The policy asks for nothing more but approvals.')
      : decision.binding
        ? trans.__('The policy does not allow it.')
        : trans.__('The policy advises against it.');
  return (
    <>
      <p>
        <strong>{line}</strong> {decision.policy ? <span className="pr-quiet">{decision.policy}</span> : null}
      </p>
      <Findings findings={decision.findings} trans={trans} />
    </>
  );
}

async function deploy(deps: Deps, args: CommandArgs): Promise<void> {
  const { client, trans } = deps;
  const state = await stateOf(deps, args);
  const version = versionOf(deps, state, textOf(args, 'reference'));
  const environment = await environmentOf(deps, args, trans.__('Deploy %1', version.reference));
  if (environment === null) {
    return;
  }
  const decision = await client.decision(state.path, version.reference, environment);
  const made = await askAndDo(
    {
      title: trans.__('Deploy %1 to %2', version.reference, environment),
      intro: <Decided decision={decision} deps={deps} />,
      fields: [reasonField(deps)],
      accept: trans.__('Deploy'),
      isWarning: true
    },
    given =>
      client.deploy({
        notebook: state.path,
        name: nameOf(version),
        environment,
        to: version.number,
        reason: String(given['reason'] ?? '')
      }),
    trans
  );
  await told(deps, made);
}

async function rollBack(deps: Deps, args: CommandArgs): Promise<void> {
  const { client, trans } = deps;
  const state = await stateOf(deps, args);
  const live = (state.versions?.versions ?? []).filter(version => version.live.length > 0);
  const places = live.flatMap(version => version.live.map(place => place.environment));
  const environment = textOf(args, 'environment') || (places.length === 1 ? places[0] : '') ||
    (await chosen(deps, trans.__('Roll back'), places));
  const current = live.find(version => version.live.some(place => place.environment === environment));
  if (!environment || current === undefined) {
    throw new RequestError(409, trans.__('nothing is live there'), environment ?? '');
  }
  const before = { text: trans.__('the one that was live before'), value: 0 };
  const others = (state.versions?.versions ?? []).filter(version => version.number < current.number);
  const choices = [before, ...others.map(version => ({ text: version.reference, value: version.number }))];
  const made = await askAndDo(
    {
      title: trans.__('Roll %1 back from %2', environment, current.reference),
      fields: [field('to', trans.__('Back to'), 'choice', { choices, initial: before.text }), reasonField(deps)],
      accept: trans.__('Roll back'),
      isWarning: true
    },
    given =>
      client.rollBack({
        notebook: state.path,
        name: nameOf(current),
        environment,
        to: Number(given['to'] ?? 0),
        reason: String(given['reason'] ?? '')
      }),
    trans
  );
  await told(deps, made);
}

async function showHistory(deps: Deps, args: CommandArgs): Promise<void> {
  const { client, trans } = deps;
  const state = await stateOf(deps, args);
  const name = textOf(args, 'name') || (state.versions?.name ?? state.name);
  const environments = environmentsOf(deps);
  const live = (state.versions?.versions ?? []).flatMap(version => version.live.map(place => place.environment));
  const first = textOf(args, 'environment') || live[0] || environments[environments.length - 1] || 'production';
  deps.views.open(
    `history ${name}`,
    trans.__('%1: what was live', name),
    <History
      name={name}
      environment={first}
      environments={[...new Set([...environments, first])]}
      load={(environment, asOf) => client.history(state.path, name, environment, asOf)}
      trans={trans}
      locale={deps.locale}
    />
  );
}

/** The environment that is meant: the argument, the only one, or the one that is chosen; null when nothing is. */
async function environmentOf(deps: Deps, args: CommandArgs, title: string): Promise<string | null> {
  const environments = environmentsOf(deps);
  const given = textOf(args, 'environment') || (environments.length === 1 ? environments[0] : '');
  return given || chosen(deps, title, environments);
}

async function chosen(deps: Deps, title: string, environments: ReadonlyArray<string>): Promise<string | null> {
  const { trans } = deps;
  const label = trans.__('Environment');
  const known = [...new Set(environments)];
  const asked =
    known.length > 0
      ? field('environment', label, 'choice', { choices: known.map(text => ({ text, value: text })), initial: known[0] ?? '' })
      : field('environment', label, 'text', { isRequired: true, initial: 'production' });
  const options = { title, fields: [asked], accept: trans.__('Continue') };
  return askAndDo(options, given => Promise.resolve(String(given['environment'] ?? '')), trans);
}

function environmentsOf(deps: Deps): ReadonlyArray<string> {
  return deps.model.about?.environments ?? [];
}

async function stateOf(deps: Deps, args: CommandArgs): Promise<NotebookState> {
  const path = pathOf(deps, args);
  const known = deps.notebooks.currentModel;
  return known?.saved && known.source.path === path ? known.saved : deps.client.notebook(path);
}

function versionOf(deps: Deps, state: NotebookState, reference: string): PanelVersion {
  const versions = state.versions?.versions ?? [];
  const found = reference
    ? versions.find(version => version.reference === reference)
    : (versions.find(version => version.source === state.source) ?? versions[0]);
  if (found === undefined) {
    const { trans } = deps;
    const remedy = trans.__('Package the notebook and register the bundle first.');
    throw new RequestError(404, trans.__('there is no such version'), reference || state.path, remedy);
  }
  return found;
}

function requestOf(deps: Deps, state: NotebookState, id: string): PanelRequest {
  const requests = (state.versions?.versions ?? []).flatMap(version => version.request ?? []);
  const found = id ? requests.find(request => request.id === id) : requests[0];
  if (found === undefined) {
    throw new RequestError(404, deps.trans.__('nobody asks for approval'), state.path);
  }
  return found;
}

function nameOf(version: PanelVersion): string {
  return version.reference.split('@')[0] ?? version.reference;
}

function texts(given: Readonly<Record<string, unknown>>, names: ReadonlyArray<string>): Record<string, string> {
  return Object.fromEntries(names.filter(name => name in given).map(name => [name, String(given[name] ?? '')]));
}

/** Say what was made, and ask for everything anew. */
async function told(deps: Deps, made: Made | null): Promise<void> {
  if (made === null) {
    return;
  }
  Notification.success(made.message, { autoClose: 6000 });
  await deps.model.refresh();
}
