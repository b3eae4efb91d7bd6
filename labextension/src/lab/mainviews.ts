/** Tables and comparisons in the main area, where there is room for them. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, ReactWidget } from '@jupyterlab/apputils';
import type * as React from 'react';
import { pressIcon } from '../icons.ts';

export class MainViews {
  constructor(app: JupyterFrontEnd) {
    this.#app = app;
  }

  /** Show a view, or the one with this id that is open already, drawn anew. */
  open(id: string, title: string, element: React.JSX.Element): void {
    const known = this.#open.get(id);
    if (known !== undefined && !known.isDisposed) {
      known.dispose();
    }
    const content = ReactWidget.create(element);
    content.addClass('pr-View');
    const widget = new MainAreaWidget({ content });
    widget.id = `pressrun-view-${id.replace(/[^\w-]/g, '_')}`;
    widget.title.label = title;
    widget.title.caption = title;
    widget.title.icon = pressIcon;
    widget.title.closable = true;
    this.#open.set(id, widget);
    widget.disposed.connect(() => {
      if (this.#open.get(id) === widget) {
        this.#open.delete(id);
      }
    });
    this.#app.shell.add(widget, 'main');
    this.#app.shell.activateById(widget.id);
  }

  readonly #app: JupyterFrontEnd;
  readonly #open = new Map<string, MainAreaWidget>();
}
