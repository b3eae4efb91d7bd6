/** The bottom of the panel: the one thing to do next, and a menu of what else can be done. */
import * as React from 'react';
import { h } from './h.ts';
import { actionLabel } from '../model/actions.ts';
import type { ActionId } from '../model/actions.ts';
import type { ViewContext } from './context.ts';
import { Button } from './parts.tsx';

export function Footer(props: { context: ViewContext }): React.JSX.Element {
  const { model, trans, run } = props.context;
  const { primary, secondary } = model.state;
  const act = (action: ActionId): void => run(action);
  return (
    <div className="pr-Footer">
      <Button kind="primary" whyNot={primary.whyNot} onClick={() => act(primary.action)}>
        {primary.label}
      </Button>
      {secondary.length > 0 ? <More actions={secondary} act={act} context={props.context} /> : null}
      {primary.whyNot ? <p className="pr-Footer-why">{primary.whyNot}</p> : null}
      <span className="pr-hidden">{trans.__('Everything is in the command palette, too.')}</span>
    </div>
  );
}

function More(props: {
  actions: ReadonlyArray<ActionId>;
  act: (action: ActionId) => void;
  context: ViewContext;
}): React.JSX.Element {
  const { trans } = props.context;
  const [isOpen, setOpen] = React.useState(false);
  const place = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => {
    if (!isOpen) {
      return undefined;
    }
    place.current?.querySelector<HTMLElement>('[role=menuitem]')?.focus();
    const closed = (event: Event): void => {
      if (event.target instanceof Node && !place.current?.contains(event.target)) {
        setOpen(false);
      }
    };
    document.addEventListener('pointerdown', closed, true);
    return () => document.removeEventListener('pointerdown', closed, true);
  }, [isOpen]);

  const close = (): void => {
    setOpen(false);
    place.current?.querySelector<HTMLElement>('[aria-haspopup]')?.focus();
  };
  const onKey = (event: React.KeyboardEvent): void => {
    const items = [...(place.current?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])];
    const at = items.findIndex(item => item === document.activeElement);
    const moves: Record<string, () => void> = {
      Escape: close,
      Tab: () => setOpen(false),
      ArrowDown: () => items[(at + 1) % items.length]?.focus(),
      ArrowUp: () => items[(at - 1 + items.length) % items.length]?.focus(),
      Home: () => items[0]?.focus(),
      End: () => items[items.length - 1]?.focus()
    };
    const found = isOpen ? moves[event.key] : undefined;
    if (found !== undefined) {
      if (event.key !== 'Tab') {
        event.preventDefault();
      }
      event.stopPropagation();
      found();
    }
  };

  return (
    <div className="pr-More" ref={place} onKeyDown={onKey}>
      <button
        type="button"
        className="pr-Button pr-mod-plain"
        aria-haspopup="menu"
        aria-expanded={isOpen}
        title={trans.__('What else can be done')}
        onClick={() => setOpen(!isOpen)}
      >
        <span aria-hidden="true">▾</span>
        <span className="pr-hidden">{trans.__('What else can be done')}</span>
      </button>
      {isOpen ? (
        <div role="menu" className="pr-More-menu" aria-label={trans.__('What else can be done')}>
          {props.actions.map(action => (
            <button
              key={action}
              type="button"
              role="menuitem"
              tabIndex={-1}
              onClick={() => {
                close();
                props.act(action);
              }}
            >
              {actionLabel(action, trans)}
            </button>
          ))}
        </div>
      ) : null}
    </div>
  );
}
