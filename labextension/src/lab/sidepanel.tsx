/** The panel in the side bar: header, five sections that open, footer. */
import type { ITranslator } from '@jupyterlab/translation';
import { PanelWithToolbar, ReactWidget, SidePanel, UseSignal } from '@jupyterlab/ui-components';
import { MessageLoop } from '@lumino/messaging';
import type { Message } from '@lumino/messaging';
import { AccordionPanel } from '@lumino/widgets';
import { Widget } from '@lumino/widgets';
import type { PanelLayout } from '@lumino/widgets';
import * as React from 'react';
import { h } from '../view/h.ts';
import { pressIcon } from '../icons.ts';
import { Captured } from '../view/captured.tsx';
import type { ViewContext } from '../view/context.ts';
import { Footer } from '../view/footer.tsx';
import { Header } from '../view/header.tsx';
import { Health } from '../view/health.tsx';
import { Button } from '../view/parts.tsx';
import { Replays } from '../view/replays.tsx';
import { Steps } from '../view/steps.tsx';
import { Versions } from '../view/versions.tsx';

/** Sections in their order; the last two are closed at first. */
export const SECTIONS = ['steps', 'captured', 'replays', 'versions', 'health'] as const;
export type SectionId = (typeof SECTIONS)[number];

type Part = (props: { context: ViewContext }) => React.JSX.Element;

export class PipelinePanel extends SidePanel {
  constructor(context: ViewContext, translator: ITranslator) {
    super({ translator });
    const { trans } = context;
    this.#context = context;
    this.id = 'pressrun-panel';
    this.addClass('pr-Panel');
    this.title.icon = pressIcon;
    this.title.caption = trans.__('Pipeline');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Pipeline'));
    this.header.addWidget(this.#part(Header));
    this.#addSection('steps', trans.__('Steps'), Steps, [
      <Button kind="quiet" title={trans.__('Register the selected cell')} onClick={() => context.run('register-cell')}>
        {trans.__('+ this cell')}
      </Button>
    ]);
    this.#addSection('captured', trans.__('Captured'), Captured, []);
    this.#addSection('replays', trans.__('Replay'), Replays, [
      <Button kind="quiet" title={trans.__('Replay the notebook')} onClick={() => context.run('replay')}>
        {trans.__('▶ Replay')}
      </Button>
    ]);
    this.#addSection('versions', trans.__('Versions'), Versions, []);
    this.#addSection('health', trans.__('Health'), Health, []);
    (this.layout as PanelLayout).addWidget(this.#part(Footer));
    this.#closeAtFirst();
    // The header and the footer grow and shrink with what they say; the sections have what is left.
    this.#observer = new ResizeObserver(() => {
      MessageLoop.postMessage(this.content, Widget.ResizeMessage.UnknownSize);
    });
    this.#observer.observe(this.content.node);
  }

  override dispose(): void {
    this.#observer.disconnect();
    super.dispose();
  }

  /** Open a section, close all that are not wanted. */
  showSection(id: SectionId): void {
    this.#accordion?.expand(SECTIONS.indexOf(id));
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.#context.model.isShown = true;
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this.#context.model.isShown = false;
  }

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    this.node.querySelector<HTMLElement>('.pr-Footer .pr-mod-primary')?.focus();
  }

  get #accordion(): AccordionPanel | null {
    return this.content instanceof AccordionPanel ? this.content : null;
  }

  #addSection(id: SectionId, title: string, part: Part, tools: ReadonlyArray<React.JSX.Element>): void {
    const section = new PanelWithToolbar();
    section.addClass('pr-Section');
    section.node.dataset['section'] = id;
    section.title.label = title;
    for (const [index, tool] of tools.entries()) {
      section.toolbar.addItem(`${id}-${index}`, ReactWidget.create(tool));
    }
    section.addWidget(this.#part(part));
    this.addWidget(section);
  }

  #part(part: Part): Widget {
    const context = this.#context;
    const Shown = part;
    return ReactWidget.create(
      <UseSignal signal={context.model.changed}>{() => <Shown context={context} />}</UseSignal>
    );
  }

  #closeAtFirst(): void {
    const accordion = this.#accordion;
    if (accordion === null) {
      return;
    }
    const health = SECTIONS.indexOf('health');
    accordion.collapse(SECTIONS.indexOf('versions'));
    accordion.collapse(health);
    accordion.setRelativeSizes([4, 2, 2, 0, 0]);
    accordion.expansionToggled.connect((_, index) => {
      if (index === health) {
        this.#context.model.isHealthWanted = !accordion.widgets[health]?.isHidden;
      }
    });
  }

  readonly #context: ViewContext;
  readonly #observer: ResizeObserver;
}
