/** The small parts that all sections are made of. */
import * as React from 'react';
import { Fragment, h } from './h.ts';
import type { RequestError } from '../server/client.ts';
import type { Trans } from '../translated.ts';
import { absolute, relative } from './words.ts';
import type { Mark } from './words.ts';

/** More rows than this are shown only when asked for. */
export const MOST_ROWS = 100;

/** A sign and its word. */
export function MarkView(props: { mark: Mark; hasWord?: boolean }): React.JSX.Element {
  const { mark, hasWord = true } = props;
  return (
    <span className={`pr-Mark pr-mod-${mark.tone}`}>
      <span className="pr-Mark-sign" aria-hidden="true">
        {mark.sign}
      </span>
      <span className={hasWord ? 'pr-Mark-word' : 'pr-hidden'}>{mark.word}</span>
    </span>
  );
}

/** A time as it is from now, in full as title. */
export function Time(props: { time: string; locale: string }): React.JSX.Element {
  return (
    <time dateTime={props.time} title={absolute(props.time, props.locale)}>
      {relative(props.time, Date.now(), props.locale)}
    </time>
  );
}

/** What there is to say where a list is empty. */
export function Empty(props: { children: React.ReactNode }): React.JSX.Element {
  return <div className="pr-Empty">{props.children}</div>;
}

/** An error as what, where and remedy. */
export function Failure(props: { error: RequestError; trans: Trans }): React.JSX.Element {
  const { error } = props;
  return (
    <div className="pr-Failure" role="alert">
      <p className="pr-Failure-what">{error.message}</p>
      {error.where ? <p className="pr-quiet">{error.where}</p> : null}
      {error.remedy ? <p>{error.remedy}</p> : null}
    </div>
  );
}

/** A button of ours; plain, so that every theme's and reader's own rules hold. */
export function Button(props: {
  children: React.ReactNode;
  onClick: () => void;
  title?: string;
  whyNot?: string;
  kind?: 'primary' | 'link' | 'quiet' | 'warn';
}): React.JSX.Element {
  const isOff = Boolean(props.whyNot);
  return (
    <button
      type="button"
      className={`pr-Button pr-mod-${props.kind ?? 'plain'}`}
      title={props.whyNot || props.title}
      aria-disabled={isOff}
      onClick={() => {
        if (!isOff) {
          props.onClick();
        }
      }}
    >
      {props.children}
    </button>
  );
}

/** A term and its value, for what is shown when a row is opened. */
export function Fact(props: { term: string; children: React.ReactNode }): React.JSX.Element {
  return (
    <>
      <dt>{props.term}</dt>
      <dd>{props.children}</dd>
    </>
  );
}

/** At most `MOST_ROWS` of many things, and a button for the next ones. */
export function useCapped<T>(things: ReadonlyArray<T>, trans: Trans): {
  shown: ReadonlyArray<T>;
  more: React.JSX.Element | null;
} {
  const [most, setMost] = React.useState(MOST_ROWS);
  const rest = things.length - most;
  const more =
    rest > 0 ? (
      <li key="more" className="pr-Row-more">
        <Button kind="link" onClick={() => setMost(most + MOST_ROWS)}>
          {trans._n('%1 more', '%1 more', rest)}
        </Button>
      </li>
    ) : null;
  return { shown: things.slice(0, most), more };
}
