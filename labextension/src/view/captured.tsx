/** The section of what was captured: the environment, files, parameters, and what came from outside. */
import * as React from 'react';
import { Fragment, h } from './h.ts';
import type { NotebookModel } from '../model/notebook.ts';
import type { CellReceipt } from '../records.ts';
import type { ViewContext } from './context.ts';
import { Empty } from './parts.tsx';
import { RowList } from './rowlist.tsx';
import type { ListRow } from './rowlist.tsx';
import { Files } from './steps.tsx';
import { shortDigest } from './words.ts';

type LiveFiles = CellReceipt['files'];

export function Captured(props: { context: ViewContext }): React.JSX.Element {
  const { context } = props;
  const { model, trans, leave } = context;
  const current = model.current;
  const rows = current === null ? [] : capturedRows(current, context);
  if (rows.length === 0) {
    return (
      <Empty>
        {trans.__('Run registered cells, or replay the notebook: what it read, its environment and its parameters stand here.')}
      </Empty>
    );
  }
  return <RowList rows={rows} label={trans.__('Captured')} trans={trans} onEscape={leave} />;
}

function capturedRows(current: NotebookModel, context: ViewContext): ListRow[] {
  const { trans } = context;
  const receipts = current.receipts;
  const read = byPath(receipts, file => file.mode !== 'write');
  const written = byPath(receipts, file => file.mode !== 'read');
  const stale = current.stale.filter(other => other.what === 'data');
  const outside = receipts.flatMap(receipt => receipt.external);
  const rows: ListRow[] = [];
  rows.push(...environmentRows(current, context));
  if (read.length > 0) {
    const changed = stale.length > 0 ? trans._n(', %1 changed', ', %1 changed', stale.length) : '';
    const count = trans._n('%1 file', '%1 files', read.length);
    rows.push(row('data', trans.__('Data'), `${count}${changed}`, stale.length > 0, () => (
      <>
        {stale.map(other => (
          <p key={other.text} className="pr-Why">
            {other.text}
          </p>
        ))}
        <Files files={read} context={context} />
      </>
    )));
  }
  if (outside.length > 0) {
    rows.push(row('outside', trans.__('From outside'), trans._n('%1 read', '%1 reads', outside.length), false, () => (
      <ul className="pr-Files">
        {outside.map((other, index) => (
          <li key={index}>
            <span className="pr-Files-path">{other.target}</span> <span className="pr-quiet">{other.kind}</span>
          </li>
        ))}
      </ul>
    )));
  }
  rows.push(...parameterRows(current, context));
  if (written.length > 0) {
    const count = trans._n('%1 file', '%1 files', written.length);
    rows.push(row('products', trans.__('Products'), count, false, () => <Files files={written} context={context} />));
  }
  const partial = current.facts.partial;
  if (partial.length > 0) {
    rows.push(row('partial', trans.__('Not one whole run'), trans._n('%1 reason', '%1 reasons', partial.length), true, () => (
      <ul className="pr-Files">
        {partial.map(reason => (
          <li key={reason}>{reason}</li>
        ))}
      </ul>
    )));
  }
  return rows;
}

function environmentRows(current: NotebookModel, context: ViewContext): ListRow[] {
  const { trans } = context;
  const environment = current.saved?.environment;
  const packages = new Map(current.receipts.flatMap(receipt => Object.entries(receipt.packages)));
  if (!environment?.packages && packages.size === 0) {
    return [];
  }
  const count = environment?.packages || packages.size;
  const python = environment?.python ? `Python ${environment.python}, ` : '';
  const meta = `${python}${trans._n('%1 package', '%1 packages', count)}`;
  return [
    row('environment', trans.__('Environment'), environment?.lock ? `${meta}, ${trans.__('locked')}` : meta, false, () => (
      <>
        {environment?.lock ? (
          <p title={environment.lock}>
            {trans.__('Lock')} {shortDigest(environment.lock)}{' '}
            <span className="pr-quiet">{trans.__('of the last job that made one')}</span>
          </p>
        ) : (
          <p className="pr-quiet">{trans.__('Packaging makes a lock of it.')}</p>
        )}
        <ul className="pr-Files">
          {[...packages].sort().map(([name, version]) => (
            <li key={name}>
              {name} <span className="pr-quiet">{version}</span>
            </li>
          ))}
        </ul>
      </>
    ))
  ];
}

function parameterRows(current: NotebookModel, context: ViewContext): ListRow[] {
  const { trans, run } = context;
  const parameters = current.saved?.parameters ?? [];
  const suggested = current.saved?.suggested ?? [];
  if (parameters.length === 0 && suggested.length === 0) {
    return [];
  }
  if (parameters.length === 0) {
    const meta = trans.__('none declared');
    return [
      row('parameters', trans.__('Parameters'), meta, false, () => (
        <p>
          {trans.__('These could be parameters: %1. Put them into a cell of their own and register it as parameters.',
            suggested.map(parameter => parameter.name).join(', '))}
        </p>
      ))
    ];
  }
  return [
    row('parameters', trans.__('Parameters'), trans.__('%1 declared', parameters.length), false, () => (
      <ul className="pr-Files">
        {parameters.map(parameter => (
          <li key={parameter.name} title={parameter.help}>
            <button type="button" className="pr-Button pr-mod-link" onClick={() => run('go-to-cell', { index: parameter.cell })}>
              {parameter.name}
            </button>{' '}
            <span className="pr-quiet">
              {parameter.type} {parameter.secret ? '' : parameter.expression}
            </span>
            {parameter.help ? <div className="pr-quiet">{parameter.help}</div> : null}
          </li>
        ))}
      </ul>
    ))
  ];
}

function row(key: string, name: string, meta: string, isWarning: boolean, details: () => React.ReactNode): ListRow {
  const sign = isWarning ? '!' : '✓';
  return {
    key,
    name,
    label: (
      <>
        <span className="pr-Row-name">
          <span className={`pr-Mark-sign pr-mod-${isWarning ? 'attention' : 'good'}`} aria-hidden="true">
            {sign}
          </span>
          {name}
        </span>
        <span className="pr-Row-meta">{meta}</span>
      </>
    ),
    details
  };
}

function byPath(receipts: ReadonlyArray<CellReceipt>, isWanted: (file: LiveFiles[number]) => boolean): LiveFiles {
  const found = new Map(receipts.flatMap(receipt => receipt.files.filter(isWanted).map(file => [file.path, file])));
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}
