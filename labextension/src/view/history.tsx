/** What was live in an environment, newest first, now or as it was at a moment. */
import * as React from 'react';
import { h } from './h.ts';
import type { PanelHistory } from '../records.ts';
import type { Trans } from '../translated.ts';
import { Loaded } from './loaded.tsx';
import { Time } from './parts.tsx';
import { absolute } from './words.ts';

export function History(props: {
  name: string;
  environment: string;
  environments: ReadonlyArray<string>;
  load: (environment: string, asOf: string) => Promise<PanelHistory>;
  trans: Trans;
  locale: string;
}): React.JSX.Element {
  const { trans, locale } = props;
  const [environment, setEnvironment] = React.useState(props.environment);
  const [asOf, setAsOf] = React.useState('');
  const moment = asOf === '' ? '' : new Date(asOf).toISOString();
  return (
    <article className="pr-History">
      <h2>{trans.__('What was live of %1', props.name)}</h2>
      <p className="pr-History-asked">
        <label>
          {trans.__('Environment')}{' '}
          <select value={environment} onChange={event => setEnvironment(event.target.value)}>
            {props.environments.map(name => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <label>
          {trans.__('At the moment')}{' '}
          <input type="datetime-local" value={asOf} onChange={event => setAsOf(event.target.value)} />
        </label>
      </p>
      <Loaded key={`${environment} ${moment}`} load={() => props.load(environment, moment)} trans={trans}>
        {history => <Reigns history={history} trans={trans} locale={locale} />}
      </Loaded>
    </article>
  );
}

function Reigns(props: { history: PanelHistory; trans: Trans; locale: string }): React.JSX.Element {
  const { history, trans, locale } = props;
  if (history.reigns.length === 0) {
    return <p>{trans.__('Nothing was live there.')}</p>;
  }
  return (
    <table className="pr-Table">
      <thead>
        <tr>
          <th scope="col">{trans.__('Version')}</th>
          <th scope="col">{trans.__('From')}</th>
          <th scope="col">{trans.__('Until')}</th>
          <th scope="col">{trans.__('By')}</th>
          <th scope="col">{trans.__('How')}</th>
          <th scope="col">{trans.__('Reason')}</th>
          <th scope="col">{trans.__('Approved by')}</th>
        </tr>
      </thead>
      <tbody>
        {history.reigns.map((reign, index) => (
          <tr key={index}>
            <th scope="row">{reign.number === 0 ? trans.__('nothing') : `${history.name}@${reign.number}`}</th>
            <td>{absolute(reign.since, locale)}</td>
            <td>{reign.until ? absolute(reign.until, locale) : trans.__('still')}</td>
            <td>{reign.by}</td>
            <td>{reign.how}</td>
            <td>{reign.reason}</td>
            <td>{reign.approved_by.join(', ')}</td>
          </tr>
        ))}
      </tbody>
      <caption>
        {trans.__('Since')} <Time time={history.reigns[history.reigns.length - 1]?.since ?? ''} locale={locale} />
      </caption>
    </table>
  );
}
