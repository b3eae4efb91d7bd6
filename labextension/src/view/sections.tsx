/** The five sections of the panel: each has a title that opens and closes it, and all share one scroll bar. */
import * as React from 'react';
import { isRunning } from '../server/jobs.ts';
import { countCells } from '../model/state.ts';
import { Captured } from './captured.tsx';
import type { ViewContext } from './context.ts';
import { h } from './h.ts';
import { Health } from './health.tsx';
import { Button } from './parts.tsx';
import { Replays } from './replays.tsx';
import { Steps } from './steps.tsx';
import { Versions } from './versions.tsx';

/** Height of a title, as the style sheet has it. */
const TITLE_PX = 30;
const SECTIONS = 5;

type SectionId = 'steps' | 'captured' | 'replays' | 'versions' | 'health';

interface SectionSpec {
  id: SectionId;
  title: string;
  part: (props: { context: ViewContext }) => React.JSX.Element;
  /** What stands beside the title, in a word or two. */
  summary: string;
  tool?: React.JSX.Element;
}

export function Sections(props: { context: ViewContext }): React.JSX.Element {
  const { context } = props;
  const [open, setOpen] = React.useState<ReadonlySet<SectionId>>(new Set(['steps', 'captured', 'replays']));
  const isHealthOpen = open.has('health');
  React.useEffect(() => {
    context.model.isHealthWanted = isHealthOpen;
  }, [isHealthOpen]);
  const toggle = (id: SectionId): void => {
    const next = new Set(open);
    if (!next.delete(id)) {
      next.add(id);
    }
    setOpen(next);
  };
  return (
    <div className="pr-Sections">
      {sectionsOf(context).map((spec, place) => (
        <Section
          key={spec.id}
          spec={spec}
          place={place}
          context={context}
          isOpen={open.has(spec.id)}
          toggle={() => toggle(spec.id)}
        />
      ))}
    </div>
  );
}

function Section(props: {
  spec: SectionSpec;
  place: number;
  context: ViewContext;
  isOpen: boolean;
  toggle: () => void;
}): React.JSX.Element {
  const { spec, place, context, isOpen } = props;
  const Part = spec.part;
  const id = `pr-section-${spec.id}`;
  const title = React.useRef<HTMLHeadingElement>(null);
  const content = React.useRef<HTMLDivElement>(null);
  // The titles of what is scrolled away stay at the edges: a click brings their sections back instead of closing them.
  const act = (): void => {
    if (isOpen && title.current && content.current && !isInView(title.current, content.current)) {
      content.current.scrollIntoView();
    } else {
      props.toggle();
    }
  };
  return (
    <section aria-labelledby={`${id}-title`}>
      <h3
        ref={title}
        className="jp-AccordionPanel-title pr-Section-title"
        style={{ top: place * TITLE_PX, bottom: (SECTIONS - 1 - place) * TITLE_PX }}
        onClick={act}
      >
        <button type="button" id={`${id}-title`} aria-expanded={isOpen} aria-controls={id}>
          <span aria-hidden="true">{isOpen ? '▾' : '▸'}</span> {spec.title}
          {spec.summary ? <span className="pr-Section-summary"> {spec.summary}</span> : null}
        </button>
        {spec.tool && context.model.current !== null ? (
          <span className="pr-Section-tool" onClick={event => event.stopPropagation()}>
            {spec.tool}
          </span>
        ) : null}
      </h3>
      <div
        ref={content}
        id={id}
        data-section={spec.id}
        hidden={!isOpen}
        style={{ scrollMarginTop: (place + 1) * TITLE_PX }}
      >
        {isOpen ? <Part context={context} /> : null}
      </div>
    </section>
  );
}

/** Whether the first line of a section is where it can be read, or its title has not left it. */
function isInView(title: HTMLElement, content: HTMLElement): boolean {
  const above = title.getBoundingClientRect();
  const below = content.getBoundingClientRect();
  return below.bottom > above.bottom && below.top < above.bottom + TITLE_PX;
}

function sectionsOf(context: ViewContext): ReadonlyArray<SectionSpec> {
  const { model, trans, run } = context;
  const current = model.current;
  const { all, done } = current === null ? { all: 0, done: 0 } : countCells(current.facts);
  const jobs = current?.jobs ?? [];
  const versions = current?.saved?.versions?.versions ?? [];
  const live = versions.find(version => version.live.length > 0);
  const waiting = model.health?.waiting.length ?? 0;
  return [
    {
      id: 'steps',
      title: trans.__('Steps'),
      part: Steps,
      summary: all > 0 ? trans.__('%1 of %2', done, all) : '',
      tool: (
        <Button kind="quiet" title={trans.__('Register the selected cell')} onClick={() => run('register-cell')}>
          {trans.__('+ this cell')}
        </Button>
      )
    },
    { id: 'captured', title: trans.__('Captured'), part: Captured, summary: '' },
    {
      id: 'replays',
      title: trans.__('Replay'),
      part: Replays,
      summary: jobs.some(isRunning) ? trans.__('running') : '',
      tool: (
        <Button kind="quiet" title={trans.__('Replay the notebook')} onClick={() => run('replay')}>
          {trans.__('▶ Replay')}
        </Button>
      )
    },
    {
      id: 'versions',
      title: trans.__('Versions'),
      part: Versions,
      summary: live ? trans.__('v%1 live', live.number) : versions.length > 0 ? String(versions.length) : ''
    },
    {
      id: 'health',
      title: trans.__('Health'),
      part: Health,
      summary: waiting > 0 ? trans._n('%1 waits', '%1 wait', waiting) : ''
    }
  ];
}
