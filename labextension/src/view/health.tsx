/** The section of health: what is live, what somebody has to do, and what does not fit in the registry. */
import * as React from 'react';
import { Fragment, h } from './h.ts';
import type { PanelVersion, Waiting } from '../records.ts';
import type { ViewContext } from './context.ts';
import { Button, Empty, Failure, RowLabel, Time } from './parts.tsx';
import { RowList } from './rowlist.tsx';
import type { ListRow } from './rowlist.tsx';

export function Health(props: { context: ViewContext }): React.JSX.Element {
  const { context } = props;
  const { model, trans, leave } = context;
  const health = model.health;
  if (model.healthError !== null) {
    return <Failure error={model.healthError} trans={trans} />;
  }
  if (model.current === null || health === null) {
    return <Empty>{trans.__('What is live, and what waits for somebody, stands here.')}</Empty>;
  }
  const rows = [
    ...health.problems.map(problem => problemRow(problem)),
    ...health.waiting.map(waiting => waitingRow(waiting, context)),
    ...health.live.flatMap(version => liveRows(version, context))
  ];
  if (rows.length === 0) {
    return <Empty>{trans.__('Nothing is live yet, and nothing waits for anybody.')}</Empty>;
  }
  return <RowList rows={rows} label={trans.__('Health')} trans={trans} onEscape={leave} />;
}

function problemRow(problem: string): ListRow {
  return {
    key: problem,
    name: problem,
    className: 'pr-mod-bad',
    label: <RowLabel mark={{ sign: '!', tone: 'bad' }} name={problem} />,
    details: () => <p>{problem}</p>
  };
}

function waitingRow(waiting: Waiting, context: ViewContext): ListRow {
  const { trans, locale, run } = context;
  const meta = waiting.late ? trans.__('late') : trans.__('waits');
  return {
    key: waiting.id,
    name: waiting.about,
    label: (
      <RowLabel mark={{ sign: '◔', tone: waiting.late ? 'bad' : 'attention' }} name={`${waiting.what}: ${waiting.about}`}>
        {meta} · <Time time={waiting.since} locale={locale} />
      </RowLabel>
    ),
    details: () => (
      <>
        <p>
          {trans.__('By %1', waiting.by)}
          {waiting.until ? (
            <>
              , {trans.__('until')} <Time time={waiting.until} locale={locale} />
            </>
          ) : null}
        </p>
        {waiting.command ? (
          <>
            <pre>{waiting.command}</pre>
            <Button onClick={() => run('copy-text', { text: waiting.command })}>{trans.__('Copy command')}</Button>
          </>
        ) : null}
      </>
    )
  };
}

function liveRows(version: PanelVersion, context: ViewContext): ListRow[] {
  const { trans, locale, run } = context;
  return version.live.map(place => ({
    key: `${version.reference} ${place.environment}`,
    name: version.reference,
    title: trans.__('Show what was live in %1', place.environment),
    act: () => run('history', { environment: place.environment, name: version.reference.split('@')[0] ?? '' }),
    label: (
      <RowLabel mark={{ sign: '●', tone: 'good' }} name={version.reference}>
        {trans.__('live in %1', place.environment)} · <Time time={place.since} locale={locale} />
      </RowLabel>
    )
  }));
}
