/**
 * A list of rows that open: one tab stop, arrows move, right and left open and close, Enter acts, Escape leaves.
 */
import * as React from 'react';
import { h } from './h.ts';
import type { Trans } from '../translated.ts';
import { useCapped } from './parts.tsx';

/** One row: what its button shows, and what is below it when it is open. */
export interface ListRow {
  key: string;
  label: React.ReactNode;
  /** What the button says to those who do not see it. */
  name: string;
  title?: string;
  className?: string;
  /** What Enter and a click do; without it they open the row. */
  act?: () => void;
  details?: () => React.ReactNode;
}

export function RowList(props: {
  rows: ReadonlyArray<ListRow>;
  label: string;
  trans: Trans;
  onEscape: () => void;
}): React.JSX.Element {
  const { rows, trans } = props;
  const [open, setOpen] = React.useState<ReadonlySet<string>>(new Set());
  const [stop, setStop] = React.useState('');
  const list = React.useRef<HTMLUListElement>(null);
  const { shown, more } = useCapped(rows, trans);
  const tabStop = shown.some(row => row.key === stop) ? stop : shown[0]?.key;

  const toggle = (key: string, to?: boolean): void => {
    const next = new Set(open);
    if (to ?? !next.has(key)) {
      next.add(key);
    } else {
      next.delete(key);
    }
    setOpen(next);
  };
  const move = (to: number): void => {
    const row = shown[Math.max(0, Math.min(shown.length - 1, to))];
    if (row !== undefined) {
      setStop(row.key);
      list.current?.querySelector<HTMLButtonElement>(`[data-key="${CSS.escape(row.key)}"]`)?.focus();
    }
  };
  const onKey = (event: React.KeyboardEvent, row: ListRow, position: number): void => {
    const moves: Record<string, () => void> = {
      ArrowDown: () => move(position + 1),
      ArrowUp: () => move(position - 1),
      Home: () => move(0),
      End: () => move(shown.length - 1),
      ArrowRight: () => toggle(row.key, row.details !== undefined),
      ArrowLeft: () => toggle(row.key, false),
      Escape: props.onEscape
    };
    const found = moves[event.key];
    if (found !== undefined) {
      event.preventDefault();
      event.stopPropagation();
      found();
    }
  };

  return (
    <ul className="pr-List" aria-label={props.label} ref={list}>
      {shown.map((row, position) => (
        <Row
          key={row.key}
          row={row}
          isOpen={open.has(row.key) && row.details !== undefined}
          isStop={row.key === tabStop}
          trans={trans}
          toggle={() => toggle(row.key)}
          onFocus={() => setStop(row.key)}
          onKey={event => onKey(event, row, position)}
        />
      ))}
      {more}
    </ul>
  );
}

function Row(props: {
  row: ListRow;
  isOpen: boolean;
  isStop: boolean;
  trans: Trans;
  toggle: () => void;
  onFocus: () => void;
  onKey: (event: React.KeyboardEvent) => void;
}): React.JSX.Element {
  const { row, isOpen, toggle } = props;
  const opens = row.act === undefined && row.details !== undefined;
  return (
    <li className={`pr-Row ${row.className ?? ''}`}>
      <div className="pr-Row-line">
        {row.details === undefined ? (
          <span className="pr-Row-noOpener" />
        ) : (
          <button
            type="button"
            className="pr-Row-opener"
            tabIndex={-1}
            aria-expanded={isOpen}
            aria-label={props.trans.__('Details of %1', row.name)}
            onClick={toggle}
          >
            <span aria-hidden="true">{isOpen ? '▾' : '▸'}</span>
          </button>
        )}
        <button
          type="button"
          className="pr-Row-main"
          data-key={row.key}
          tabIndex={props.isStop ? 0 : -1}
          title={row.title}
          aria-expanded={opens ? isOpen : undefined}
          onFocus={props.onFocus}
          onKeyDown={props.onKey}
          onClick={row.act ?? toggle}
        >
          {row.label}
        </button>
      </div>
      {isOpen ? <div className="pr-Row-details">{row.details?.()}</div> : null}
    </li>
  );
}
