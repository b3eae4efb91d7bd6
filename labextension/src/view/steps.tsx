/** The section of steps: one row for each registered cell. */
import * as React from 'react';
import { Fragment, h } from './h.ts';
import type { StepRow } from '../model/rows.ts';
import type { CellReceipt } from '../records.ts';
import type { ViewContext } from './context.ts';
import { Button, Empty, Fact, Time } from './parts.tsx';
import { RowList } from './rowlist.tsx';
import type { ListRow } from './rowlist.tsx';
import { cellMark, duration, shortDigest, size } from './words.ts';

export function Steps(props: { context: ViewContext }): React.JSX.Element {
  const { model, trans, run, leave } = props.context;
  const current = model.current;
  if (current === null) {
    return <Empty>{trans.__('The cells that you register are listed here.')}</Empty>;
  }
  if (current.rows.length === 0) {
    return (
      <Empty>
        <p>{trans.__('A registered cell says what it is. Nothing in how it runs changes. Write as its first line')}</p>
        <pre>%%register step NAME</pre>
        <p>
          {trans.__('or')}{' '}
          <Button kind="link" onClick={() => run('register-cell')}>
            {trans.__('register the selected cell here')}
          </Button>
          .
        </p>
      </Empty>
    );
  }
  const rows = current.rows.map(row => stepRow(row, props.context));
  return <RowList rows={rows} label={trans.__('Steps')} trans={trans} onEscape={leave} />;
}

function stepRow(row: StepRow, context: ViewContext): ListRow {
  const { trans, run } = context;
  const mark = cellMark(row.state, trans);
  const seconds = row.receipt === null || row.state === 'running' ? '' : duration(row.receipt.duration_s);
  const place = trans.__('cell %1', row.index);
  return {
    key: row.id,
    name: row.name,
    title: row.why || trans.__('Go to %1', place),
    className: `pr-mod-${mark.tone}`,
    act: () => run('go-to-cell', { cellId: row.id }),
    label: (
      <>
        <span className="pr-Row-name">
          <span className={`pr-Mark-sign pr-mod-${mark.tone}`} aria-hidden="true">
            {mark.sign}
          </span>
          {row.name}
          {row.kind && row.kind !== row.name ? <span className="pr-quiet"> {row.kind}</span> : null}
        </span>
        <span className="pr-Row-meta">
          {place} · {mark.word}
          {seconds ? ` · ${seconds}` : null}
        </span>
      </>
    ),
    details: () => <StepDetails row={row} context={context} />
  };
}

function StepDetails(props: { row: StepRow; context: ViewContext }): React.JSX.Element {
  const { row, context } = props;
  const { trans, run, locale } = context;
  const { receipt } = row;
  return (
    <>
      {row.why ? <p className="pr-Why">{row.why}</p> : null}
      <dl className="pr-Facts">
        {row.needs.length > 0 ? <Fact term={trans.__('Needs')}>{row.needs.join(', ')}</Fact> : null}
        {row.provides.length > 0 ? <Fact term={trans.__('Provides')}>{row.provides.join(', ')}</Fact> : null}
        {receipt === null ? null : <ReceiptFacts receipt={receipt} context={context} />}
        {receipt?.created ? (
          <Fact term={trans.__('Captured')}>
            <Time time={receipt.created} locale={locale} />
          </Fact>
        ) : null}
      </dl>
      {receipt === null && row.why === '' ? <p className="pr-quiet">{trans.__('Run the cell to capture it.')}</p> : null}
      <div className="pr-Row-actions">
        <Button onClick={() => run('register-cell', { cellId: row.id })}>{trans.__('Edit the registration…')}</Button>
        {receipt === null ? null : (
          <Button onClick={() => run('undo-capture', { cellId: row.id })}>{trans.__('Forget the capture')}</Button>
        )}
      </div>
    </>
  );
}

function ReceiptFacts(props: { receipt: CellReceipt; context: ViewContext }): React.JSX.Element {
  const { receipt, context } = props;
  const { trans } = context;
  const read = receipt.files.filter(file => file.mode !== 'write');
  const written = receipt.files.filter(file => file.mode !== 'read');
  const named = Object.entries(receipt.parameters);
  const borrowed = Object.entries(receipt.borrowed);
  return (
    <>
      {read.length > 0 ? <Fact term={trans.__('Reads')}><Files files={read} context={context} /></Fact> : null}
      {written.length > 0 ? <Fact term={trans.__('Writes')}><Files files={written} context={context} /></Fact> : null}
      {receipt.external.length > 0 ? (
        <Fact term={trans.__('From outside')}>{receipt.external.map(read => read.target).join(', ')}</Fact>
      ) : null}
      {receipt.defined.length > 0 ? <Fact term={trans.__('Defines')}>{receipt.defined.join(', ')}</Fact> : null}
      {named.length > 0 ? (
        <Fact term={trans.__('Parameters')}>{named.map(([name, value]) => `${name} = ${value}`).join(', ')}</Fact>
      ) : null}
      {borrowed.length > 0 ? (
        <Fact term={trans.__('Borrows')}>{borrowed.map(([name, origin]) => `${name}: ${origin}`).join('; ')}</Fact>
      ) : null}
      {receipt.changed.length > 0 ? <Fact term={trans.__('Changed')}>{receipt.changed.join('; ')}</Fact> : null}
      {receipt.notes.length > 0 ? <Fact term={trans.__('Notes')}>{receipt.notes.join(' ')}</Fact> : null}
    </>
  );
}

const MOST_FILES = 20;

export function Files(props: { files: CellReceipt['files']; context: ViewContext }): React.JSX.Element {
  const { files, context } = props;
  const { trans } = context;
  const words = {
    digested: '',
    'too-large': trans.__('too large to be digested'),
    pending: trans.__('not digested yet'),
    gone: trans.__('is gone'),
    unreadable: trans.__('cannot be read')
  };
  return (
    <ul className="pr-Files">
      {files.slice(0, MOST_FILES).map(file => (
        <li key={`${file.path} ${file.mode}`} title={file.digest || words[file.state]}>
          <span className="pr-Files-path">{file.path}</span>{' '}
          <span className="pr-quiet">
            {size(file.size)} {file.digest ? shortDigest(file.digest) : words[file.state]}
          </span>
        </li>
      ))}
      {files.length > MOST_FILES ? (
        <li className="pr-quiet">{trans.__('and %1 more', files.length - MOST_FILES)}</li>
      ) : null}
    </ul>
  );
}
