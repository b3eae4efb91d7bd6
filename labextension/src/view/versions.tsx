/** The section of versions: what was registered, what waits for approval, what is live where. */
import * as React from 'react';
import { Fragment, h } from './h.ts';
import type { PanelRequest, PanelVersion, PanelVersions } from '../records.ts';
import type { ViewContext } from './context.ts';
import { Button, Empty, Fact, RowLabel, Time } from './parts.tsx';
import { RowList } from './rowlist.tsx';
import type { ListRow } from './rowlist.tsx';
import { shortDigest, versionMark } from './words.ts';

export function Versions(props: { context: ViewContext }): React.JSX.Element {
  const { context } = props;
  const { model, trans, leave } = context;
  const versions = model.current?.saved?.versions ?? null;
  if (versions === null) {
    return (
      <Empty>
        {trans.__('No version yet. Package the notebook, register the bundle as a version, and ask for approval: from then on a pointer such as production can be moved to it, and back.')}
      </Empty>
    );
  }
  const actorProblem = model.about?.actor_problem ?? '';
  return (
    <>
      {actorProblem ? <p className="pr-Why pr-Section-note">{actorProblem}</p> : null}
      {versions.problems.map(problem => (
        <p key={problem} className="pr-Why pr-Section-note">
          {problem}
        </p>
      ))}
      {versions.versions.length === 0 ? (
        <Empty>{trans.__('Nothing is registered as %1 yet.', versions.name)}</Empty>
      ) : (
        <RowList
          rows={versions.versions.map(version => versionRow(version, versions, context))}
          label={trans.__('Versions of %1', versions.name)}
          trans={trans}
          onEscape={leave}
        />
      )}
    </>
  );
}

function versionRow(version: PanelVersion, versions: PanelVersions, context: ViewContext): ListRow {
  const { trans, locale } = context;
  const mark = versionMark(version.state, trans);
  const places = version.live.map(place => place.environment).join(', ');
  return {
    key: version.reference,
    name: version.reference,
    label: (
      <RowLabel mark={mark} name={<>{trans.__('v%1', version.number)} <span className="pr-quiet">{version.grade}</span></>}>
        {places ? trans.__('live in %1', places) : mark.word} · <Time time={version.registered} locale={locale} />
      </RowLabel>
    ),
    details: () => <VersionDetails version={version} versions={versions} context={context} />
  };
}

function VersionDetails(props: {
  version: PanelVersion;
  versions: PanelVersions;
  context: ViewContext;
}): React.JSX.Element {
  const { version, versions, context } = props;
  const { trans, locale } = context;
  const metrics = Object.entries(version.metrics);
  return (
    <>
      <dl className="pr-Facts">
        {version.owner ? <Fact term={trans.__('Owner')}>{version.owner}</Fact> : null}
        {version.author ? <Fact term={trans.__('Author')}>{version.author}</Fact> : null}
        {version.tier ? <Fact term={trans.__('Tier')}>{version.tier}</Fact> : null}
        {version.use_case ? <Fact term={trans.__('Use case')}>{version.use_case}</Fact> : null}
        <Fact term={trans.__('Bundle')}>
          <span title={version.bundle}>{shortDigest(version.bundle)}</span>
        </Fact>
        {metrics.map(([name, metric]) => (
          <Fact key={name} term={name}>
            {number(metric.value, locale)}
            {metric.low !== null && metric.high !== null ? (
              <span className="pr-quiet">
                {' '}
                [{number(metric.low, locale)}, {number(metric.high, locale)}]
              </span>
            ) : null}
          </Fact>
        ))}
        {version.live.map(place => (
          <Fact key={place.environment} term={place.environment}>
            <Time time={place.since} locale={locale} />, {place.by} {place.how ? <span className="pr-quiet">{place.how}</span> : null}
          </Fact>
        ))}
      </dl>
      {version.request === null ? null : <Request request={version.request} context={context} />}
      <VersionActions version={version} versions={versions} context={context} />
    </>
  );
}

function VersionActions(props: {
  version: PanelVersion;
  versions: PanelVersions;
  context: ViewContext;
}): React.JSX.Element {
  const { version, versions, context } = props;
  const { trans, run } = context;
  const reference = version.reference;
  const may = (action: string): string => versions.may[action] ?? '';
  const places = version.live.map(place => place.environment);
  return (
    <div className="pr-Row-actions">
      {version.request === null ? (
        <Button whyNot={may('request')} onClick={() => run('request-approval', { reference })}>
          {trans.__('Request approval…')}
        </Button>
      ) : null}
      <Button whyNot={may('deploy')} onClick={() => run('deploy', { reference })}>
        {trans.__('Deploy…')}
      </Button>
      {places.map(environment => (
        <Button key={environment} whyNot={may('rollback')} onClick={() => run('roll-back', { reference, environment })}>
          {trans.__('Roll %1 back…', environment)}
        </Button>
      ))}
      {places.map(environment => (
        <Button key={`${environment} history`} onClick={() => run('history', { environment })}>
          {trans.__('History of %1', environment)}
        </Button>
      ))}
    </div>
  );
}

function Request(props: { request: PanelRequest; context: ViewContext }): React.JSX.Element {
  const { request, context } = props;
  const { trans, run, locale } = context;
  const given = request.given.length > 0 ? request.given.join(', ') : trans.__('nobody yet');
  const vote = { request: request.id, reference: request.reference, environment: request.environment };
  return (
    <div className="pr-Request">
      <p>
        {trans.__('%1 asks for approval for %2', request.by, request.environment)},{' '}
        <Time time={request.since} locale={locale} />
      </p>
      {request.comment ? <p className="pr-quiet">{request.comment}</p> : null}
      <p>{trans.__('Approved by %1 (%2 of %3)', given, request.given.length, Math.max(1, request.needed))}</p>
      {request.stale ? <p className="pr-Why">{request.stale}</p> : null}
      {request.why_not && !request.may_approve ? <p className="pr-quiet">{request.why_not}</p> : null}
      <div className="pr-Row-actions">
        <Button whyNot={request.may_approve ? '' : request.why_not || trans.__('You may not approve it.')} onClick={() => run('approve', vote)}>
          {trans.__('Approve…')}
        </Button>
        <Button onClick={() => run('reject', vote)}>{trans.__('Reject…')}</Button>
        {request.may_withdraw ? (
          <Button onClick={() => run('withdraw', vote)}>{trans.__('Withdraw…')}</Button>
        ) : null}
      </div>
    </div>
  );
}

function number(value: number, locale: string): string {
  return value.toLocaleString(locale, { maximumSignificantDigits: 4 });
}
