/** The open notebooks, each with its side of the model. */
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { UUID } from '@lumino/coreutils';
import type { NotebookModel } from '../model/notebook.ts';
import { digestText } from '../model/digest.ts';
import type { PanelModel } from '../model/panel.ts';
import { JupyterNotebook } from './opennotebook.ts';

const CLIENT_KEY = 'pressrun:client';

export class Notebooks {
  constructor(tracker: INotebookTracker, model: PanelModel) {
    this.#tracker = tracker;
    this.#model = model;
    this.#client = clientOfTab();
    tracker.widgetAdded.connect((_, panel) => this.#of(panel));
    tracker.currentChanged.connect(() => this.#follow());
    tracker.forEach(panel => this.#of(panel));
    this.#follow();
  }

  /** The notebook that the user looks at, or looked at last. */
  get current(): JupyterNotebook | null {
    const panel = this.#tracker.currentWidget;
    return panel === null ? null : this.#of(panel);
  }

  get currentModel(): NotebookModel | null {
    return this.#model.current;
  }

  /** An open notebook by its path. */
  at(path: string): JupyterNotebook | null {
    return [...this.#open.values()].find(notebook => notebook.path === path) ?? null;
  }

  /** Called for each notebook that is open, and that will be. */
  each(made: (notebook: JupyterNotebook, model: NotebookModel) => void): void {
    this.#made = made;
    for (const notebook of this.#open.values()) {
      made(notebook, this.#model.modelOf(notebook));
    }
  }

  #of(panel: NotebookPanel): JupyterNotebook {
    const known = this.#open.get(panel);
    if (known !== undefined) {
      return known;
    }
    const views = [...this.#open.values()].filter(other => other.path === panel.context.path).length;
    const place = digestText(`${panel.context.path}\n${views}`).slice(7, 23);
    const notebook = new JupyterNotebook(panel, `${this.#client}:${place}`);
    this.#open.set(panel, notebook);
    panel.disposed.connect(() => {
      this.#open.delete(panel);
      this.#model.forget(notebook);
    });
    this.#made?.(notebook, this.#model.modelOf(notebook));
    return notebook;
  }

  #follow(): void {
    this.#model.setCurrent(this.current);
  }

  readonly #tracker: INotebookTracker;
  readonly #model: PanelModel;
  readonly #client: string;
  readonly #open = new Map<NotebookPanel, JupyterNotebook>();
  #made: ((notebook: JupyterNotebook, model: NotebookModel) => void) | null = null;
}

/** A name for this tab that stays when it is reloaded, so that the kernel can replace the older comm of a notebook. */
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
