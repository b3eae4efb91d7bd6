/** The panel in the side bar: header, sections, footer. */
import type { ITranslator } from '@jupyterlab/translation';
import { ReactWidget, SidePanel, UseSignal } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import { Panel } from '@lumino/widgets';
import type { PanelLayout } from '@lumino/widgets';
import type * as React from 'react';
import { pressIcon } from '../icons.ts';
import type { ViewContext } from '../view/context.ts';
import { Footer } from '../view/footer.tsx';
import { h } from '../view/h.ts';
import { Header } from '../view/header.tsx';
import { Sections } from '../view/sections.tsx';

type Part = (props: { context: ViewContext }) => React.JSX.Element;

export class PipelinePanel extends SidePanel {
  constructor(context: ViewContext, translator: ITranslator) {
    super({ translator, content: new Panel() });
    const { trans } = context;
    this.#context = context;
    this.id = 'pressrun-panel';
    this.addClass('pr-Panel');
    this.title.icon = pressIcon;
    this.title.caption = trans.__('Pipeline');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Pipeline'));
    this.content.node.removeAttribute('role');
    this.content.node.removeAttribute('aria-label');
    this.header.addWidget(this.#part(Header));
    this.content.addWidget(this.#part(Sections));
    (this.layout as PanelLayout).addWidget(this.#part(Footer));
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

  #part(part: Part): ReactWidget {
    const context = this.#context;
    const Shown = part;
    return ReactWidget.create(
      <UseSignal signal={context.model.changed}>{() => <Shown context={context} />}</UseSignal>
    );
  }

  readonly #context: ViewContext;
}
