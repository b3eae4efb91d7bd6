/** What the doctor finds in a notebook, and what a notebook is made of. */
import * as React from 'react';
import { Fragment, h } from './h.ts';
import type { NotebookState, PanelCheck } from '../records.ts';
import type { Trans } from '../translated.ts';
import { Button, Sign, useCapped } from './parts.tsx';
import type { Mark } from './words.ts';

type GoTo = (index: number, line: number | null) => void;

export function Checks(props: { checks: ReadonlyArray<PanelCheck>; trans: Trans; goTo: GoTo }): React.JSX.Element {
  const { checks, trans, goTo } = props;
  const { shown, more } = useCapped(checks, trans);
  if (checks.length === 0) {
    return <p>✓ {trans.__('Nothing was found that would break a replay.')}</p>;
  }
  const marks: Record<string, Mark> = {
    blocking: { sign: '✗', word: trans.__('blocking'), tone: 'bad' },
    'should-fix': { sign: '!', word: trans.__('should be fixed'), tone: 'attention' },
    note: { sign: '○', word: trans.__('note'), tone: 'quiet' }
  };
  return (
    <ul className="pr-Checks">
      {shown.map((check, index) => {
        const mark: Mark = marks[check.level] ?? { sign: '○', word: check.level, tone: 'quiet' };
        const { cell, line } = check;
        return (
          <li key={`${check.id} ${index}`}>
            <p>
              <Sign mark={mark} />{' '}
              <strong>{mark.word}</strong>{' '}
              {cell === null ? null : (
                <Button kind="link" onClick={() => goTo(cell, line)}>
                  {line === null ? trans.__('cell %1', cell) : trans.__('cell %1, line %2', cell, line)}
                </Button>
              )}
            </p>
            <p>{check.text}</p>
            {check.remedy ? <p className="pr-quiet">{check.remedy}</p> : null}
          </li>
        );
      })}
      {more}
    </ul>
  );
}

/** Cells, steps, parameters and problems of a saved notebook. */
export function Inspection(props: { state: NotebookState; trans: Trans; goTo: GoTo }): React.JSX.Element {
  const { state, trans, goTo } = props;
  return (
    <article>
      <h2>{state.path}</h2>
      <p className="pr-quiet">
        {trans.__('%1 cells, kernel %2', state.cells.length, state.kernel || trans.__('none'))}
      </p>
      {state.problems.map((problem, index) => (
        <p key={index} className="pr-Why">
          {problem.level}: {problem.message}
        </p>
      ))}
      {state.unreadable.map(reason => (
        <p key={reason} className="pr-Why">
          {reason}
        </p>
      ))}
      <h3>{trans.__('Steps')}</h3>
      <StepTable steps={state.steps} trans={trans} goTo={goTo} />
      <h3>{trans.__('Parameters')}</h3>
      {state.parameters.length === 0 ? <p>{trans.__('None.')}</p> : null}
      <ul>
        {state.parameters.map(parameter => (
          <li key={parameter.name}>
            <code>
              {parameter.name}: {parameter.type}
              {parameter.secret || !parameter.expression ? '' : ` = ${parameter.expression}`}
            </code>{' '}
            <span className="pr-quiet">{parameter.help}</span>
          </li>
        ))}
      </ul>
    </article>
  );
}

function StepTable(props: { steps: NotebookState['steps']; trans: Trans; goTo: GoTo }): React.JSX.Element {
  const { steps, trans, goTo } = props;
  const { shown, more } = useCapped(steps, trans);
  return (
    <>
      <table className="pr-Table">
        <thead>
          <tr>
            <th scope="col">{trans.__('Step')}</th>
            <th scope="col">{trans.__('Kind')}</th>
            <th scope="col">{trans.__('Cells')}</th>
            <th scope="col">{trans.__('Needs')}</th>
            <th scope="col">{trans.__('Provides')}</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(step => (
            <tr key={step.name}>
              <th scope="row">
                <Button kind="link" onClick={() => goTo(step.cells[0] ?? 0, null)}>
                  {step.name}
                </Button>
              </th>
              <td>{step.kind}</td>
              <td>{step.cells.join(', ')}</td>
              <td>{step.needs.join(', ')}</td>
              <td>{step.provides.join(', ')}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <ul className="pr-List">{more}</ul>
    </>
  );
}
