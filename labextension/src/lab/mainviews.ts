/** Tables and comparisons in the main area, where there is room for them. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Dialog, MainAreaWidget, ReactWidget } from '@jupyterlab/apputils';
import type * as React from 'react';
import { pressIcon } from '../icons.ts';
import type { Trans } from '../translated.ts';

export class MainViews {
  constructor(app: JupyterFrontEnd, trans: Trans) {
    this.#app = app;
    this.#trans = trans;
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
    if (widget.isAttached) {
      this.#app.shell.activateById(widget.id);
    } else {
      // Notebook 7 has room for its notebook alone.
      widget.dispose();
      this.#inDialog(title, element);
    }
  }

  #inDialog(title: string, element: React.JSX.Element): void {
    const body = ReactWidget.create(element);
    body.addClass('pr-View');
    const buttons = [Dialog.okButton({ label: this.#trans.__('Close') })];
    const dialog = new Dialog({ title, body, buttons });
    dialog.addClass('pr-mod-wide');
    void dialog.launch();
  }

  readonly #app: JupyterFrontEnd;
  readonly #trans: Trans;
  readonly #open = new Map<string, MainAreaWidget>();
}
