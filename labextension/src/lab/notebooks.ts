/** The open notebooks, each with its side of the model. */
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { UUID } from '@lumino/coreutils';
import type { NotebookModel } from '../model/notebook.ts';
import type { PanelModel } from '../model/panel.ts';
import { JupyterNotebook } from './opennotebook.ts';

const CLIENT_KEY = 'pressrun:client';

export class Notebooks {
  constructor(tracker: INotebookTracker, model: PanelModel) {
    this._tracker = tracker;
    this._model = model;
    this._client = clientOfTab();
    tracker.widgetAdded.connect((_, panel) => this._of(panel));
    tracker.currentChanged.connect(() => this._follow());
    tracker.forEach(panel => this._of(panel));
    this._follow();
  }

  /** The notebook that the user looks at, or looked at last. */
  get current(): JupyterNotebook | null {
    const panel = this._tracker.currentWidget;
    return panel === null ? null : this._of(panel);
  }

  get currentModel(): NotebookModel | null {
    return this._model.current;
  }

  /** An open notebook by its path. */
  at(path: string): JupyterNotebook | null {
    return [...this._open.values()].find(notebook => notebook.path === path) ?? null;
  }

  /** Called for each notebook that is open, and that will be. */
  each(made: (notebook: JupyterNotebook, model: NotebookModel) => void): void {
    this._made = made;
    for (const notebook of this._open.values()) {
      made(notebook, this._model.modelOf(notebook));
    }
  }

  private _of(panel: NotebookPanel): JupyterNotebook {
    const known = this._open.get(panel);
    if (known !== undefined) {
      return known;
    }
    const notebook = new JupyterNotebook(panel, this._client);
    this._open.set(panel, notebook);
    panel.disposed.connect(() => {
      this._open.delete(panel);
      this._model.forget(notebook);
    });
    this._made?.(notebook, this._model.modelOf(notebook));
    return notebook;
  }

  private _follow(): void {
    this._model.setCurrent(this.current);
  }

  private readonly _tracker: INotebookTracker;
  private readonly _model: PanelModel;
  private readonly _client: string;
  private readonly _open = new Map<NotebookPanel, JupyterNotebook>();
  private _made: ((notebook: JupyterNotebook, model: NotebookModel) => void) | null = null;
}

/** A name for this tab that stays when it is reloaded, so that the kernel can replace its older comm. */
function clientOfTab(): string {
  try {
    const known = sessionStorage.getItem(CLIENT_KEY);
    if (known) {
      return known;
    }
    const made = UUID.uuid4();
    sessionStorage.setItem(CLIENT_KEY, made);
    return made;
  } catch {
    // A browser that keeps nothing for this site: each load is a tab of its own.
    return UUID.uuid4();
  }
}
