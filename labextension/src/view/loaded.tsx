/** Something that is asked for when it is shown: waiting, an error with a second try, or the thing itself. */
import * as React from 'react';
import { Fragment, h } from './h.ts';
import { RequestError } from '../server/client.ts';
import type { Trans } from '../translated.ts';
import { Button, Failure } from './parts.tsx';

export function Loaded<T>(props: {
  load: () => Promise<T>;
  trans: Trans;
  children: (thing: T) => React.ReactNode;
}): React.JSX.Element {
  const { load, trans } = props;
  const [thing, setThing] = React.useState<{ value: T } | null>(null);
  const [error, setError] = React.useState<RequestError | null>(null);
  const [tries, setTries] = React.useState(0);
  React.useEffect(() => {
    let isWanted = true;
    load().then(
      value => {
        if (isWanted) {
          setThing({ value });
          setError(null);
        }
      },
      (reason: unknown) => {
        if (isWanted) {
          setError(reason instanceof RequestError ? reason : new RequestError(0, String(reason)));
        }
      }
    );
    return () => {
      isWanted = false;
    };
  }, [tries]);
  if (error !== null) {
    return (
      <div className="pr-Loaded">
        <Failure error={error} trans={trans} />
        <Button onClick={() => setTries(tries + 1)}>{trans.__('Try again')}</Button>
      </div>
    );
  }
  return thing === null ? (
    <p className="pr-Loaded" role="status">
      {trans.__('Reading…')}
    </p>
  ) : (
    <>{props.children(thing.value)}</>
  );
}
