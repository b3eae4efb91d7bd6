/** Two runs side by side: texts, tables and images. Everything that a notebook made is text or an `img`, never markup. */
import * as React from 'react';
import { Fragment, h } from './h.ts';
import type { DiffLine, OutputPair, PanelComparison, ShownTable, ValueComparison } from '../records.ts';
import type { Trans } from '../translated.ts';
import { Button, Sign, useCapped } from './parts.tsx';
import { sideNames } from './words.ts';
import type { Sides } from './words.ts';

interface Props {
  comparison: PanelComparison;
  trans: Trans;
  locale: string;
  goTo: (cellId: string, index: number) => void;
}

const SAME: ReadonlySet<OutputPair['sameness']> = new Set(['identical', 'normalised', 'within-tolerance']);
const IMAGES: ReadonlySet<string> = new Set(['image/png', 'image/jpeg', 'image/svg+xml', 'image/gif', 'image/webp']);

export function Comparison(props: Props): React.JSX.Element {
  const { comparison, trans } = props;
  const [showsAll, setShowsAll] = React.useState(false);
  const different = comparison.pairs.filter(pair => !SAME.has(pair.sameness) && pair.sameness !== 'not-compared');
  const pairs = showsAll ? comparison.pairs : different;
  const { shown, more } = useCapped(pairs, trans);
  const count = different.length;
  return (
    <article className="pr-Comparison">
      <h2>{comparison.title}</h2>
      <p>
        <SameWord sameness={comparison.sameness} trans={trans} />
        {comparison.grade ? ` · ${trans.__('grade %1', comparison.grade)}` : null}
      </p>
      {comparison.cause ? <p className="pr-Why">{comparison.cause}</p> : null}
      {comparison.notes.map(note => (
        <p key={note} className="pr-quiet">
          {note}
        </p>
      ))}
      <Values {...props} />
      <p>
        {trans._n('%1 output differs of %2.', '%1 outputs differ of %2.', count, comparison.pairs.length)}{' '}
        <label>
          <input type="checkbox" checked={showsAll} onChange={event => setShowsAll(event.target.checked)} />{' '}
          {trans.__('Show the others, too')}
        </label>
      </p>
      {shown.map(pair => (
        <Pair key={`${pair.cell} ${pair.output} ${pair.mime}`} pair={pair} {...props} />
      ))}
      <ul className="pr-List">{more}</ul>
    </article>
  );
}

function SameWord(props: { sameness: OutputPair['sameness']; trans: Trans }): React.JSX.Element {
  const { sameness, trans } = props;
  const words: Record<OutputPair['sameness'], string> = {
    identical: trans.__('identical'),
    normalised: trans.__('the same but for what changes every time'),
    'within-tolerance': trans.__('the same within the tolerance'),
    different: trans.__('different'),
    missing: trans.__('missing in the replay'),
    extra: trans.__('only in the replay'),
    'not-compared': trans.__('not compared')
  };
  const isSame = SAME.has(sameness);
  const tone = isSame ? 'good' : sameness === 'not-compared' ? 'quiet' : 'attention';
  return (
    <span className="pr-Mark">
      <Sign mark={{ tone, sign: isSame ? '✓' : tone === 'quiet' ? '–' : '≠' }} />{' '}
      {words[sameness]}
    </span>
  );
}

