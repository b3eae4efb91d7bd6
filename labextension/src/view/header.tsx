/** The top of the panel: which notebook, and the one line that says how it stands. */
import * as React from 'react';
import { h } from './h.ts';
import { announcedPercent, isRunning } from '../server/jobs.ts';
import { Button } from './parts.tsx';
import type { ViewContext } from './context.ts';
import { toneSign } from './words.ts';

export function Header(props: { context: ViewContext }): React.JSX.Element {
  const { model, trans, run } = props.context;
  const state = model.state;
  const current = model.current;
  const name = current?.source.name ?? '';
  const job = current?.jobs.find(isRunning);
  const announced = useAnnounced(job === undefined ? state.id : `${state.id} ${announcedPercent(job)}`, state.line);
  return (
    <div className="pr-Header" data-state={state.id}>
      <div className="pr-Header-top">
        <span className="pr-Header-name" title={current?.source.path}>
          {name || trans.__('Pipeline')}
        </span>
        {current?.source.isUnsaved ? <span className="pr-quiet">{trans.__('not saved')}</span> : null}
        <Button kind="quiet" title={trans.__('Refresh')} onClick={() => run('refresh')}>
          <span aria-hidden="true" className={current?.isRefreshing ? 'pr-Turning' : ''}>
            ⟳
          </span>
          <span className="pr-hidden">{trans.__('Refresh')}</span>
        </Button>
      </div>
      <p className={`pr-Header-line pr-mod-${state.tone}`}>
        <span className="pr-Mark-sign" aria-hidden="true">
          {toneSign(state.tone)}
        </span>
        <span>{state.line}</span>
      </p>
      {state.hint ? <p className="pr-Header-hint">{state.hint}</p> : null}
      <span className="pr-hidden" role="status" aria-live="polite">
        {announced}
      </span>
    </div>
  );
}

/** What is read out: the line when the state becomes another one, and at every tenth of a job; not each tick. */
function useAnnounced(id: string, line: string): string {
  const said = React.useRef({ key: '', line: '' });
  const isTicking = id.startsWith('replaying') || id === 'busy';
  const key = isTicking ? id : `${id}:${line}`;
  if (said.current.key !== key) {
    said.current = { key, line };
  }
  return said.current.line;
}
