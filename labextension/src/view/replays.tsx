/** The section of replays, packagings and verifications: the one that runs, and those that ended. */
import * as React from 'react';
import { Fragment, h } from './h.ts';
import type { Job } from '../records.ts';
import { announcedPercent, isRunning, runningCell } from '../server/jobs.ts';
import type { ViewContext } from './context.ts';
import { Button, Empty, Fact, Time } from './parts.tsx';
import { RowList } from './rowlist.tsx';
import type { ListRow } from './rowlist.tsx';
import { duration, jobCellTone, jobMark, jobName, shortDigest } from './words.ts';

export function Replays(props: { context: ViewContext }): React.JSX.Element {
  const { context } = props;
  const { model, trans, run, leave } = context;
  const jobs = model.current?.jobs ?? [];
  const running = jobs.filter(isRunning);
  const ended = jobs.filter(job => !isRunning(job));
  if (jobs.length === 0) {
    return (
      <Empty>
        <p>{trans.__('A replay runs the saved notebook from top to bottom in a new kernel and compares the results with yours.')}</p>
        {model.current === null ? null : (
          <Button kind="link" onClick={() => run('replay')}>
            {trans.__('Replay this notebook')}
          </Button>
        )}
      </Empty>
    );
  }
  return (
    <>
      {running.map(job => (
        <Progress key={job.id} job={job} context={context} />
      ))}
      <RowList rows={ended.map(job => jobRow(job, context))} label={trans.__('Ended')} trans={trans} onEscape={leave} />
    </>
  );
}

function Progress(props: { job: Job; context: ViewContext }): React.JSX.Element {
  const { job, context } = props;
  const { trans, run } = context;
  const cell = runningCell(job);
  const counted = trans.__('%1 of %2 cells', job.done, job.expected);
  const text = cell === null ? counted : trans.__('cell %1, %2', cell, counted);
  const segments = job.cells.filter(one => one.cell >= 0);
  return (
    <div className="pr-Progress">
      <div className="pr-Progress-top">
        <span>{jobName(job, trans)}</span>
        <span className="pr-quiet">{job.expected > 0 ? text : job.stage || trans.__('starting')}</span>
      </div>
      <div
        className="pr-Progress-bar"
        role="progressbar"
        aria-label={jobName(job, trans)}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={announcedPercent(job)}
        aria-valuetext={trans.__('%1 percent', announcedPercent(job))}
      >
        {Array.from({ length: Math.min(job.expected, 200) }, (_, index) => {
          const one = segments[index];
          const tone = one === undefined ? 'quiet' : jobCellTone(one);
          return <span key={index} className={`pr-Progress-cell pr-mod-${tone}`} />;
        })}
      </div>
      <div className="pr-Row-actions">
        {job.expected > 0 && job.stage ? <span className="pr-quiet">{job.stage}</span> : null}
        <Button onClick={() => run('stop', { job: job.id })}>{trans.__('Stop')}</Button>
      </div>
    </div>
  );
}

function jobRow(job: Job, context: ViewContext): ListRow {
  const { trans, locale } = context;
  const mark = jobMark(job, trans);
  const name = jobName(job, trans);
  return {
    key: job.id,
    name,
    title: job.message,
    label: (
      <>
        <span className="pr-Row-name">
          <span className={`pr-Mark-sign pr-mod-${mark.tone}`} aria-hidden="true">
            {mark.sign}
          </span>
          {name}
        </span>
        <span className="pr-Row-meta">
          {mark.word} · {job.duration_s > 0 ? `${duration(job.duration_s)} · ` : null}
          <Time time={job.ended || job.created} locale={locale} />
        </span>
      </>
    ),
    details: () => <JobDetails job={job} context={context} />
  };
}

function JobDetails(props: { job: Job; context: ViewContext }): React.JSX.Element {
  const { job, context } = props;
  const { trans, run } = context;
  const parameters = Object.entries(job.parameters);
  const message = job.failure?.message || job.message;
  return (
    <>
      {message ? <p className="pr-Why">{message}</p> : null}
      {job.remedy ? <p>{job.remedy}</p> : null}
      <FailedAt job={job} context={context} />
      <dl className="pr-Facts">
        {job.grade ? <Fact term={trans.__('Grade')}>{job.grade}</Fact> : null}
        {parameters.length > 0 ? (
          <Fact term={trans.__('Parameters')}>{parameters.map(([name, value]) => `${name} = ${value}`).join(', ')}</Fact>
        ) : null}
        {job.sandbox ? <Fact term={trans.__('Sandbox')}>{trans.__('yes')}</Fact> : null}
        {job.by ? <Fact term={trans.__('By')}>{job.by}</Fact> : null}
        {job.bundle ? (
          <Fact term={trans.__('Bundle')}>
            {job.bundle_name} <span title={job.bundle}>{shortDigest(job.bundle)}</span>
          </Fact>
        ) : null}
        {job.notes.length > 0 ? <Fact term={trans.__('Notes')}>{job.notes.join(' ')}</Fact> : null}
      </dl>
      <div className="pr-Row-actions">
        {job.comparable ? <Button onClick={() => run('compare', { job: job.id })}>{trans.__('Compare')}</Button> : null}
        {job.executed ? (
          <Button onClick={() => run('open-executed', { job: job.id })}>{trans.__('Open the executed notebook')}</Button>
        ) : null}
        {job.bundle && job.kind === 'package' ? (
          <Button onClick={() => run('register-version', { job: job.id })}>{trans.__('Register…')}</Button>
        ) : null}
        <Button onClick={() => run('replay', { job: job.id })}>{trans.__('Run again…')}</Button>
        <Button onClick={() => run('copy-command', { job: job.id })}>{trans.__('Copy command')}</Button>
      </div>
    </>
  );
}

function FailedAt(props: { job: Job; context: ViewContext }): React.JSX.Element | null {
  const { failure } = props.job;
  const { trans, run } = props.context;
  if (failure === null) {
    return null;
  }
  const { cell, line } = failure;
  const label =
    line === null ? trans.__('Go to cell %1', cell ?? 0) : trans.__('Go to cell %1, line %2', cell ?? 0, line);
  return (
    <>
      {cell === null ? null : (
        <Button kind="link" onClick={() => run('go-to-failure', { job: props.job.id })}>
          {label} →
        </Button>
      )}
      {failure.traceback ? (
        <details className="pr-Traceback">
          <summary>{trans.__('Traceback')}</summary>
          <pre tabIndex={0}>{failure.traceback}</pre>
        </details>
      ) : null}
    </>
  );
}