function Values(props: Props): React.JSX.Element | null {
  const { comparison, trans } = props;
  if (comparison.values.length === 0) {
    return null;
  }
  const sides = sideNames(comparison.against, trans);
  return (
    <table className="pr-Table">
      <caption>{trans.__('Values')}</caption>
      <thead>
        <tr>
          <th scope="col">{trans.__('Name')}</th>
          <th scope="col">{sides[0]}</th>
          <th scope="col">{sides[1]}</th>
          <th scope="col">{trans.__('Result')}</th>
        </tr>
      </thead>
      <tbody>
        {comparison.values.map(value => (
          <tr key={`${value.kind} ${value.name}`}>
            <th scope="row">{value.name}</th>
            <td>{shownValue(value.expected)}</td>
            <td>{shownValue(value.found)}</td>
            <td>
              <SameWord sameness={value.sameness} trans={trans} /> {reasonOf(value)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function reasonOf(value: ValueComparison): string {
  return value.reason;
}

function shownValue(value: unknown): string {
  if (value === null || value === undefined) {
    return '–';
  }
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function Pair(props: Props & { pair: OutputPair }): React.JSX.Element {
  const { pair, trans, goTo } = props;
  const sides = sideNames(props.comparison.against, trans);
  return (
    <section className="pr-Pair" aria-label={trans.__('Cell %1, output %2', pair.cell, pair.output)}>
      <h3>
        <Button kind="link" onClick={() => goTo(pair.cell_id, pair.cell)}>
          {trans.__('Cell %1', pair.cell)}
        </Button>{' '}
        <span className="pr-quiet">
          {trans.__('output %1', pair.output)} · {pair.mime}
        </span>{' '}
        <SameWord sameness={pair.sameness} trans={trans} />
      </h3>
      {pair.reason ? <p>{pair.reason}</p> : null}
      {pair.kind === 'image' ? <Images pair={pair} sides={sides} trans={trans} /> : null}
      {pair.kind === 'table' ? <Tables pair={pair} sides={sides} trans={trans} /> : null}
      {pair.kind === 'text' ? <Lines lines={pair.lines} sides={sides} trans={trans} /> : null}
      {pair.cut ? <p className="pr-quiet">{trans.__('What is shown is cut.')}</p> : null}
    </section>
  );
}

function Lines(props: { lines: ReadonlyArray<DiffLine>; sides: Sides; trans: Trans }): React.JSX.Element | null {
  const { lines, sides, trans } = props;
  if (lines.length === 0) {
    return null;
  }
  const words = {
    same: '',
    gap: '',
    changed: trans.__('changed'),
    removed: trans.__('only left'),
    added: trans.__('only right')
  };
  return (
    <table className="pr-Diff">
      <thead>
        <tr>
          <th scope="col">{sides[0]}</th>
          <th scope="col">{sides[1]}</th>
        </tr>
      </thead>
      <tbody>
        {lines.map((line, index) => (
          <tr key={index} className={`pr-mod-${line.kind}`}>
            <td>
              {words[line.kind] ? <span className="pr-hidden">{words[line.kind]} </span> : null}
              {line.kind === 'gap' ? '⋯' : (line.left ?? '')}
            </td>
            <td>{line.kind === 'gap' ? '⋯' : (line.right ?? '')}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Images(props: { pair: OutputPair; sides: Sides; trans: Trans }): React.JSX.Element {
  const { pair, sides, trans } = props;
  return (
    <div className="pr-Sides">
      <Side title={sides[0]}>
        <Image data={pair.expected_image} mime={pair.mime} name={trans.__('%1: cell %2', sides[0], pair.cell)} trans={trans} />
      </Side>
      <Side title={sides[1]}>
        <Image data={pair.found_image} mime={pair.mime} name={trans.__('%1: cell %2', sides[1], pair.cell)} trans={trans} />
      </Side>
    </div>
  );
}

function Image(props: { data: string; mime: string; name: string; trans: Trans }): React.JSX.Element {
  const { data, mime, name, trans } = props;
  if (data === '' || !IMAGES.has(mime)) {
    return <p className="pr-quiet">{trans.__('no image')}</p>;
  }
  // An svg in an `img` runs no script and loads nothing.
  return <img src={`data:${mime};base64,${data}`} alt={name} />;
}

function Tables(props: { pair: OutputPair; sides: Sides; trans: Trans }): React.JSX.Element {
  const { pair, sides, trans } = props;
  const different = new Set(pair.table_differences.map(place => `${place.row} ${place.column}`));
  return (
    <div className="pr-Sides">
      <Side title={sides[0]}>
        <Table table={pair.expected_table} different={different} trans={trans} />
      </Side>
      <Side title={sides[1]}>
        <Table table={pair.found_table} different={different} trans={trans} />
      </Side>
    </div>
  );
}

function Table(props: { table: ShownTable | null; different: ReadonlySet<string>; trans: Trans }): React.JSX.Element {
  const { table, different, trans } = props;
  if (table === null) {
    return <p className="pr-quiet">{trans.__('no table')}</p>;
  }
  return (
    <>
      <table className="pr-Table">
        <thead>
          <tr>
            {table.header.map((name, index) =>
              name.trim() === '' ? (
                <td key={index} />
              ) : (
                <th key={index} scope="col">
                  {name}
                </th>
              )
            )}
          </tr>
        </thead>
        <tbody>
          {table.rows.map((row, index) => (
            <tr key={index}>
              {row.map((text, column) => {
                const isDifferent = different.has(`${index} ${column}`);
                return (
                  <td key={column} className={isDifferent ? 'pr-mod-changed' : undefined}>
                    {isDifferent ? <span className="pr-hidden">{trans.__('different:')} </span> : null}
                    {text}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      {table.cut ? <p className="pr-quiet">{trans.__('Only the first rows and columns are shown.')}</p> : null}
    </>
  );
}

function Side(props: { title: string; children: React.ReactNode }): React.JSX.Element {
  return (
    <figure className="pr-Side" tabIndex={0}>
      <figcaption>{props.title}</figcaption>
      {props.children}
    </figure>
  );
}
