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
  useOpenMenu(place, isOpen, () => setOpen(false));
  const close = (): void => {
    setOpen(false);
    place.current?.querySelector<HTMLElement>('[aria-haspopup]')?.focus();
  };
  const onKey = (event: React.KeyboardEvent): void => {
    if (isOpen && event.key === 'Tab') {
      setOpen(false);
      return;
    }
    if (isOpen && event.key === 'Escape') {
      close();
    } else if (!isOpen || !movedInMenu(place.current, event.key)) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
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

/** The first item of a menu that opens has the focus, and a press elsewhere closes it. */
function useOpenMenu(place: React.RefObject<HTMLElement>, isOpen: boolean, close: () => void): void {
  React.useEffect(() => {
    if (!isOpen) {
      return undefined;
    }
    place.current?.querySelector<HTMLElement>('[role=menuitem]')?.focus();
    const pressed = (event: Event): void => {
      if (event.target instanceof Node && !place.current?.contains(event.target)) {
        close();
      }
    };
    document.addEventListener('pointerdown', pressed, true);
    return () => document.removeEventListener('pointerdown', pressed, true);
  }, [isOpen]);
}

/** Move the focus in a menu as the key says; tells whether it was a key that moves. */
function movedInMenu(menu: HTMLElement | null, key: string): boolean {
  const items = [...(menu?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])];
  const at = items.findIndex(item => item === document.activeElement);
  const targets: Record<string, number> = {
    ArrowDown: (at + 1) % items.length,
    ArrowUp: (at - 1 + items.length) % items.length,
    Home: 0,
    End: items.length - 1
  };
  const target = targets[key];
  items[target ?? -1]?.focus();
  return target !== undefined;
}
